"""Calibration by runs whose noise is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from math import exp, expm1
from random import Random

import pytest
from builders import make_endpoint, make_run

from perfgate import gate
from perfgate.gate.calibration import calibrating, proposing, suites
from perfgate.gate.calibration.suites import upper_bound
from perfgate.gate.history.historical import ChangeTest
from perfgate.model.budget_file import Floor, GatePolicy
from perfgate.model.calibration import Calibration, Noise, Reach
from perfgate.model.outcome import Outcome
from perfgate.model.run import Arm, Generator, PastRun, Probe, Run

NAMES = ("cart", "home", "list", "pay", "search")
COMMON, OWN, CHANCE = 0.20, 0.04, 0.02  # standard deviations of logarithms
BASE = 0.100


def runs(number: int = 24, names: tuple[str, ...] = NAMES) -> list[Run]:
    chance = Random(1)
    return [one_run(at, chance.gauss(0, COMMON), chance, names) for at in range(1, number + 1)]


def one_run(at: int, moved: float, chance: Random, names: tuple[str, ...]) -> Run:
    """The probe sees what is common to all, the pressure something else."""
    ends = []
    for name in names:
        p95 = BASE * exp(moved + chance.gauss(0, OWN))
        interval = (p95 * exp(-1.96 * CHANCE), p95 * exp(1.96 * CHANCE))
        body = {"p50": (interval[0] / 2, interval[1] / 2), "p95": interval}
        effects = {"p50": 1.0, "p95": 2.5}
        ends.append(
            replace(
                make_endpoint(name, p95=p95),
                intervals=body,
                design_effects=effects,
                metrics={"p50": p95 / 2, "p95": p95},
            )
        )
    probe = Probe(samples=600, p50=0.001 * exp(moved), p95=0.002 * exp(chance.gauss(0, 1)), workload="1")
    return make_run(at, endpoints=ends, probe=probe, generator=Generator(cpu_pressure=chance.random()))


def pairs(number: int) -> Iterator[Run]:
    """A/B runs of two equal services, with 1,000 requests per endpoint and arm."""
    ends = tuple(make_endpoint(name, p95=BASE) for name in NAMES)
    arms = (Arm(name="base", target="a", endpoints=ends), Arm(name="head", target="b"))
    yield from (make_run(100 + at, endpoints=ends, arms=arms) for at in range(1, number + 1))


@cache
def calibrated() -> Calibration:
    return gate.calibrate(runs(), list(pairs(4)), GatePolicy())


def noise(endpoint: str, metric: str = "p95") -> Noise:
    return next(one for one in calibrated().noise if (one.endpoint, one.metric) == (endpoint, metric))


def test_the_noise_is_told_apart():
    for name in NAMES:
        found = noise(name)
        assert found.between == pytest.approx(COMMON, rel=0.4)
        assert found.own == pytest.approx(OWN, rel=0.5)
        assert found.sampling == pytest.approx(CHANCE, rel=0.01)
        assert found.design_effect == 2.5
        assert found.requests == 1000


def test_what_is_found_is_between_the_own_noise_and_all_of_it():
    [now, *longer] = noise("cart").reaches

    assert now.duration == 30
    assert expm1(3 * OWN) < now.history < expm1(3 * COMMON)
    assert now.history > longer[0].history > longer[-1].history
    assert longer[-1].history > 0.6 * now.history  # most of the noise is between the runs: time does not help


def test_beside_a_base_time_helps_down_to_the_margin():
    [now, _, _, ten] = noise("cart").reaches

    assert ten.duration == 300
    assert 0.03 < ten.base < 0.5 * now.base
    assert (ten.base - 0.03) == pytest.approx((now.base - 0.03) / 10**0.5, rel=0.1)


def test_without_pairs_there_is_the_history_only():
    found = gate.calibrate(runs(6), [], GatePolicy())

    assert found.proposal.mode == "history"
    assert all(reach.base is None for one in found.noise for reach in one.reaches)
    assert [one.mode for one in found.alarms] == ["history"]


def test_unchanged_runs_raise_no_alarm_and_the_bound_counts_runs_not_judgings():
    history, base = calibrated().alarms

    assert (history.alarms, base.alarms) == (0, 0)
    assert history.suites == 24 + 24 * 2
    assert history.runs == 24
    assert history.bound == pytest.approx(1 - 0.05 ** (1 / 24))
    assert base.bound == pytest.approx(1 - 0.05 ** (1 / 4))
    assert base.passed > 0


def test_an_alarm_is_counted():
    earlier = [PastRun(run=run, outcome=Outcome.PASS) for run in runs(8)]
    odd = one_run(99, 0.0, Random(5), NAMES)
    known = {"p50": (0.144, 0.156), "p95": (0.288, 0.312)}
    slow = replace(odd.endpoints[0], metrics={"p50": 0.15, "p95": 0.3}, intervals=known)
    keys = [(name, metric) for name in NAMES for metric in calibrating.CALIBRATED_METRICS]
    asked = {key: ChangeTest(limit=0.1, alpha=0.001) for key in keys}
    judged = [
        suites.judge_beside(PastRun(run=run, outcome=Outcome.PASS), earlier, asked)
        for run in (odd, replace(odd, endpoints=(slow, *odd.endpoints[1:])))
    ]

    found = suites.count_alarms("history", judged, dict.fromkeys(keys, 0.1), 9)

    assert (found.suites, found.alarms, found.findings) == (2, 1, 20)
    assert found.bound == upper_bound(1, 9)


def test_few_runs_are_judged_all_the_same_and_it_is_said():
    found = gate.calibrate(runs(3), [], GatePolicy())

    assert found.alarms[0].suites == 3
    assert found.notes[0] == "The gate asks for 5 earlier runs; here each was judged by 2. Use --runs 6. [PG-C014]"


def test_with_two_endpoints_nothing_is_common():
    found = gate.calibrate(runs(6, ("a", "b")), [], GatePolicy())

    assert [one.own for one in found.noise] == [None] * 4


def test_what_moves_with_the_endpoints_is_found():
    found = {one.by: one.correlation for one in calibrated().explained}

    assert found["probe p50"] > 0.9
    assert abs(found["probe p95"]) < 0.6
    assert abs(found["cpu pressure"]) < 0.6


def test_an_endpoint_that_some_run_does_not_know_is_left_out():
    some = runs(4)
    some[2] = replace(some[2], endpoints=some[2].endpoints[1:])

    found = gate.calibrate(some, [], GatePolicy())

    assert {one.endpoint for one in found.noise} == set(NAMES[1:])


@pytest.mark.parametrize(("alarms", "number", "bound"), [(0, 299, 0.01), (0, 10, 0.2589), (1, 10, 0.3942), (5, 5, 1.0)])
def test_the_bound_is_exact(alarms: int, number: int, bound: float):
    assert upper_bound(alarms, number) == pytest.approx(bound, abs=1e-4)


def quiet(name: str, *found: float, metric: str = "p95", level: float = 0.1) -> Noise:
    reaches = tuple(Reach(duration=30.0 * times, history=one) for times, one in zip((1, 2, 5, 10), found, strict=False))
    return Noise(
        endpoint=name,
        metric=metric,
        level=level,
        requests=1000,
        between=0.1,
        own=None,
        sampling=None,
        design_effect=None,
        reaches=reaches,
    )


@pytest.mark.parametrize(
    ("found", "duration", "limit"),
    [
        ((0.08, 0.06, 0.05, 0.04), 30, 0.10),
        ((0.14, 0.098, 0.07, 0.06), 60, 0.10),
        ((0.60, 0.42, 0.27, 0.19), 300, 0.20),
        ((0.60, 0.58, 0.57, 0.56), 30, 0.75),
        ((6.0, 5.9, 5.8, 5.7), 30, 5.0),
    ],
)
def test_the_shortest_run_that_is_worth_it(found: tuple[float, ...], duration: float, limit: float):
    proposal = proposing.propose([quiet("a", *found), quiet("b", *found)], 30.0, 0.0)

    assert (proposal.duration, proposal.limits) == (duration, {"p95": limit})
    assert proposal.overrides == {}


def test_one_that_varies_more_gets_a_limit_of_its_own():
    noises = [quiet(name, 0.08, 0.07, 0.06, 0.05) for name in "abc"] + [quiet("slow", 0.33, 0.3, 0.3, 0.3)]

    proposal = proposing.propose(noises, 30.0, 0.0)

    assert proposal.overrides == {"slow": {"p95": 0.40}}
    assert proposing.limits_of(proposal, [("a", "p95"), ("slow", "p95")]) == {("a", "p95"): 0.1, ("slow", "p95"): 0.4}


@pytest.mark.parametrize(("level", "floor"), [(0.1, None), (0.0024, 0.0002), (0.00914, 0.0009)])
def test_a_floor_that_would_hide_the_limits_is_lowered(level: float, floor: float | None):
    proposal = proposing.propose([quiet("a", 0.08, 0.08, 0.08, 0.08, level=level)], 30.0, Floor.time)

    assert proposal.floor == (None if floor is None else pytest.approx(floor))
