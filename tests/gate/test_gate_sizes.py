"""Budgets on sizes beside the history: what varies by chance is no growth, and what grew is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_budget, make_endpoint, make_past_run, make_run

from perfgate.gate import choose_baseline, judge
from perfgate.measure import precision
from perfgate.model.budget_file import GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.model.verdict import Finding
from perfgate.recording.windows import Window

SECONDS, EACH = 30, 10
ENDPOINT = make_endpoint(requests=SECONDS * EACH)
NANOSECONDS = 100_000_000


def make_sized_run(number: int, bodies: np.ndarray, unpacked: float = 1.0) -> Run:
    """With the interval that measuring gives to these sizes (SECONDS, EACH)."""
    parts = {}
    for second, sizes in enumerate(bodies):
        window = parts[second] = Window()
        window.successes, window.bytes = len(sizes), round(float(sizes.sum()))
        for _ in sizes:
            window.latency.add(NANOSECONDS)
    size = sum(window.bytes for window in parts.values()) / bodies.size
    result = replace(ENDPOINT, metrics={"size": size, "decoded_size": unpacked * size})
    return make_run(
        number, endpoints=[precision.precise(result, parts, precision.Clock(width=1, duration=float(SECONDS)))]
    )


def judged(runs: list[Run], limit: str = "+5%", metric: str = "size") -> Finding:
    past = [make_past_run(run=run) for run in reversed(runs[:-1])]
    policy = GatePolicy()
    budgets = [make_budget(metric=metric, fail=limit)]
    return judge(budgets, runs[-1], choose_baseline(runs[-1], past, policy.baseline), policy).findings[0]


def simulated(seed: int, sigma: float, growth: float = 1.0, metric: str = "size") -> Outcome:
    random = np.random.default_rng(seed)
    bodies = [random.lognormal(9, sigma, (SECONDS, EACH)) for _ in range(6)]
    bodies[-1] *= growth
    runs = [make_sized_run(number + 1, sizes, unpacked=3.0) for number, sizes in enumerate(bodies)]
    return judged(runs, metric=metric).outcome


@pytest.mark.parametrize("metric", ["size", "decoded_size"])
@pytest.mark.parametrize("sigma", [0.5, 1.5])
def test_unchanged_bodies_fail_in_one_run_of_a_hundred_at_most(metric: str, sigma: float):
    """Of 150 runs of which 1 % fail, more than 4 fail once in fifty such tests."""
    outcomes = [simulated(seed, sigma, metric=metric) for seed in range(150)]
    assert outcomes.count(Outcome.FAIL) <= 4


@pytest.mark.parametrize("metric", ["size", "decoded_size"])
def test_grown_bodies_are_seen(metric: str):
    """By a half, where the mean of one run is known to 3 %."""
    outcomes = [simulated(seed, 0.5, growth=1.5, metric=metric) for seed in range(40)]
    assert outcomes.count(Outcome.FAIL) >= 38


def test_bodies_that_never_vary_are_a_fact():
    fixed = [make_sized_run(number, np.full((SECONDS, EACH), 1000.0)) for number in range(1, 6)]
    same = judged([*fixed, make_sized_run(100, np.full((SECONDS, EACH), 1000.0))])
    larger = judged([*fixed, make_sized_run(100, np.full((SECONDS, EACH), 1060.0))])
    below = judged([*fixed, make_sized_run(100, np.full((SECONDS, EACH), 1040.0))])
    assert [one.outcome for one in (same, larger, below)] == [Outcome.PASS, Outcome.FAIL, Outcome.PASS]


def test_runs_without_intervals_are_known_by_how_far_they_lie_apart():
    """A recording's sizes have no interval."""
    sizes = [900.0, 1100.0, 950.0, 1050.0, 1000.0]
    runs = [
        make_run(number, endpoints=[replace(ENDPOINT, metrics={"size": size})])
        for number, size in enumerate([*sizes, 1080.0], start=1)
    ]
    assert judged(runs).outcome is not Outcome.FAIL
    doubled = make_run(100, endpoints=[replace(ENDPOINT, metrics={"size": 2000.0})])
    assert judged([*runs[:-1], doubled]).outcome is Outcome.FAIL


@pytest.mark.parametrize(("size", "outcome"), [(900.0, Outcome.PASS), (1100.0, Outcome.FAIL)])
def test_beside_bodies_that_were_empty_a_limit_in_bytes_counts(size: float, outcome: Outcome):
    empty = [make_run(number, endpoints=[replace(ENDPOINT, metrics={"size": 0.0})]) for number in range(1, 6)]
    now = make_run(100, endpoints=[replace(ENDPOINT, metrics={"size": size})])
    finding = judged([*empty, now], "+1kB")
    assert finding.outcome is outcome
    assert "nan" not in finding.sentence
