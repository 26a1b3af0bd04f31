"""Judging: tables of what was measured against what was asked for."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from builders import make_acceptance, make_budget, make_endpoint, make_past_run, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import BaselinePolicy, Budget, Floor, GatePolicy, Kind, Sensitivity
from perfgate.model.metric import ALL_ENDPOINTS, APPLICATION, METRICS, Unit
from perfgate.model.outcome import BADNESS, Outcome, worst
from perfgate.model.run import Arm, EndpointResult, PastRun, Run
from perfgate.model.verdict import Finding, Verdict

FAIL, WARN, PASS, IMPROVED = Outcome.FAIL, Outcome.WARN, Outcome.PASS, Outcome.IMPROVED
NO_BASELINE, NO_DATA, UNSURE = Outcome.NO_BASELINE, Outcome.NO_DATA, Outcome.INCONCLUSIVE
NO_FLOOR = GatePolicy(floor=Floor(time=0.0, errors=0.0))
PROOF = GatePolicy(floor=NO_FLOOR.floor, sensitivity=Sensitivity(at_limit=True))


def with_metric(metric: str, value: float) -> EndpointResult:
    """Percentiles with the distribution that they belong to, errors with their counts."""
    if metric == "p95":
        return make_endpoint(p95=value)
    if metric == "errors":
        return make_endpoint(requests=2000, failures=round(2000 * value))
    return make_endpoint(metrics={metric: value})


def judged(
    budget: Budget,
    run: Run,
    past: list[PastRun] | None = None,
    policy: GatePolicy = GatePolicy(),  # noqa: B008
) -> Finding:
    """The one finding of one budget; `past` oldest first."""
    verdict = verdict_of([budget], run, past, policy)
    (finding,) = verdict.findings
    assert finding.outcome is verdict.outcome
    assert len(finding.criteria) == len(budget.criteria)
    return finding


def verdict_of(
    budgets: list[Budget],
    run: Run,
    past: list[PastRun] | None = None,
    policy: GatePolicy = GatePolicy(),  # noqa: B008
) -> Verdict:
    baseline = choose_baseline(run, (past or [])[::-1], policy.baseline)
    return judge(budgets, run, baseline, policy)


def compared(metric: str, measured: float, earlier: float, fail: str, warn: str = "", policy=NO_FLOOR) -> Finding:
    """Against 20 equal runs: then a rise of 6 % is significant, and a pass may seem to rise by 6 % (limit +10 %)."""
    past = [make_past_run(number, endpoints=[with_metric(metric, earlier)]) for number in range(1, 21)]
    run = make_run(100, endpoints=[with_metric(metric, measured)])
    return judged(make_budget(metric=metric, fail=fail, warn=warn), run, past, policy)


@pytest.mark.parametrize(
    ("metric", "measured", "fail", "warn", "outcomes"),
    [
        ("p95", 0.080, "120ms", "", [PASS]),
        ("p95", 0.119, "120ms", "", [PASS]),
        ("p95", 0.1201, "120ms", "", [UNSURE]),
        ("p95", 0.160, "120ms", "", [FAIL]),
        ("p95", 0.160, "120ms", "100ms", [FAIL, WARN]),
        ("p95", 0.130, "160ms", "100ms", [PASS, WARN]),
        ("p95", 0.080, "120ms", "100ms", [PASS, PASS]),
        ("p95", 0.160, "", "120ms", [WARN]),
        ("errors", 0.0, "0%", "", [PASS]),
        ("errors", 0.001, "0%", "", [FAIL]),
        ("errors", 0.0, "1%", "", [PASS]),
        ("errors", 0.01, "1%", "", [PASS]),
        ("errors", 0.0105, "1%", "", [UNSURE]),
        ("errors", 0.02, "1%", "", [FAIL]),
        ("size", 40_000.0, "40kB", "", [PASS]),
        ("size", 40_001.0, "40kB", "", [FAIL]),
        ("rate", 200.0, "150/s", "", [PASS]),
        ("rate", 150.0, "150/s", "", [PASS]),
        ("rate", 149.9, "150/s", "", [FAIL]),
        ("rate", 120.0, "100/s", "150/s", [PASS, WARN]),
        ("max", 2.0, "1.5s", "", [FAIL]),
        ("ttfb_p95", 0.05, "60ms", "", [PASS]),
    ],
)
def test_absolute_criteria(metric, measured, fail, warn, outcomes):
    finding = judged(
        make_budget(metric=metric, fail=fail, warn=warn), make_run(endpoints=[with_metric(metric, measured)])
    )
    assert [criterion.outcome for criterion in finding.criteria] == outcomes
    assert finding.outcome is worst(outcomes)
    assert finding.measured == measured
    assert finding.reason == {PASS: "within-limits", UNSURE: "not-bounded"}.get(finding.outcome, "over-limit")


@pytest.mark.parametrize(
    ("metric", "earlier", "measured", "fail", "warn", "outcomes"),
    [
        ("p95", 0.100, 0.100, "+10%", "", [PASS]),
        ("p95", 0.100, 0.105, "+10%", "", [PASS]),
        ("p95", 0.100, 0.109, "+10%", "", [PASS]),
        ("p95", 0.100, 0.111, "+10%", "", [FAIL]),
        ("p95", 0.500, 0.625, "+25%", "", [FAIL]),  # at the limit is over it
        ("p95", 0.100, 0.091, "+10%", "", [PASS]),
        ("p95", 0.100, 0.089, "+10%", "", [IMPROVED]),
        ("p95", 0.100, 0.107, "+20%", "+5%", [PASS, WARN]),
        ("p95", 0.100, 0.1031, "+20%", "+3%", [PASS, UNSURE]),  # no proof that it rose at all
        ("p95", 0.100, 0.120, "+10%", "+5%", [FAIL, WARN]),
        ("p95", 0.100, 0.093, "+10%", "+5%", [PASS, IMPROVED]),
        ("p95", 0.100, 0.115, "+20ms", "", [PASS]),
        ("p95", 0.100, 0.119, "+20ms", "", [PASS]),
        ("p95", 0.100, 0.121, "+20ms", "", [FAIL]),
        ("p95", 0.100, 0.079, "+20ms", "", [IMPROVED]),
        ("errors", 0.01, 0.008, "+0.5pp", "", [PASS]),
        ("errors", 0.01, 0.014, "+0.5pp", "", [PASS]),
        ("errors", 0.01, 0.0155, "+0.5pp", "", [UNSURE]),
        ("errors", 0.01, 0.017, "+0.5pp", "", [FAIL]),
        ("errors", 0.01, 0.004, "+0.5pp", "", [IMPROVED]),
        ("errors", 0.0, 0.001, "+10%", "", [UNSURE]),  # two failures are chance
        ("errors", 0.0, 0.010, "+10%", "", [FAIL]),
        ("errors", 0.0, 0.0, "+0.5pp", "", [PASS]),
        ("errors", 0.0, 0.004, "+0.5pp", "", [PASS]),
        ("size", 40_000.0, 45_000.0, "+20%", "", [PASS]),
        ("size", 40_000.0, 49_000.0, "+20%", "", [FAIL]),
        ("size", 40_000.0, 49_000.0, "+10kB", "", [PASS]),
        ("size", 40_000.0, 51_000.0, "+10kB", "", [FAIL]),
        ("rate", 200.0, 199.0, "-5%", "", [PASS]),
        ("rate", 200.0, 189.0, "-5%", "", [FAIL]),
        ("rate", 200.0, 211.0, "-5%", "", [IMPROVED]),
        ("rate", 200.0, 185.0, "-10/s", "", [FAIL]),
        ("rate", 200.0, 194.0, "-10/s", "", [PASS]),
        ("rate", 200.0, 199.0, "-10/s", "", [PASS]),
        ("p95", 0.100, 0.161, "120ms +10%", "100ms +5%", [FAIL, FAIL, WARN, WARN]),
        ("p95", 0.100, 0.115, "150ms +10%", "", [PASS, FAIL]),
        ("p95", 0.200, 0.161, "120ms +10%", "", [FAIL, IMPROVED]),
        ("p95", 0.100, 0.080, "120ms +10%", "", [PASS, IMPROVED]),
        ("p95", 0.100, 0.101, "150ms +0%", "", [PASS, UNSURE]),
        ("p95", 0.100, 0.110, "150ms +0%", "", [PASS, FAIL]),
    ],
)
def test_relative_criteria(metric, earlier, measured, fail, warn, outcomes):
    finding = compared(metric, measured, earlier, fail, warn)
    assert [criterion.outcome for criterion in finding.criteria] == outcomes
    assert finding.outcome is worst(outcomes)
    assert (finding.baseline, finding.baseline_runs) == (pytest.approx(earlier), 20)
    assert finding.change == (pytest.approx(measured / earlier - 1, abs=1e-9) if earlier else None)
    assert finding.compared == "history"


@pytest.mark.parametrize(
    ("metric", "earlier", "measured", "fail", "outcome"),
    [
        ("p95", 0.100, 0.105, "+10%", PASS),
        ("p95", 0.100, 0.109, "+10%", UNSURE),  # no proof that it is under 10 %
        ("p95", 0.100, 0.111, "+10%", FAIL),
        ("p95", 0.100, 0.119, "+20ms", UNSURE),
        ("errors", 0.01, 0.014, "+0.5pp", UNSURE),
        ("errors", 0.0, 0.004, "+0.5pp", UNSURE),
        ("rate", 200.0, 194.0, "-10/s", UNSURE),
    ],
)
def test_proof_at_the_limit_where_the_policy_asks_for_it(metric, earlier, measured, fail, outcome):
    assert compared(metric, measured, earlier, fail, policy=PROOF).outcome is outcome


def test_a_pass_rules_out_what_the_policy_names():
    """Among restless runs a rise of 9 % is under the limit of 10 %; of 30 % nobody could tell, of 100 % they can."""
    past = [make_past_run(number, p95=0.1 * exp(0.15 * (-1) ** number)) for number in range(1, 21)]
    run = make_run(100, p95=0.1)

    def outcome(latency: float) -> Outcome:
        policy = GatePolicy(sensitivity=Sensitivity(latency=latency))
        return judged(make_budget(fail="+10%"), run, past, policy).outcome

    assert (outcome(0.15), outcome(1.0)) == (UNSURE, PASS)


@pytest.mark.parametrize(
    ("metric", "earlier", "measured", "fail", "outcome"),
    [
        ("p95", 0.002, 0.0026, "+10%", PASS),  # below 1 ms
        ("p95", 0.002, 0.0031, "+10%", FAIL),
        ("p95", 0.002, 0.0026, "+0.1ms", PASS),
        ("p95", 0.002, 0.0011, "+10%", PASS),  # a fall must count as well to be an improvement
        ("p95", 0.002, 0.0009, "+10%", IMPROVED),
        ("errors", 0.001, 0.0010, "+10%", PASS),  # below 0.5 pp
        ("errors", 0.001, 0.0065, "+10%", FAIL),
        ("errors", 0.0, 0.001, "+0.1pp", PASS),
        ("size", 100.0, 112.0, "+10%", FAIL),  # sizes and rates have no noise that a floor is for
        ("rate", 1.0, 0.8, "-5%", FAIL),
    ],
)
def test_the_floor(metric, earlier, measured, fail, outcome):
    assert compared(metric, measured, earlier, fail, policy=GatePolicy()).outcome is outcome


def test_the_floor_does_not_touch_absolute_limits():
    finding = compared("p95", 0.0028, 0.002, "2.4ms +10%", policy=GatePolicy())
    assert [criterion.outcome for criterion in finding.criteria] == [FAIL, PASS]


def test_a_stormy_run_hardly_moves_the_baseline():
    values = [0.098, 0.101, 0.1, 0.102, 0.099, 0.1, 9.0, 0.101, 0.099, 0.1]
    past = [make_past_run(number, p95=p95) for number, p95 in enumerate(values, start=1)]
    finding = judged(make_budget(fail="+20%"), make_run(100, p95=0.1), past)
    assert (finding.outcome, finding.baseline) == (PASS, pytest.approx(0.1, rel=0.01))


# ---- no baseline


@pytest.mark.parametrize(("runs", "outcome"), [(0, NO_BASELINE), (1, NO_BASELINE), (4, NO_BASELINE), (5, PASS)])
def test_too_few_runs_are_no_baseline(runs, outcome):
    finding = judged(make_budget(fail="+20%"), make_run(100), [make_past_run(number) for number in range(1, runs + 1)])
    assert (finding.outcome, finding.baseline_runs) == (outcome, runs)
    assert (finding.baseline is None, finding.change is None) == (runs < 5, runs < 5)
    assert finding.reason == ("too-few-runs" if runs < 5 else "within-limits")


def test_how_many_are_enough_is_the_teams_choice():
    policy = GatePolicy(baseline=BaselinePolicy(min_runs=1))
    finding = judged(make_budget(fail="+10%"), make_run(100), [make_past_run(1)], policy)
    assert (finding.outcome, finding.baseline_runs) == (PASS, 1)
    assert finding.bound > 0.4  # one run tells no spread


def test_absolute_limits_need_no_baseline():
    assert judged(make_budget(fail="300ms"), make_run(100)).outcome is PASS
    finding = judged(make_budget(fail="50ms +10%"), make_run(100))
    assert [criterion.outcome for criterion in finding.criteria] == [FAIL, NO_BASELINE]
    assert (finding.outcome, finding.reason) == (FAIL, "over-limit")


def test_after_an_acceptance_one_run_is_enough():
    past = [make_past_run(number) for number in range(1, 6)]
    past.append(make_past_run(6, p95=0.2, outcome=FAIL, acceptances=[make_acceptance()]))
    finding = judged(make_budget(fail="+20%"), make_run(100, p95=0.205), past)
    assert (finding.outcome, finding.baseline, finding.baseline_runs) == (PASS, pytest.approx(0.2), 1)


# ---- no data


@pytest.mark.parametrize("metric", METRICS)
def test_an_endpoint_that_was_not_sent_has_no_data_whatever_the_metric(metric):
    unit = METRICS[metric].unit
    fail = {Unit.RATIO: "1%", Unit.BYTES: "1kB", Unit.PER_SECOND: "1/s", Unit.COUNT: "1"}.get(unit, "1s")
    for endpoints in ([], [make_endpoint(requests=0)]):
        finding = judged(make_budget(metric=metric, fail=fail), make_run(endpoints=endpoints))
        if metric == "rate" and endpoints:
            continue  # the builder gives a rate of 0 even without requests
        assert (finding.outcome, finding.reason, finding.measured, finding.samples) == (NO_DATA, "no-samples", None, 0)
        assert [criterion.outcome for criterion in finding.criteria] == [NO_DATA]


def test_an_endpoint_that_always_failed_has_errors_but_no_latency():
    result = EndpointResult(name="list products", requests=50, failures=50, metrics={"errors": 1.0, "rate": 0.0})
    run = make_run(endpoints=[result])
    assert judged(make_budget(), run).outcome is NO_DATA
    assert judged(make_budget(metric="errors", fail="1%"), run).outcome is FAIL
    assert judged(make_budget(metric="rate", fail="1/s"), run).outcome is FAIL


def test_a_metric_that_is_not_measured_is_no_data_even_with_requests():
    result = make_endpoint(kind="journey")
    assert judged(make_budget(metric="size", fail="1kB"), make_run(endpoints=[result])).outcome is NO_DATA


# ---- the verdict


def test_one_finding_per_budget_in_their_order():
    budgets = [
        make_budget("search", "p95", "10ms", line=7),
        make_budget("list products", "errors", "1%", line=3),
        make_budget("nowhere", "p50", "10ms", line=9),
        make_budget("list products", "p95", "300ms +10%"),
    ]
    verdict = verdict_of(budgets, make_run(100, endpoints=[make_endpoint(), make_endpoint("search")]))
    assert [(one.endpoint, one.metric, one.line) for one in verdict.findings] == [
        ("search", "p95", 7),
        ("list products", "errors", 3),
        ("nowhere", "p50", 9),
        ("list products", "p95", 0),
    ]
    assert [one.outcome for one in verdict.findings] == [FAIL, PASS, NO_DATA, NO_BASELINE]
    assert verdict.outcome is FAIL


def test_the_order_of_badness():
    assert sorted(Outcome, key=BADNESS.__getitem__) == [
        FAIL,
        NO_DATA,
        Outcome.INCONCLUSIVE,
        WARN,
        NO_BASELINE,
        IMPROVED,
        PASS,
    ]
    assert worst([]) is PASS


@given(st.lists(st.sampled_from(Outcome), min_size=1))
def test_the_worst_is_at_least_as_bad_as_any(outcomes):
    assert worst(outcomes) in outcomes
    assert all(BADNESS[worst(outcomes)] <= BADNESS[outcome] for outcome in outcomes)


def test_the_verdict_says_what_it_is_about():
    past = [make_past_run(number) for number in (1, 2, 3)]
    run = make_run(100, branch="faster", warnings=("The clock was set.",))
    verdict = verdict_of([make_budget()], run, past)
    assert (verdict.schema, verdict.run, verdict.name) == (1, "run-0100", "shop")
    assert (verdict.baseline_branch, verdict.baseline_runs) == ("main", ("run-0003", "run-0002", "run-0001"))
    assert verdict.findings[0].baseline_ids == verdict.baseline_runs
    assert verdict.notes == ("The clock was set.",)


def test_notes_about_the_baseline_come_first():
    past = [make_past_run(1, endpoints=[make_endpoint(), make_endpoint("gone")])]
    verdict = verdict_of([make_budget()], make_run(100, warnings=("Something was seen.",)), past)
    assert verdict.notes == ("No longer sent: gone.", "Something was seen.")


def test_criteria_are_told_as_written():
    finding = compared("p95", 0.131, 0.082, "120ms +10%", "100ms")
    assert [(one.kind, one.limit, one.text, one.severity.value) for one in finding.criteria] == [
        (Kind.ABSOLUTE, 0.12, "120ms", "fail"),
        (Kind.RELATIVE, 0.1, "+10%", "fail"),
        (Kind.ABSOLUTE, 0.1, "100ms", "warn"),
    ]


@pytest.mark.parametrize(
    ("fail", "warn", "measured", "reason"),
    [
        ("100ms +10%", "", 0.131, "over-limit"),  # both: the absolute one is easier to check
        ("200ms +10%", "", 0.131, "regression"),
        ("100ms", "+10%", 0.131, "over-limit"),
        ("200ms +10%", "100ms", 0.131, "regression"),
        ("200ms", "+10%", 0.131, "regression"),
        ("200ms", "100ms", 0.131, "over-limit"),
        ("200ms +10%", "", 0.05, "improvement"),
        ("200ms +10%", "", 0.1, "within-limits"),
    ],
)
def test_the_reason_is_that_of_what_decided(fail, warn, measured, reason):
    assert compared("p95", measured, 0.1, fail, warn).reason == reason


def test_samples_are_those_behind_the_metric():
    result = make_endpoint(requests=100, failures=10, samples=93)
    run = make_run(endpoints=[result])
    assert judged(make_budget(), run).samples == 93
    assert judged(make_budget(metric="errors", fail="50%"), run).samples == 100


@given(
    measured=st.floats(1e-6, 60.0),
    earlier=st.floats(1e-6, 60.0),
    limit=st.integers(1, 100),
)
@settings(deadline=None)
def test_whatever_the_numbers_a_relative_criterion_keeps_its_promise(measured, earlier, limit):
    """No fail below limit or floor, no pass above them, and never a pass that its own bound denies."""
    finding = compared("p95", measured, earlier, f"+{limit}%", policy=GatePolicy())
    threshold = max(limit / 100 * earlier, 0.001) / earlier
    change = finding.change
    assert change == pytest.approx(measured / earlier - 1, rel=1e-6, abs=1e-6)
    if change < threshold * (1 - 1e-6):
        assert finding.outcome is not FAIL
    if change > threshold * (1 + 1e-6):
        assert finding.outcome in (FAIL, UNSURE)
    assert (finding.outcome is PASS) <= (finding.bound < max(0.5, threshold) * (1 + 1e-6))
    assert finding.interval[0] <= change <= finding.interval[1]
    assert change <= finding.bound


# ---- all hypotheses together


def suite(rises: dict[str, float], *, endpoints: int = 8, runs: int = 10, common: float = 1.0, seed: int = 5):
    """(run, past runs, budgets) of an application with noise: its runner moves all endpoints, and each its own way."""
    noise = np.random.default_rng(seed)
    names = [f"e{number}" for number in range(endpoints)]

    def made(number: int, factors: dict[str, float], slow: float) -> Run:
        moved = exp(noise.normal(0, 0.1)) * slow
        ends = [
            make_endpoint(name, p95=0.1 * moved * exp(noise.normal(0, 0.03)) * factors.get(name, 1.0)) for name in names
        ]
        return make_run(number, endpoints=ends)

    past = [make_past_run(run=made(number, {}, 1.0)) for number in range(1, runs + 1)]
    return made(100, rises, common), past, [make_budget(name, "p95", "+10%") for name in names]


def outcomes(run: Run, past: list[PastRun], budgets: list[Budget]) -> dict[str, Outcome]:
    return {one.endpoint: one.outcome for one in verdict_of(budgets, run, past).findings}


def test_one_endpoint_that_got_slower_fails_alone():
    found = outcomes(*suite({"e3": 1.4}))
    assert found.pop("e3") is FAIL
    assert FAIL not in found.values()


def test_a_slow_runner_is_no_regression_of_every_endpoint():
    run, past, budgets = suite({}, common=1.8)
    verdict = verdict_of(budgets, run, past)
    *endpoints, whole = verdict.findings
    assert FAIL not in {one.outcome for one in endpoints}
    assert sum(one.outcome is PASS for one in endpoints) >= 6
    assert (whole.endpoint, whole.metric, whole.outcome) == (APPLICATION, ALL_ENDPOINTS, UNSURE)
    assert whole.sentence.startswith("All 8 endpoints together: p95 +")
    assert "`--base-ref` tells which" in whole.sentence
    assert verdict.outcome is PASS


def test_on_a_slow_runner_a_regression_is_still_seen():
    found = outcomes(*suite({"e3": 1.5}, common=1.8))
    assert found.pop("e3") is FAIL
    assert FAIL not in found.values()


def test_what_is_significant_depends_on_how_much_was_asked():
    run, past, budgets = suite({"e3": 1.19})
    alone = verdict_of([one for one in budgets if one.endpoint == "e3"], run, past).findings[0]
    among = next(one for one in verdict_of(budgets, run, past).findings if one.endpoint == "e3")
    assert (alone.outcome, alone.p_value) == (FAIL, among.p_value)
    assert among.outcome is UNSURE
    assert 0.01 / 8 < among.p_value < 0.01


def test_what_probably_got_worse_is_watched_but_never_fails():
    run, past, budgets = suite({"e3": 1.19})
    verdict = verdict_of(budgets, run, past)
    assert next(one.outcome for one in verdict.findings if one.endpoint == "e3") is UNSURE
    assert [(one.endpoint, one.metric) for one in verdict.watch] == [("e3", "p95")]
    assert 0.01 < verdict.watch[0].p_value <= 0.10
    assert verdict.watch[0].change == pytest.approx(0.19, abs=0.1)


def test_what_failed_is_not_watched_as_well():
    run, past, budgets = suite({"e3": 1.5})
    assert verdict_of(budgets, run, past).watch == ()


def test_absolute_budgets_are_compared_for_people_only():
    """They are no hypotheses: they neither fail by the comparison nor make others less significant."""
    past = [make_past_run(number) for number in range(1, 21)]
    run = make_run(100, p95=0.2)
    verdict = verdict_of([make_budget(fail="300ms")], run, past)
    assert (verdict.outcome, verdict.findings[0].change) == (PASS, pytest.approx(1.0))
    assert [one.endpoint for one in verdict.watch] == ["list products"]


def test_sizes_are_facts():
    past = [make_past_run(number, endpoints=[with_metric("size", 1000.0)]) for number in range(1, 6)]
    finding = judged(
        make_budget(metric="size", fail="+10%"), make_run(100, endpoints=[with_metric("size", 1200.0)]), past
    )
    assert (finding.outcome, finding.p_value, finding.interval) == (FAIL, None, pytest.approx((0.2, 0.2)))


# ---- A/B


def ab_run(base: float, head: float, *, requests: int = 4000) -> Run:
    arms = (
        Arm(name="base", target="http://127.0.0.1:1", endpoints=(make_endpoint(p95=base, requests=requests),)),
        Arm(name="head", target="http://127.0.0.1:2"),
    )
    return make_run(100, endpoints=[make_endpoint(p95=head, requests=requests)], arms=arms)


@pytest.mark.parametrize(
    ("base", "head", "outcome"), [(0.1, 0.1, PASS), (0.1, 0.12, FAIL), (0.1, 0.08, IMPROVED), (0.1, 0.108, PASS)]
)
def test_arms_need_no_history(base, head, outcome):
    finding = judged(make_budget(fail="+10%"), ab_run(base, head))
    assert (finding.outcome, finding.compared, finding.baseline, finding.baseline_runs) == (outcome, "base", base, 0)


def test_with_arms_the_history_is_not_asked():
    past = [make_past_run(number, p95=0.05) for number in range(1, 21)]
    verdict = verdict_of([make_budget(fail="+10%")], ab_run(0.1, 0.1), past)
    assert (verdict.outcome, verdict.baseline_runs) == (PASS, ())


def test_an_endpoint_that_the_base_has_not_is_new():
    budget = make_budget("new", fail="+10%")
    run = ab_run(0.1, 0.1)
    run = replace(run, endpoints=(*run.endpoints, make_endpoint("new")))
    finding = judged(budget, run)
    assert finding.outcome is NO_BASELINE
    assert finding.sentence == "new p95 100 ms: not compared: the base has no such measurement."
