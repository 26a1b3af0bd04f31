"""Histories that tell little: one run, one endpoint, equal values, missing series. No number leaves the gate that is
none, and nothing that has a baseline goes unjudged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_arms, make_budget, make_endpoint, make_past_run, make_run
from gate import any_case

from perfgate.gate import choose_baseline, judge
from perfgate.gate.history.prediction import Past, moderated, predict
from perfgate.model.budget_file import BaselinePolicy, GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.recording import histogram


def verdict_of(
    run: Run, past: list[PastRun], policy: GatePolicy, metrics: tuple[str, ...] = ("p95", "errors")
) -> Verdict:
    names = {one.name for one in run.endpoints}
    limits = {"errors": "+0.5pp"}
    budgets = [make_budget(name, metric, limits.get(metric, "+10%")) for name in sorted(names) for metric in metrics]
    return judge(budgets, run, choose_baseline(run, past[::-1], policy.baseline), policy)


def test_a_new_endpoint_switches_nothing_off():
    """A has eight runs, B was added one run ago and fails its own limit ever since: A's regression is still seen."""
    past = [make_past_run(number, endpoints=[make_endpoint("A", p95=0.1)]) for number in range(1, 9)]
    past.append(make_past_run(9, endpoints=[make_endpoint("A", p95=0.1), make_endpoint("B", p95=0.3)]))
    run = make_run(100, endpoints=[make_endpoint("A", p95=1.0), make_endpoint("B", p95=0.3)])

    for fewest in (1, 5):
        policy = GatePolicy(baseline=BaselinePolicy(min_runs=fewest))
        found = {(one.endpoint, one.metric): one.outcome for one in verdict_of(run, past, policy).findings}
        assert found["A", "p95"] is Outcome.FAIL


@pytest.mark.parametrize(
    ("variances", "freedom"), [([0.01, 0.0], [7.0, 0.0]), ([0.0], [0.0]), ([0.0, 0.0], [1.0, 0.0]), ([0.2], [0.5])]
)
def test_where_there_is_nothing_to_learn_from_the_prior_is_a_proper_one(variances: list[float], freedom: list[float]):
    pooled, df = moderated(np.array(variances), np.array(freedom), np.zeros(len(freedom)))

    assert (pooled > 0).all()
    assert (df >= 1).all()
    assert np.isfinite(pooled).all()


def test_a_series_without_runs_has_no_prediction_and_spoils_no_other():
    values = np.array([[0.0, np.nan], [0.1, np.nan]])
    past = Past(values=values, level=np.zeros(values.shape, dtype=np.int64), sampling=np.zeros(2))
    made = predict(np.array([0.0, 0.0]), past, np.zeros(2), np.zeros(values.shape), slope_sd=0.0)

    assert np.isfinite(made.change).tolist() == [True, False]


@pytest.mark.parametrize("first", range(0, 600, 100))
def test_whatever_the_history_and_the_run_every_number_is_one(first: int):
    """And every relative budget that has something to compare with is compared."""
    found = {number: list(any_case.faults(any_case.case(number))) for number in range(first, first + 100)}
    assert not {number: faults for number, faults in found.items() if faults}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_cases():
    found = {number: list(any_case.faults(any_case.case(number))) for number in range(100_000)}
    assert not {number: faults for number, faults in found.items() if faults}


def test_an_arm_that_got_no_requests_has_no_rate_to_compare():
    """A foreign run may tell a rate all the same."""
    base = replace(make_endpoint(requests=0), metrics={"rate": 0.0})
    run = make_run(100, endpoints=[make_endpoint()], arms=make_arms(base))
    finding = judge(
        [make_budget(metric="rate", fail="-10%")], run, choose_baseline(run, [], BaselinePolicy()), GatePolicy()
    )
    assert finding.findings[0].outcome is Outcome.NO_BASELINE


@pytest.mark.parametrize(("p50", "outcome"), [(0.001, Outcome.PASS), (0.02, Outcome.FAIL)])
def test_a_base_of_zero_milliseconds_is_compared_by_the_difference(p50: float, outcome: Outcome):
    """Recordings in whole milliseconds have many a median of 0."""
    base, head = (
        make_endpoint(latency=histogram.of([value] * 500), metrics={"p50": value}, requests=500) for value in (0.0, p50)
    )
    run = make_run(100, endpoints=[head], arms=make_arms(base))
    made = judge(
        [make_budget(metric="p50", fail="+5ms")], run, choose_baseline(run, [], BaselinePolicy()), GatePolicy()
    )
    assert made.findings[0].outcome is outcome
    assert "nan" not in made.findings[0].sentence


@pytest.mark.parametrize(("requests", "outcome"), [(200, Outcome.FAIL), (3, Outcome.INCONCLUSIVE)])
def test_a_head_that_answers_nothing_is_no_new_endpoint(requests: int, outcome: Outcome):
    """The only budget is relative, and on the rate."""
    head = replace(make_endpoint(requests=requests, failures=requests), metrics={"rate": 0.0, "errors": 1.0})
    run = make_run(100, endpoints=[head], arms=make_arms(make_endpoint(requests=requests)))
    made = judge(
        [make_budget(metric="rate", fail="-10%")], run, choose_baseline(run, [], BaselinePolicy()), GatePolicy()
    )
    assert made.findings[0].outcome is outcome
