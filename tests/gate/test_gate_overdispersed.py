from __future__ import annotations

import numpy as np
import pytest
from builders import make_endpoint, make_past_run, make_run
from scipy import stats

from perfgate.gate.history.historical import ChangeTest
from perfgate.gate.history.overdispersed import Bunching, Counts, bunching, compare, comparison, correlation
from perfgate.model.verdict import Baseline

ASKED = ChangeTest(limit=0.005, alpha=0.001)


def counts(*failures: int, requests: int = 1000) -> list[Counts]:
    return [Counts(failures=number, requests=requests) for number in failures]


def drawn(random: np.random.Generator, share: float, within: float, size: int, requests: int = 1000) -> list[Counts]:
    shares = random.beta(share * (1 / within - 1), (1 - share) * (1 / within - 1), size) if within else share
    return counts(*random.binomial(requests, np.broadcast_to(shares, size)).tolist(), requests=requests)


@pytest.mark.parametrize("within", [0.0, 0.002, 0.01, 0.02])
def test_the_correlation_is_an_upper_bound_of_the_true_one(within: float):
    random = np.random.default_rng(1)

    found = [correlation(drawn(random, 0.02, within, 10) for _ in range(10)) for _ in range(100)]

    assert np.mean([one >= within for one in found]) > 0.7
    assert np.median(found) < 2 * within + 0.0005


def test_nothing_to_learn_a_correlation_from():
    assert correlation([]) == 0
    assert correlation([counts(3)]) == 0
    assert correlation([counts(0, 0, 0, 0)]) == 0
    assert correlation([counts(0, 0, requests=0)]) == 0


def test_without_correlation_the_prediction_is_nearly_binomial():
    found = compare(Counts(failures=24, requests=1000), counts(*[10] * 200), Bunching(within=0.0), ASKED)

    assert found.p_worse == pytest.approx(stats.binom.sf(23, 1000, 0.01), rel=0.15)


def test_runs_that_flap_need_more_to_alarm():
    steady, flapping = counts(9, 10, 11, 10, 10), counts(0, 25, 1, 24, 0)
    now = Counts(failures=30, requests=1000)

    assert compare(now, steady, Bunching(within=0.0), ASKED).p_worse < 1e-4
    assert compare(now, flapping, bunching([flapping]), ASKED).p_worse > 0.05


def test_a_difference_with_its_interval():
    found = compare(Counts(failures=40, requests=1000), counts(10, 10, 10, 10), Bunching(within=0.001), ASKED)

    assert found.is_difference
    assert (found.measured, found.baseline, found.runs) == (0.04, 0.01, 4)
    assert found.change == pytest.approx(0.03)
    assert 0 < found.interval[0] < 0.03 < found.bound < found.interval[1]


def test_no_failures_so_far():
    quiet = counts(*[0] * 10)

    assert compare(Counts(failures=1, requests=1000), quiet, Bunching(within=0.0), ASKED).p_worse > 0.01
    assert compare(Counts(failures=20, requests=1000), quiet, Bunching(within=0.0), ASKED).p_worse < 1e-6
    assert compare(Counts(failures=0, requests=1000), quiet, Bunching(within=0.0), ASKED).bound < 0.005


def test_fewer_failures_are_better():
    found = compare(Counts(failures=0, requests=1000), counts(*[20] * 10), Bunching(within=0.0), ASKED)

    assert found.p_better < 1e-6
    assert found.p_worse == pytest.approx(1)


@pytest.mark.parametrize("within", [0.0, 0.003])
def test_false_alarms_and_wrong_passes_are_rare(within: float):
    random = np.random.default_rng(2)
    alarms = wrong = 0
    for _ in range(300):
        series = [drawn(random, 0.01, within, 8) for _ in range(5)]
        known = bunching(series)
        (same,), (risen,) = drawn(random, 0.01, within, 1), drawn(random, 0.015, within, 1)
        alarms += compare(same, series[0], known, ASKED).p_worse < 0.01
        wrong += compare(risen, series[0], known, ASKED).bound < 0.005

    assert alarms / 300 <= 0.03
    assert wrong / 300 <= 0.05 + 0.02


def test_the_cure_is_more_requests_where_they_help():
    some = compare(
        Counts(failures=10, requests=1000), counts(*[100] * 10, requests=10_000), Bunching(within=0.0), ASKED, 30.0
    )
    assert some.cure.startswith("about ")
    assert some.cure.endswith("at this rate), or `--base-ref`, would show it")

    flapping = compare(
        Counts(failures=10, requests=1000), counts(*[100] * 10, requests=10_000), Bunching(within=0.05), ASKED, 30.0
    )
    assert flapping.cure == "`--base-ref` would show it"


def test_from_a_run_and_its_baseline():
    past = tuple(
        make_past_run(number, run=make_run(number, endpoints=[make_endpoint("search", failures=10)]))
        for number in range(1, 7)
    )
    run = make_run(9, endpoints=[make_endpoint("search", failures=60), make_endpoint("home")])
    baseline = Baseline(branch="main", min_runs=5, runs={("search", "errors"): past})

    found = comparison(run, baseline, {("search", "errors"): ASKED, ("home", "errors"): ASKED})

    assert set(found) == {("search", "errors")}
    assert found["search", "errors"].change == pytest.approx(0.05)
    assert found["search", "errors"].p_worse < 0.001
    assert found["search", "errors"].runs == 6


def test_no_requests_no_evidence():
    assert compare(Counts(failures=0, requests=0), counts(1, 2), Bunching(within=0.0), ASKED) is None
    assert compare(Counts(failures=0, requests=10), [], Bunching(within=0.0), ASKED) is None


def test_a_bad_run_now_and_then_is_no_alarm():
    """One run in ten is restless. By one correlation for all runs a share of 1 % of such runs seems impossible."""
    random = np.random.default_rng(5)
    alarms = {"one": 0, "mixed": 0}
    for _ in range(60):
        restless = np.where(random.random((10, 11)) < 0.1, 0.02, 1e-7)
        failures = random.binomial(1000, random.beta(0.01 * (1 / restless - 1), 0.99 * (1 / restless - 1)))
        series = [counts(*map(int, one[1:])) for one in failures]
        together = bunching(series)
        for now, past in zip(failures[:, 0], series, strict=True):
            run = Counts(failures=int(now), requests=1000)
            alarms["one"] += compare(run, past, Bunching(within=together.within), ASKED).p_worse < 0.001
            alarms["mixed"] += compare(run, past, together, ASKED).p_worse < 0.001
    assert alarms["mixed"] <= 2 < alarms["one"]
