"""Histories that tell little: one run, one endpoint, equal values, missing series. No number leaves the gate that is
none, and nothing that has a baseline goes unjudged."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import numpy as np
import pytest
from builders import make_budget, make_endpoint, make_past_run, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate.gate import choose_baseline, judge
from perfgate.gate.prediction import Past, moderated, predict
from perfgate.model.budget_file import BaselinePolicy, GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Probe, Run
from perfgate.model.verdict import Verdict

NUMBERS = ("measured", "baseline", "change", "own_change", "bound", "p_value", "more", "detectable")


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


@st.composite
def histories(draw: st.DrawFn) -> tuple[Run, list[PastRun], GatePolicy]:
    names = [f"e{number}" for number in range(draw(st.integers(1, 5)))]
    seconds = st.sampled_from([1e-6, 0.001, 0.1, 0.1, 0.1, 0.11, 5.0])
    requests = st.sampled_from([1, 2, 5, 30, 200])

    def made(number: int) -> Run:
        here = draw(st.lists(st.sampled_from(names), min_size=1, unique=True)) if number < 100 else names
        ends = []
        for name in here:
            count = draw(requests)
            end = make_endpoint(
                name, p95=draw(seconds), requests=count, failures=draw(st.sampled_from([0, 0, 1, count]))
            )
            effects = (
                {"design_effects": {"p95": draw(st.sampled_from([1.0, 1.0, 40.0]))}} if draw(st.booleans()) else {}
            )
            ends.append(replace(end, **effects))
        probe = Probe(samples=9, p50=draw(seconds), p95=0.1, workload="w") if draw(st.booleans()) else None
        return make_run(number, endpoints=ends, probe=probe)

    past = [make_past_run(run=made(number)) for number in range(1, draw(st.integers(0, 6)) + 1)]
    return made(100), past, GatePolicy(baseline=BaselinePolicy(min_runs=draw(st.sampled_from([1, 2, 5]))))


@given(histories())
@settings(max_examples=300, deadline=None)
def test_whatever_the_history_every_number_is_one(case: tuple[Run, list[PastRun], GatePolicy]):
    run, past, policy = case
    verdict = verdict_of(run, past, policy)

    for finding in verdict.findings:
        numbers = [getattr(finding, name) for name in NUMBERS] + list(finding.interval or ())
        assert all(isfinite(number) for number in numbers if number is not None), finding
        if finding.outcome is Outcome.NO_BASELINE:
            comparable = choose_baseline(run, past[::-1], policy.baseline).runs[finding.endpoint, finding.metric]
            assert len(comparable) < policy.baseline.min_runs, finding
