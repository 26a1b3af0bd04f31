"""The sentence of a finding, word for word: it is what people read in their pull request."""

from __future__ import annotations

import pytest
from builders import (
    make_acceptance,
    make_budget,
    make_conditions,
    make_endpoint,
    make_past_run,
    make_revision,
    make_run,
)

from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, PastRun, Revision, Run


def sentence(budget, run: Run, past: list[PastRun] | None = None) -> str:
    policy = GatePolicy()
    baseline = choose_baseline(run, (past or [])[::-1], policy.baseline)
    (finding,) = judge([budget], run, baseline, policy).findings
    return finding.sentence


def measured(metric: str, value: float, **others) -> EndpointResult:
    return make_endpoint("search", metrics={metric: value}, **others)


@pytest.mark.parametrize(
    ("metric", "fail", "warn", "earlier", "now", "expected"),
    [
        ("p95", "300ms", "", None, 0.131, "search p95 131 ms: within the limit of 300 ms."),
        ("p95", "120ms", "", None, 0.131, "search p95 131 ms: over the limit of 120 ms."),
        (
            "p95",
            "120ms",
            "100ms",
            None,
            0.11,
            "search p95 110 ms: within the limit of 120 ms; over the warning limit of 100 ms.",
        ),
        (
            "p95",
            "120ms",
            "100ms",
            None,
            0.09,
            "search p95 90 ms: within the limit of 120 ms; within the warning limit of 100 ms.",
        ),
        (
            "p95",
            "120ms +10%",
            "",
            0.082,
            0.1312,
            "search p95 131 ms: over the limit of 120 ms; +60 % against the baseline of 82 ms (median of 5 runs on main), "
            "over the limit of +10%.",
        ),
        (
            "p95",
            "300ms +10%",
            "+5%",
            0.1,
            0.107,
            "search p95 107 ms: within the limit of 300 ms; +7 % against the baseline of 100 ms (median of 5 runs on main), "
            "within the limit of +10%, over the warning limit of +5%.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.1,
            0.08,
            "search p95 80 ms: -20 % against the baseline of 100 ms (median of 5 runs on main), within the limit of +10%.",
        ),
        (
            "p95",
            "300ms",
            "",
            0.1,
            0.12,
            "search p95 120 ms: within the limit of 300 ms; +20 % against the baseline of 100 ms (median of 5 runs on main).",
        ),
        (
            "p95",
            "+20ms",
            "",
            0.1,
            0.125,
            "search p95 125 ms: +25 ms against the baseline of 100 ms (median of 5 runs on main), over the limit of +20ms.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.010,
            0.013,
            "search p95 13 ms: +30 % against the baseline of 10 ms (median of 5 runs on main), a rise of less than 5 ms "
            "does not count.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.1,
            0.1,
            "search p95 100 ms: the same as the baseline of 100 ms (median of 5 runs on main), within the limit of +10%.",
        ),
        (
            "errors",
            "5% +0.5pp",
            "",
            0.01,
            0.03,
            "search errors 3 %: within the limit of 5 %; +2 pp against the baseline of 1 % (median of 5 runs on main), "
            "over the limit of +0.5pp. 30 of 1,000 requests failed (status 28, timeout 2; for example status: 500).",
        ),
        (
            "errors",
            "5% +10%",
            "",
            0.0,
            0.03,
            "search errors 3 %: within the limit of 5 %; +3 pp against the baseline of 0 % (median of 5 runs on main), "
            "over the limit of +10%. 30 of 1,000 requests failed (status 28, timeout 2; for example status: 500).",
        ),
        (
            "errors",
            "1% +0.5pp",
            "",
            0.0,
            0.0,
            "search errors 0 %: within the limit of 1 %; the same as the baseline of 0 % (median of 5 runs on main), "
            "within the limit of +0.5pp.",
        ),
        ("rate", "150/s", "", None, 140.0, "search rate 140/s: under the minimum of 150/s."),
        ("rate", "150/s", "", None, 160.0, "search rate 160/s: meets the minimum of 150/s."),
        (
            "rate",
            "-5%",
            "",
            200.0,
            180.0,
            "search rate 180/s: -10 % against the baseline of 200/s (median of 5 runs on main), below the limit of -5%.",
        ),
        ("size", "40kB", "", None, 51_200.0, "search size 51.2 kB: over the limit of 40 kB."),
    ],
)
def test_sentences(metric, fail, warn, earlier, now, expected):
    past = [make_past_run(number, endpoints=[measured(metric, earlier or 0.0)]) for number in range(1, 6)]
    failures = {}
    if metric == "errors" and now:
        failures = {
            "failures": 30,
            "failures_by_kind": {"status": 28, "timeout": 2},
            "failure_examples": ("status: 500", "no complete answer within 10 s"),
        }
    run = make_run(100, endpoints=[measured(metric, now, **failures)])
    assert (
        sentence(make_budget("search", metric, fail, warn=warn), run, past if earlier is not None else []) == expected
    )


def search(number: int, **others) -> PastRun:
    return make_past_run(number, endpoints=[make_endpoint("search", p95=0.1)], **others)


NOW = make_run(100, endpoints=[make_endpoint("search", p95=0.1)])


@pytest.mark.parametrize(("runs", "have"), [(0, "0 runs"), (1, "1 run"), (4, "4 runs")])
def test_without_a_baseline_it_says_what_is_missing(runs, have):
    past = [search(number) for number in range(1, runs + 1)]
    assert sentence(make_budget("search", fail="300ms +10%"), NOW, past) == (
        f"search p95 100 ms: within the limit of 300 ms; no baseline yet: {have} on record on main, 5 needed."
    )


def test_without_a_baseline_it_says_why_earlier_runs_do_not_count():
    past = [search(number, conditions=make_conditions(endpoints=["search"], digest="r0")) for number in range(1, 7)]
    assert sentence(make_budget("search", fail="+10%"), NOW, past) == (
        "search p95 100 ms: no baseline yet: 0 runs on record on main, 5 needed "
        "(6 of 6 runs do not compare: its request changed)."
    )


def test_outside_git_there_is_no_branch_to_name():
    nowhere = {"revision": Revision()}
    past = [search(number, **nowhere) for number in range(1, 6)]
    run = make_run(100, endpoints=NOW.endpoints, **nowhere)
    assert sentence(make_budget("search", fail="+10%"), run, past).endswith(
        "(median of 5 runs), within the limit of +10%."
    )
    assert sentence(make_budget("search", fail="+10%"), run).endswith("no baseline yet: 0 runs on record, 5 needed.")


def test_a_single_accepted_run_is_no_median():
    past = [search(1, outcome=Outcome.FAIL, acceptances=[make_acceptance()])]
    assert sentence(make_budget("search", fail="+10%"), NOW, past) == (
        "search p95 100 ms: the same as the baseline of 100 ms (1 run on main), within the limit of +10%."
    )


def test_nothing_was_sent():
    for run in (make_run(endpoints=[]), make_run(endpoints=[EndpointResult(name="search")])):
        assert sentence(make_budget("search"), run) == "search: no requests were measured, so its p95 cannot be judged."


def test_everything_failed():
    result = EndpointResult(
        name="search",
        requests=1200,
        failures=1200,
        failures_by_kind={"connection": 1100, "status": 100},
        failure_examples=("connection refused", "status: 503"),
        metrics={"errors": 1.0, "rate": 0.0},
    )
    assert sentence(make_budget("search"), make_run(endpoints=[result])) == (
        "search: all 1,200 requests failed (connection 1,100, status 100; for example connection refused), so there is no "
        "p95 to judge."
    )


def test_what_is_not_measured_is_not_said_to_have_failed():
    result = make_endpoint("search", kind="journey")
    assert sentence(make_budget("search", "size", "1kB"), make_run(endpoints=[result])) == (
        "search: its size was not measured, so it cannot be judged."
    )


def test_a_detached_head_is_still_compared_with_main():
    run = make_run(100, endpoints=NOW.endpoints, revision=make_revision(branch=""))
    assert "median of 5 runs on main" in sentence(
        make_budget("search", fail="+10%"), run, [search(number) for number in range(1, 6)]
    )
