"""Counts beside earlier runs and beside a base: facts where nothing varies, estimates where something does."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_arms, make_budget, make_endpoint, make_past_run, make_run

from perfgate.gate import choose_baseline, judge
from perfgate.measure.counted import counted, with_memory
from perfgate.measure.precision import Clock
from perfgate.model.budget_file import GatePolicy
from perfgate.model.metric import METRICS, MeasuringPoint
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Generator, LoadTest, Run
from perfgate.model.verdict import Finding
from perfgate.recording.windows import Window

SECONDS, EACH = 30, 10
CLOCK = Clock(width=1, duration=float(SECONDS))


def told(metric: str, values: np.ndarray) -> EndpointResult:
    """What measuring makes of answers that say these values: (SECONDS, EACH)."""
    parts, whole = {}, Window()
    for second, row in enumerate(values):
        window = parts[second] = Window()
        window.successes = len(row)
        for value in row:
            window.count(metric, float(value))
        whole.merge(window)
    return counted(make_endpoint(requests=SECONDS * EACH), whole, parts, CLOCK)


def always(value: float) -> np.ndarray:
    return np.full((SECONDS, EACH), value)


def judged(metric: str, limit: str, *values: np.ndarray) -> Finding:
    """The last run beside the earlier ones."""
    runs = [make_run(number + 1, endpoints=[told(metric, item)]) for number, item in enumerate(values)]
    past = [make_past_run(run=run) for run in reversed(runs[:-1])]
    policy = GatePolicy()
    baseline = choose_baseline(runs[-1], past, policy.baseline)
    return judge([make_budget(metric=metric, fail=limit)], runs[-1], baseline, policy).findings[0]


def beside(metric: str, limit: str, base: np.ndarray, head: np.ndarray) -> Finding:
    run = make_run(endpoints=[told(metric, head)], arms=make_arms(told(metric, base)))
    policy = GatePolicy()
    baseline = choose_baseline(run, [], policy.baseline)
    return judge([make_budget(metric=metric, fail=limit)], run, baseline, policy).findings[0]


@pytest.mark.parametrize(
    ("limit", "before", "now", "outcome", "words"),
    [
        ("+0", 3, 4, Outcome.FAIL, "queries 3 to 4, +1, over the limit of +0."),
        ("+0", 3, 3, Outcome.PASS, "queries 3 as before, within the limit of +0."),
        ("+0", 4, 3, Outcome.IMPROVED, "queries 4 to 3, -1, an improvement."),
        ("+1", 3, 4, Outcome.PASS, "queries 3 to 4, +1, within the limit of +1."),
        ("+1", 3, 5, Outcome.FAIL, "queries 3 to 5, +2, over the limit of +1."),
        ("+10%", 100, 109, Outcome.PASS, "queries 100 to 109, +9 %, within the limit of +10%."),
        ("+0", 0, 1, Outcome.FAIL, "queries 0 to 1, +1, over the limit of +0."),
        ("3 +0", 3, 4, Outcome.FAIL, "queries 3 to 4, +1, over the limit of +0; over the limit of 3."),
    ],
)
def test_a_fact_is_judged_to_the_digit_by_one_earlier_run(limit, before, now, outcome, words):
    finding = judged("queries", limit, always(before), always(now))

    assert finding.outcome is outcome
    assert finding.sentence.endswith(words)
    assert beside("queries", limit, always(before), always(now)).outcome is outcome


@pytest.mark.parametrize(
    ("metric", "limit", "value", "outcome"),
    [
        ("queries", "3", 3, Outcome.PASS),
        ("queries", "3", 4, Outcome.FAIL),
        ("queries", "0", 0, Outcome.PASS),
        ("rows", "50", 50.5, Outcome.FAIL),
        ("cache_hits", "90%", 0.95, Outcome.PASS),
        ("cache_hits", "90%", 0.89, Outcome.FAIL),
        ("compressed", "100%", 1, Outcome.PASS),
        ("compressed", "100%", 0.99, Outcome.FAIL),
        ("cpu", "5ms", 0.0051, Outcome.FAIL),
    ],
)
def test_a_fixed_limit_needs_no_baseline(metric, limit, value, outcome):
    assert judged(metric, limit, always(value)).outcome is outcome


def test_what_falls_is_the_worsening_of_a_share():
    finding = judged("cache_hits", "-5pp", *[always(0.9)] * 5, always(0.8))

    assert finding.outcome is Outcome.FAIL
    assert "cache_hits 90 to 80 %, -10 pp" in finding.sentence
    assert judged("cache_hits", "-5pp", *[always(0.9)] * 4, always(0.8)).outcome is Outcome.NO_BASELINE


@pytest.mark.parametrize("beside_base", [False, True])
def test_queries_that_vary_by_chance_fail_in_one_run_of_a_hundred_at_most(beside_base: bool):
    """Of 150 runs of which 1 % fail, more than 4 fail once in fifty such tests."""
    outcomes = []
    for seed in range(150):
        random = np.random.default_rng(seed)
        draws = [random.poisson(12, (SECONDS, EACH)) for _ in range(2 if beside_base else 6)]
        compare = beside if beside_base else judged
        outcomes.append(compare("queries", "+1%", *draws).outcome)
    assert outcomes.count(Outcome.FAIL) <= 4


def test_queries_that_vary_and_grew_are_seen():
    random = np.random.default_rng(1)
    draws = [random.poisson(12, (SECONDS, EACH)) for _ in range(5)]

    assert judged("queries", "+5%", *draws, random.poisson(14, (SECONDS, EACH))).outcome is Outcome.FAIL


def test_too_few_answers_tell_nothing():
    window = Window()
    window.successes = 100
    window.count("queries", 30.0, answers=10)
    window.count("cache_hits", 5.0, answers=10)

    result = counted(make_endpoint(), window, {0: window}, CLOCK)

    assert "queries" not in result.metrics
    assert result.metrics["cache_hits"] == 0.5


def test_a_count_that_nothing_tells_says_what_to_install():
    run = make_run(endpoints=[make_endpoint()])
    policy = GatePolicy()
    for metric in (name for name, known in METRICS.items() if known.place is MeasuringPoint.WORK):
        limit = {"cache_hits": "90%", "compressed": "90%", "cpu": "1ms", "memory_growth": "1MB"}.get(metric, "3")
        [finding] = judge(
            [make_budget(metric=metric, fail=limit)], run, choose_baseline(run, [], policy.baseline), policy
        ).findings

        assert finding.outcome is Outcome.NO_DATA
        assert f"{metric}: not measured, so it cannot be judged; {METRICS[metric].needs}." in finding.sentence


def memory(*, per_second: float, noise: float = 0.0, requests: int = 300) -> Run | EndpointResult:
    random = np.random.default_rng(3)
    samples = tuple(
        (at / 5, int(80e6 + per_second * at / 5 + noise * random.standard_normal())) for at in range(5 * SECONDS)
    )
    load_test = LoadTest(
        folder=None,  # type: ignore[arg-type]
        windows=None,  # type: ignore[arg-type]
        started="",
        duration=float(SECONDS),
        generator=Generator(),
        memory={"": (samples,)},
    )
    [result] = with_memory([make_endpoint(requests=requests)], load_test, "")
    return result


def test_memory_growth_is_per_thousand_requests_with_its_interval():
    result = memory(per_second=100_000, noise=50_000)

    assert result.metrics["memory_growth"] == pytest.approx(10e6, rel=0.02)
    low, high = result.intervals["memory_growth"]
    assert low < 10e6 < high < 12e6


def test_memory_that_stays_does_not_grow():
    result = memory(per_second=0)

    assert result.metrics["memory_growth"] == 0
    assert result.intervals["memory_growth"] == (0, 0)
