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
from perfgate.gate.comparison import Comparison
from perfgate.gate.verdict import sentences
from perfgate.model.budget_file import GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.revision import Revision
from perfgate.model.run import Distribution, EndpointResult, PastRun, Run
from perfgate.model.verdict import Baseline


def sentence(budget, run: Run, past: list[PastRun] | None = None) -> str:
    policy = GatePolicy()
    baseline = choose_baseline(run, (past or [])[::-1], policy.baseline)
    (finding,) = judge([budget], run, baseline, policy).findings
    return finding.sentence


def measured(metric: str, value: float, **others) -> EndpointResult:
    """Percentiles with the distribution that they belong to, errors with their counts."""
    if metric == "p95":
        return make_endpoint("search", p95=value, **others)
    if metric == "errors":
        return make_endpoint("search", **{"requests": 1000, "failures": round(1000 * value), **others})
    return make_endpoint("search", metrics={metric: value}, **others)


@pytest.mark.parametrize(
    ("metric", "fail", "warn", "earlier", "now", "expected"),
    [
        ("p95", "300ms", "", None, 0.131, "search p95 131 ms: within the limit of 300 ms."),
        ("p95", "100ms", "", None, 0.131, "search p95 131 ms: over the limit of 100 ms."),
        (
            "p95",
            "120ms",
            "",
            None,
            0.121,
            "search p95 121 ms: over the limit of 120 ms, but not surely: about 27,000 requests (14 minutes at this rate) would show it.",
        ),
        (
            "p95",
            "150ms",
            "100ms",
            None,
            0.12,
            "search p95 120 ms: within the limit of 150 ms; over the warning limit of 100 ms.",
        ),
        (
            "p95",
            "120ms",
            "100ms",
            None,
            0.08,
            "search p95 80 ms: within the limit of 120 ms; within the warning limit of 100 ms.",
        ),
        (
            "p95",
            "100ms +10%",
            "",
            0.082,
            0.1312,
            "search p95 82 to 131 ms, +60 % (95 % interval +53 to +67 %), over the limit of +10%; over the limit of 100 ms.",
        ),
        (
            "p95",
            "300ms +20%",
            "+5%",
            0.1,
            0.107,
            "search p95 100 to 107 ms, +7 % (95 % interval +2.5 to +12 %), within the limit of +20%, over the warning limit of +5%; within the limit of 300 ms.",
        ),
        ("p95", "+10%", "", 0.1, 0.08, "search p95 100 to 80 ms, -20 % (95 % interval -23 to -16 %), an improvement."),
        (
            "p95",
            "300ms",
            "",
            0.1,
            0.12,
            "search p95 100 to 120 ms, +20 % (95 % interval +15 to +25 %); within the limit of 300 ms.",
        ),
        (
            "p95",
            "+20ms",
            "",
            0.1,
            0.125,
            "search p95 100 to 125 ms, +25 ms (95 % interval +19.8 to +30.5 ms), over the limit of +20ms.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.0015,
            0.00195,
            "search p95 1.5 to 1.95 ms, +30 % (95 % interval +25 to +36 %), 0.45 ms is under the floor of 1 ms, so the limit of +10% does not count.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.001,
            0.00115,
            "search p95 1 to 1.15 ms, +15 % (95 % interval +10 to +20 %), 0.15 ms is under the floor of 1 ms, so the limit of +10% does not count.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.1,
            0.1,
            "search p95 100 ms as before, 0 % (95 % interval -4.2 to +4.4 %), within the limit of +10%.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.1,
            0.103,
            "search p95 100 to 103 ms, +3 % (95 % interval -1.3 to +7.5 %), within the limit of +10%.",
        ),
        (
            "p95",
            "+10%",
            "",
            0.1,
            0.109,
            "search p95 100 to 109 ms, +9 % (95 % interval +4.4 to +14 %), within the limit of +10%.",
        ),
        (
            "p95",
            "+3%",
            "",
            0.1,
            0.104,
            "search p95 100 to 104 ms, +4 % (95 % interval -0.4 to +8.6 %), limit of +3%: more than that, but it may be chance; `--base-ref` would tell.",
        ),
        (
            "errors",
            "5% +0.5pp",
            "",
            0.01,
            0.03,
            "search errors 1 to 3 %, +2 pp (95 % interval +1.1 to +3.3 pp), over the limit of +0.5pp; within the limit of 5 %. 30 of 1,000 requests failed (28 unexpected status, 2 timed out; for example status: 500).",
        ),
        (
            "errors",
            "5% +10%",
            "",
            0.0,
            0.03,
            "search errors 0 to 3 %, +3 pp (95 % interval +2.1 to +4.3 pp), over the limit of +10%; within the limit of 5 %. 30 of 1,000 requests failed (28 unexpected status, 2 timed out; for example status: 500).",
        ),
        (
            "errors",
            "1% +0.5pp",
            "",
            0.0,
            0.0,
            "search errors 0 % as before, 0 pp (95 % interval 0 to +0.4 pp), within the limit of +0.5pp; within the limit of 1 %.",
        ),
        (
            "errors",
            "5% +0.5pp",
            "",
            0.01,
            0.012,
            "search errors 1 to 1.2 %, +0.2 pp (95 % interval -0.3 to +1.1 pp), within the limit of +0.5pp; within the limit of 5 %.",
        ),
        ("rate", "150/s", "", None, 140.0, "search rate 140/s: under the minimum of 150/s."),
        ("rate", "150/s", "", None, 160.0, "search rate 160/s: meets the minimum of 150/s."),
        (
            "rate",
            "-5%",
            "",
            200.0,
            180.0,
            "search rate 200/s to 180/s, -10 % (95 % interval -14 to -6.1 %), below the limit of -5%.",
        ),
        (
            "rate",
            "-5%",
            "",
            200.0,
            196.0,
            "search rate 200/s to 196/s, -2 % (95 % interval -6.1 to +2.3 %), within the limit of -5%.",
        ),
        ("size", "40kB", "", None, 51200.0, "search size 51.2 kB: over the limit of 40 kB."),
        ("size", "+10%", "", 40000.0, 51200.0, "search size 40 to 51.2 kB, +28 %, over the limit of +10%."),
        ("size", "+10kB", "", 40000.0, 41000.0, "search size 40 to 41 kB, +1 kB, within the limit of +10kB."),
    ],
)
def test_sentences(metric, fail, warn, earlier, now, expected):
    """Beside 20 equal runs, where there are any."""
    past = [make_past_run(number, endpoints=[measured(metric, earlier or 0.0)]) for number in range(1, 21)]
    failures = {}
    if metric == "errors" and now:
        failures = {
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


@pytest.mark.parametrize(
    ("now", "limit", "expected"),
    [
        (720_842, "720841B", "home transfer 720,842 B: over the limit of 720,841 B."),
        (720_842, "720842B", "home transfer 721 kB: within the limit of 721 kB."),
        (720_842, "700kB", "home transfer 721 kB: over the limit of 700 kB."),
    ],
)
def test_bytes_that_read_alike_are_shown_to_the_digit(now, limit, expected):
    page = EndpointResult(name="home", kind="page", requests=5, samples=5, metrics={"transfer": now})

    assert sentence(make_budget("home", "transfer", limit), make_run(endpoints=[page])) == expected


@pytest.mark.parametrize(("runs", "have"), [(0, "0 earlier runs"), (1, "1 earlier run"), (4, "4 earlier runs")])
def test_without_a_baseline_it_says_what_is_missing(runs, have):
    past = [search(number) for number in range(1, runs + 1)]
    assert sentence(make_budget("search", fail="300ms +10%"), NOW, past) == (
        f"search p95 100 ms: no baseline yet: {have} on main, 5 needed; within the limit of 300 ms."
    )


def test_without_a_baseline_it_says_why_earlier_runs_do_not_count():
    past = [search(number, conditions=make_conditions(endpoints=["search"], digest="r0")) for number in range(1, 7)]
    assert sentence(make_budget("search", fail="+10%"), NOW, past) == (
        "search p95 100 ms: no baseline yet: 0 earlier runs on main, 5 needed "
        "(6 of 6 runs do not compare: its request changed)."
    )


def test_outside_git_there_is_no_branch_to_name():
    nowhere = {"revision": Revision()}
    past = [search(number, **nowhere) for number in range(1, 6)]
    run = make_run(100, endpoints=NOW.endpoints, **nowhere)
    assert sentence(make_budget("search", fail="+10%"), run, past).endswith("within the limit of +10%.")
    assert sentence(make_budget("search", fail="+10%"), run).endswith("no baseline yet: 0 earlier runs, 5 needed.")


def test_a_single_accepted_run_tells_no_spread():
    past = [search(1, outcome=Outcome.FAIL, acceptances=[make_acceptance()])]
    now = make_run(100, endpoints=[make_endpoint("search", p95=0.1, design_effects={"p95": 30.0})])
    assert "no regression seen, but this run could have missed a rise of +" in sentence(
        make_budget("search", fail="+10%"), now, past
    )


def test_what_broke_is_said_first():
    """The fixed limit surely, the relative one perhaps: the earlier runs are all over the place."""
    past = [make_past_run(n, endpoints=[measured("p95", 0.08 * (1.6 if n % 2 else 1.0))]) for n in range(1, 9)]
    said = sentence(make_budget("search", "p95", "120ms +10%"), make_run(100, endpoints=[measured("p95", 0.15)]), past)

    change, limit, doubt = said.split("; ")[0].rpartition(", ")[0], "over the limit of 120 ms", said.split("; ")[1]
    assert said.startswith(f"{change}, {limit}; limit of +10%: ")
    assert doubt == "limit of +10%: more than that, but it may be chance"


def test_over_the_limit_is_never_called_no_regression():
    """Whatever the expectation is that a pass would need: the numbers beside the sentence are over the limit."""
    seen = Comparison(
        measured=0.15,
        baseline=0.08,
        change=0.8,
        interval=(0.1, 1.1),
        bound=1.1,
        p_worse=0.2,
        p_better=0.9,
        expected=0.4,
        cure="60 s at this rate would show it",
    )
    budget = make_budget("search", "p95", "+60%")
    context = sentences.FindingContext(
        budget=budget,
        result=make_endpoint("search"),
        comparison=seen,
        criteria=(),
        cures=(),
        floor=0.0,
        baseline=Baseline(branch="main", min_runs=5),
    )

    assert sentences._inconclusive(budget.criteria[0], "limit of +60%", context, seen) == (
        "limit of +60%: more than that, but it may be chance; 60 s at this rate would tell"
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
        "search: all 1,200 requests failed (1,100 no connection, 100 unexpected status; for example connection refused), so there is no "
        "p95 to judge."
    )


def test_what_is_not_measured_is_not_said_to_have_failed():
    result = make_endpoint("search", kind="journey")
    assert sentence(make_budget("search", "size", "1kB"), make_run(endpoints=[result])) == (
        "search: its size was not measured, so it cannot be judged."
    )


def test_a_detached_head_is_still_compared_with_main():
    run = make_run(100, endpoints=NOW.endpoints, revision=make_revision(branch=""))
    assert "100 ms as before" in sentence(
        make_budget("search", fail="+10%"), run, [search(number) for number in range(1, 6)]
    )


def test_timeouts_among_a_stream_s_values_are_said_where_they_count():
    first_messages = Distribution(buckets={1_000_000: 38, 9_000_000: 2})
    result = measured(
        "first_message_p95", 0.131, phases={"first_message": first_messages}, timeouts={"first_message": 2, "queued": 1}
    )
    text = sentence(
        make_budget(endpoint="search", metric="first_message_p95", fail="120ms"), make_run(endpoints=[result])
    )

    assert text.endswith(" 2 of 40 streams had no message: each counts as a timeout.")
