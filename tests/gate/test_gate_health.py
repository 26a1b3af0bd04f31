"""When the load generator was not well, nothing is decided: no pass, no fail, but the reason and the cure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_arms, make_budget, make_endpoint, make_past_run, make_run

from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import BaselinePolicy, Budget, Criterion, GatePolicy, Kind
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Generator, Run
from perfgate.model.verdict import Finding
from perfgate.recording.usable import shortfall

WELL = Generator(clock="kernel receive timestamp", due=1000, sent=1000, lateness_p95=0.001, lateness_p99=0.002, cpu=0.5)


def judged(
    generator: Generator, *, metric: str = "p95", limit: float = 0.3, p95: float = 0.1, aborted: str = ""
) -> Finding:
    run: Run = make_run(1, endpoints=[make_endpoint("search", p95=p95)], generator=generator, aborted=aborted)
    budget = Budget(
        endpoint="search", metric=metric, criteria=(Criterion(kind=Kind.ABSOLUTE, limit=limit, text="limit"),)
    )
    policy = GatePolicy()
    (finding,) = judge([budget], run, choose_baseline(run, (), policy.baseline), policy).findings
    return finding


@pytest.mark.parametrize("p95", [0.1, 0.5])
@pytest.mark.parametrize(
    ("sick", "reason", "said"),
    [
        ({"sent": 940}, "load-generator", "made only 94% of the planned starts"),
        ({"sent": 940, "without_rows": 60}, "out-of-data", "60 iterations had no row of data left"),
        ({"due": 0, "sent": 0, "without_rows": 1}, "out-of-data", "1 iteration had no row of data left"),
        ({"cpu": 0.99, "clock": "user space"}, "load-generator", "no CPU left and no kernel timestamps"),
        ({"due": 0, "sent": 0, "workers": 3, "workers_lost": 1}, "workers-lost", "1 of 3 load-generator processes"),
        ({"unsent": {"ports": 900, "files": 9}}, "out-of-resources", "could not send 909 requests: no local port"),
        ({"unsent": {"files": 900}}, "out-of-resources", "raise the limit (`ulimit -n 65536`)"),
    ],
)
def test_a_saturated_generator_neither_passes_nor_fails(sick: dict[str, object], reason: str, said: str, p95: float):
    finding = judged(replace(WELL, **sick), p95=p95)

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.reason == reason
    assert said in finding.sentence
    assert [criterion.outcome for criterion in finding.criteria] == [Outcome.INCONCLUSIVE]


@pytest.mark.parametrize(
    "fine",
    [
        {},
        {"sent": 951},
        {"sent": 951, "without_rows": 49},
        {"unsent": {"ports": 3}},
        {"lateness_p95": 0.060},
        {"cpu": 0.99},  # the kernel's clock does not mind
        {"lateness_p99": 0.2},  # only 1 % were so late: no matter to p95
        {"due": 1000, "sent": 990, "workers": 3, "workers_lost": 1},  # at the very end
    ],
)
def test_small_troubles_change_nothing(fine: dict[str, object]):
    assert judged(replace(WELL, **fine)).outcome is Outcome.PASS
    assert judged(replace(WELL, **fine), p95=0.5).outcome is Outcome.FAIL


def test_the_limit_that_cannot_be_decided_is_named_beside_one_that_is():
    late = replace(WELL, lateness_p95=0.2)
    run = make_run(9, endpoints=[make_endpoint("search", p95=0.38)], generator=late)
    past = [
        make_past_run(number, endpoints=[make_endpoint("search", p95=0.1)], generator=WELL) for number in range(1, 8)
    ]
    criteria = (
        Criterion(kind=Kind.ABSOLUTE, limit=0.3, text="300 ms"),
        Criterion(kind=Kind.RELATIVE, limit=0.1, text="+10%"),
    )
    policy = GatePolicy()
    budget = Budget(endpoint="search", metric="p95", criteria=criteria)

    (finding,) = judge([budget], run, choose_baseline(run, past, policy.baseline), policy).findings

    assert [item.outcome for item in finding.criteria] == [Outcome.INCONCLUSIVE, Outcome.FAIL]
    assert "The limit of 300 ms is not decided: 5 % of the starts were late" in finding.sentence


def test_exceptions_of_scenarios_prove_nothing_but_a_failure():
    finding = judged(replace(WELL, exceptions=200))
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "scenario-exceptions")
    assert "raised 200 exceptions" in finding.sentence
    assert judged(replace(WELL, exceptions=200), p95=0.5).outcome is Outcome.FAIL
    assert judged(replace(WELL, exceptions=20)).outcome is Outcome.PASS
    assert judged(replace(WELL, exceptions=200), metric="queries", limit=3).outcome is Outcome.NO_DATA
    past = make_past_run(2, endpoints=[make_endpoint("search")], generator=replace(WELL, exceptions=200))
    assert shortfall(past.run) == "its scenarios raised 200 exceptions"


def test_exceptions_are_counted_beside_all_requests_of_the_load_and_no_journey():
    head = [make_endpoint("search", requests=100)]
    arms = make_arms(make_endpoint("search", requests=100))
    few = replace(WELL, exceptions=6)
    assert shortfall(make_run(1, endpoints=head, generator=few))
    assert not shortfall(make_run(1, endpoints=head, generator=few, arms=arms))
    assert not shortfall(make_run(1, endpoints=head, generator=few, warmup_requests=100))
    journey = replace(make_endpoint("visit", requests=100), kind="journey")
    assert shortfall(make_run(1, endpoints=[*head, journey], generator=few))


@pytest.mark.parametrize(
    ("late", "p95", "outcome"),
    [
        (0.031, 0.38, Outcome.INCONCLUSIVE),  # over the limit by 80 ms, which late starts might have caused
        (0.031, 0.50, Outcome.FAIL),  # over the limit by 200 ms
        (0.031, 0.10, Outcome.PASS),  # late starts make nothing faster
        (0.001, 0.38, Outcome.FAIL),
    ],
)
def test_lateness_is_weighed_against_the_distance_from_the_limit(late: float, p95: float, outcome: Outcome):
    finding = judged(replace(WELL, lateness_p95=late), p95=p95)

    assert finding.outcome is outcome
    assert ("the value is over its limit by 80 ms only" in finding.sentence) == (outcome is Outcome.INCONCLUSIVE)


def test_the_latest_starts_matter_to_the_highest_percentiles():
    late = replace(WELL, lateness_p99=0.04)

    assert judged(late, metric="p99", p95=0.28, limit=0.3).outcome is Outcome.INCONCLUSIVE
    assert judged(late, metric="p95", p95=0.38, limit=0.3).outcome is Outcome.FAIL


@pytest.mark.parametrize("kind", ["status", "timeout"])
def test_the_percentile_of_the_few_that_succeeded_cannot_pass(kind: str):
    """90 % of the requests failed. A timeout of the connection counts at less than the limit."""
    end = make_endpoint("search", p95=0.1, requests=1000, failures=900, failures_by_kind={kind: 900})
    run = make_run(1, endpoints=[end])
    budget = Budget(endpoint="search", metric="p95", criteria=(Criterion(kind=Kind.ABSOLUTE, limit=0.3, text="300ms"),))
    finding = judge([budget], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy()).findings[0]

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "90% of the requests failed, and this is the p95 of the others" in finding.sentence


def test_timeouts_over_the_limit_still_fail():
    end = make_endpoint("search", p95=10.0, requests=1000, failures=900, failures_by_kind={"timeout": 900})
    run = make_run(1, endpoints=[end])
    finding = judge(
        [make_budget("search", "p95", "300ms")], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy()
    ).findings[0]

    assert finding.outcome is Outcome.FAIL


@pytest.mark.parametrize(("metric", "limit"), [("ttfb_p95", "1s"), ("size", "1MB"), ("queries", "9")])
def test_what_timeouts_are_not_among_cannot_pass_beside_them(metric: str, limit: str):
    """A request that timed out has a latency, the timeout; it has no first byte and no body."""
    end = make_endpoint("search", p95=0.1, requests=1000, failures=600, failures_by_kind={"timeout": 600})
    end = replace(end, metrics={**end.metrics, metric: 0.01}, phases={"first_byte": end.latency})
    run = make_run(1, endpoints=[end])
    budget = make_budget("search", metric, limit)
    finding = judge([budget], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy()).findings[0]

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert f"60% of the requests failed, and this is the {metric} of the others" in finding.sentence


def test_beside_a_page_that_mostly_failed_no_page_is_worse_or_better():
    base, head = (
        EndpointResult(
            name="home",
            kind="page",
            requests=7,
            failures=failures,
            samples=7 - failures,
            metrics={"lcp": lcp, "errors": failures / 7},
        )
        for failures, lcp in ((6, 9.0), (0, 2.0))
    )
    run = make_run(1, endpoints=[head], arms=make_arms(base))
    budget = make_budget("home", "lcp", "2.5s +10%")
    found = judge([budget], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy()).findings[0]

    assert [one.outcome for one in found.criteria] == [Outcome.PASS, Outcome.INCONCLUSIVE]
    assert "86% of the base's views failed" in found.sentence


def test_what_failed_of_a_page_are_views():
    page = EndpointResult(
        name="home", kind="page", requests=3, failures=3, failures_by_kind={"status": 3}, metrics={"errors": 1.0}
    )
    run = make_run(1, endpoints=[page])
    budget = make_budget("home", "errors", "0%")
    found = judge([budget], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy()).findings[0]

    assert "3 of 3 views failed" in found.sentence


def test_beside_a_base_that_mostly_failed_nothing_is_worse_or_better():
    base = make_endpoint(p95=0.01, requests=1000, failures=900, failures_by_kind={"status": 900})
    run = make_run(1, endpoints=[make_endpoint(p95=0.1)], arms=make_arms(base))
    budget = make_budget(metric="p95", fail="300ms +10%")
    found = judge([budget], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy()).findings[0]

    assert [one.outcome for one in found.criteria] == [Outcome.PASS, Outcome.INCONCLUSIVE]
    assert "90% of the base's requests failed" in found.sentence


@pytest.mark.parametrize(
    ("of_head", "absent", "is_said"), [(0, (), True), (900, (), False), (0, ("list products",), False)]
)
def test_a_base_that_fails_alone_lacks_something(of_head: int, absent: tuple[str, ...], is_said: bool):
    example = "500 Internal Server Error"
    base = make_endpoint(requests=1000, failures=1000, failure_examples=(example,))
    arms = tuple(replace(arm, absent=absent if arm.name == "base" else ()) for arm in make_arms(base))
    run = make_run(1, endpoints=[make_endpoint(requests=1000, failures=of_head)], arms=arms)
    verdict = judge([make_budget()], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy())

    said = [text for text in verdict.notes if "[PG-C016]" in text]
    assert bool(said) == is_said
    assert all(example in text and "service.setup" in text for text in said)


def test_runs_that_mostly_failed_are_no_baseline_of_latencies():
    """The few fast answers of an outage would make the next healthy run a regression."""
    ends = [make_endpoint(p95=0.01, requests=1000, failures=900, failures_by_kind={"status": 900})]
    past = [make_past_run(number, endpoints=ends, outcome=Outcome.INCONCLUSIVE) for number in range(5, 0, -1)]
    run = make_run(100)
    budgets = [make_budget(metric="p95", fail="+10%")]
    found = judge(budgets, run, choose_baseline(run, past, GatePolicy().baseline), GatePolicy()).findings[0]

    assert found.outcome is Outcome.NO_BASELINE


@pytest.mark.parametrize(("p95", "outcome"), [(0.1, Outcome.INCONCLUSIVE), (0.9, Outcome.FAIL)])
def test_an_interrupted_run_cannot_pass_however_it_comes_to_be_judged(p95: float, outcome: Outcome):
    """`perfgate gate` and forks' artifacts have such runs."""
    run = make_run(1, p95=p95, interrupted=True)
    verdict = judge([make_budget(fail="300ms")], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy())

    assert verdict.outcome is outcome
    if outcome is Outcome.INCONCLUSIVE:
        assert "the run was interrupted" in verdict.findings[0].sentence


@pytest.mark.parametrize(("queries", "outcome"), [(3.0, Outcome.PASS), (4.0, Outcome.FAIL)])
def test_no_trouble_of_the_generator_makes_a_fact_of_the_code_doubtful(queries: float, outcome: Outcome):
    end = make_endpoint(metrics={"queries": queries})
    run = make_run(1, endpoints=[end], generator=replace(WELL, sent=600, dropped=300))
    policy = GatePolicy()
    budget = make_budget(metric="queries", fail="3")

    assert judge([budget], run, choose_baseline(run, (), policy.baseline), policy).outcome is outcome


OF_SUCCESSES = {"size": ("40kB +20%", 1000.0), "queries": ("10 +1", 3.0), "compressed": ("90% -1pp", 1.0)}


@pytest.mark.parametrize("metric", OF_SUCCESSES)
def test_what_is_counted_of_the_few_that_succeeded_cannot_pass(metric: str):
    limit, value = OF_SUCCESSES[metric]
    found = []
    for failures in (0, 900):
        kinds = {"status": failures} if failures else {}
        end = make_endpoint(requests=1000, failures=failures, failures_by_kind=kinds, metrics={metric: value})
        run = make_run(9, endpoints=[end])
        past = [make_past_run(1, endpoints=[make_endpoint(metrics={metric: value})])]
        policy = GatePolicy(baseline=BaselinePolicy(min_runs=1))
        verdict = judge(
            [make_budget(metric=metric, fail=limit)], run, choose_baseline(run, past, policy.baseline), policy
        )
        found.append(verdict.findings[0])

    assert [one.outcome for one in found] == [Outcome.PASS, Outcome.INCONCLUSIVE]
    assert f"90% of the requests failed, and this is the {metric} of the others" in found[1].sentence


@pytest.mark.parametrize("metric", ["p95", "size", "queries", "rate"])
def test_runs_that_mostly_failed_are_no_baseline_of_what_their_successes_tell(metric: str):
    ends = [make_endpoint(failures=900, failures_by_kind={"status": 900}, metrics={"size": 9.0, "queries": 9.0})]
    past = [make_past_run(number, endpoints=ends, outcome=Outcome.INCONCLUSIVE) for number in range(5, 0, -1)]
    run = make_run(100, endpoints=[make_endpoint(metrics={"size": 900.0, "queries": 3.0})])
    baseline = choose_baseline(run, past, GatePolicy().baseline)

    assert baseline.runs["list products", metric] == ()
    assert len(baseline.runs["list products", "errors"]) == 5


def test_a_rate_that_only_the_generator_limited_is_not_the_targets():
    assert judged(replace(WELL, cpu=0.96), metric="rate", limit=10.0).outcome is Outcome.INCONCLUSIVE
    assert judged(replace(WELL, cpu=0.80), metric="rate", limit=10.0).outcome is Outcome.PASS


@pytest.mark.parametrize(("sick", "aborted"), [({"dropped": 100}, ""), ({}, "at least 50% of the requests failed")])
def test_what_was_not_measured_cannot_pass_but_can_fail(sick: dict[str, object], aborted: str):
    generator = replace(WELL, **sick)

    assert judged(generator, aborted=aborted).outcome is Outcome.INCONCLUSIVE
    assert judged(generator, aborted=aborted, p95=0.5).outcome is Outcome.FAIL


def test_missing_data_stay_missing():
    run = make_run(1, endpoints=[], generator=replace(WELL, sent=0))
    budget = Budget(endpoint="search", metric="p95", criteria=(Criterion(kind=Kind.ABSOLUTE, limit=0.3, text="300ms"),))
    verdict = judge([budget], run, choose_baseline(run, (), GatePolicy().baseline), GatePolicy())

    assert verdict.outcome is Outcome.NO_DATA
