"""Which earlier runs a run is compared with, and what is said about the others."""

from __future__ import annotations

from dataclasses import replace

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
from perfgate.model.budget_file import BaselinePolicy, GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.revision import Revision
from perfgate.model.run import Generator, PastRun, Run, Runner
from perfgate.model.verdict import Baseline
from perfgate.text.notes import bare

KEY = ("list products", "p95")
NOW = make_run(100, branch="faster")


def chosen(*past_runs: PastRun, run: Run = NOW, **policy) -> Baseline:
    """`past_runs` oldest first here, because tests read like histories."""
    return choose_baseline(run, past_runs[::-1], BaselinePolicy(**policy))


def numbers(baseline: Baseline, key: tuple[str, str] = KEY) -> list[int]:
    return [int(past.run.id.removeprefix("run-")) for past in baseline.runs[key]]


def history(*numbers: int, **others) -> list[PastRun]:
    return [make_past_run(number, **others) for number in numbers]


def test_the_newest_runs_of_the_branch_newest_first():
    assert numbers(chosen(*history(1, 2, 3, 4, 5, 6), runs=4)) == [6, 5, 4, 3]
    assert numbers(chosen(*history(1, 2))) == [2, 1]


def test_every_metric_of_every_endpoint_is_a_series():
    run = make_run(9, endpoints=[make_endpoint("search"), make_endpoint("buy", kind="journey")])
    past = make_past_run(1, endpoints=[make_endpoint("search"), make_endpoint("buy", kind="journey")])
    baseline = chosen(past, run=run)
    for name in ("search", "buy"):
        for metric in ("p50", "p95", "errors", "rate", "max"):
            assert numbers(baseline, (name, metric)) == [1]


def test_branch_and_number_needed_come_along():
    baseline = chosen(branch="trunk", min_runs=3)
    assert (baseline.branch, baseline.min_runs, baseline.runs[KEY]) == ("trunk", 3, ())
    assert (baseline.excluded, baseline.notes, baseline.accepted) == ({}, (), frozenset())


# ---- what is left out


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.NO_DATA])
def test_failed_runs_are_no_baseline(outcome):
    assert numbers(chosen(*history(1, 2), *history(3, outcome=outcome), *history(4))) == [4, 2, 1]


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in (Outcome.FAIL, Outcome.NO_DATA)])
def test_all_others_are(outcome):
    assert numbers(chosen(*history(1, outcome=outcome))) == [1]


def test_failed_runs_do_not_use_up_the_limit():
    assert numbers(chosen(*history(1, 2), *history(3, 4, 5, outcome=Outcome.FAIL), runs=2)) == [2, 1]


def test_other_branches_are_left_out():
    assert numbers(chosen(*history(1), *history(2, branch="faster"), *history(3, branch=""), *history(4))) == [4, 1]


def test_another_branch_may_be_the_baselines():
    assert numbers(chosen(*history(1), *history(2, branch="release"), branch="release")) == [2]


def test_runs_on_the_branch_itself_are_compared_with_it():
    assert numbers(chosen(*history(1, 2), run=make_run(3))) == [2, 1]


@pytest.mark.parametrize("started", ["2026-03-01T00:00:00Z", NOW.started, NOW.started.replace("Z", "+00:00")])
def test_runs_that_did_not_begin_earlier_are_left_out(started):
    """Judging an old run again must not compare it with its own future."""
    later = make_past_run(run=make_run(2, started=started))
    assert numbers(chosen(*history(1), later)) == [1]


def test_a_clock_that_is_wrong_is_no_quiet_lack_of_a_baseline():
    """A machine whose clock is behind has all of its history in the future: nothing was compared, and nothing said."""
    late = [make_past_run(run=make_run(number, started=f"2027-01-0{number}T00:00:00Z")) for number in (2, 1)]
    baseline = choose_baseline(NOW, late, BaselinePolicy())
    assert "2 runs began after this one, at 2027-01-02T00:00:00Z" in baseline.excluded["list products"]


def test_the_run_itself_is_left_out():
    itself = make_past_run(run=make_run(100, started="2026-01-01T00:00:00Z"))
    assert numbers(chosen(*history(1), itself)) == [1]


@pytest.mark.parametrize(
    ("started", "earlier"),
    [
        ("2026-01-09T13:00:00+01:00", True),  # 12:00 UTC
        ("2026-01-09T12:00:00.000+00:00", True),
        ("2026-01-09T12:00:00", True),
        ("2026-01-09T13:00:00Z", False),
        ("2026-01-09T12:00:00-01:00", False),
        ("2026-01-09T13:00:00", False),
    ],
)
def test_times_are_compared_as_times_whatever_their_zone(started, earlier):
    run = make_run(100, branch="faster", started="2026-01-09T13:00:00Z")
    past = make_past_run(run=make_run(1, started=started))
    assert numbers(chosen(past, run=run)) == ([1] if earlier else [])


def test_interrupted_runs_are_left_out_even_if_accepted():
    accepted = history(3, interrupted=True, acceptances=[make_acceptance()])
    baseline = chosen(*history(1), *history(2, interrupted=True), *accepted)
    assert (numbers(baseline), baseline.accepted) == ([1], frozenset())


def test_runs_without_this_metric_are_left_out():
    without = make_endpoint(metrics={}, latency=make_endpoint(requests=0).latency)
    assert KEY[1] not in without.metrics
    assert numbers(chosen(*history(1), make_past_run(2, endpoints=[without]), *history(3))) == [3, 1]


def test_runs_without_this_endpoint_are_left_out():
    assert numbers(chosen(*history(1), make_past_run(2, endpoints=[make_endpoint("search")]))) == [1]


def test_another_load_does_not_compare():
    other = make_conditions(load_digest="l2", load="open 50/s for 10 s")
    baseline = chosen(*history(1), *history(2, conditions=other), *history(3))
    assert numbers(baseline) == [3, 1]
    assert baseline.excluded == {
        "list products": "1 of 3 runs do not compare: the load changed from open 50/s for 10 s"
    }
    assert baseline.notes == ()  # the newest run had the same load


def test_another_request_does_not_compare_and_leaves_other_endpoints_alone():
    def made(number: int, digest: str) -> PastRun:
        conditions = make_conditions(endpoint_digests={"a": {"request": digest}, "b": {"request": "r1"}})
        return make_past_run(number, endpoints=[make_endpoint("a"), make_endpoint("b")], conditions=conditions)

    baseline = chosen(made(1, "old"), made(2, "old"), made(3, "new"), run=made(100, "new").run)
    assert (numbers(baseline, ("a", "p95")), numbers(baseline, ("b", "p95"))) == ([3], [3, 2, 1])
    assert baseline.excluded == {"a": "2 of 3 runs do not compare: its request changed"}


def test_all_parts_that_changed_are_named():
    def conditions(**digests: str):
        return make_conditions(endpoint_digests={"list products": digests})

    before = make_past_run(1, conditions=conditions(request="1", body="1", values="1"))
    run = make_run(100, conditions=conditions(request="1", body="2", headers="1"))
    assert chosen(before, run=run).excluded["list products"].endswith("its body, values and headers changed")


# ---- acceptances


def test_an_acceptance_starts_the_series_anew():
    baseline = chosen(*history(1, 2), *history(3, acceptances=[make_acceptance()]), *history(4, 5))
    assert numbers(baseline) == [5, 4, 3]
    assert KEY in baseline.accepted


def test_an_accepted_run_counts_even_if_it_failed():
    accepted = make_past_run(3, outcome=Outcome.FAIL, failed=[KEY], acceptances=[make_acceptance()])
    baseline = chosen(*history(1, 2), accepted, *history(4, outcome=Outcome.FAIL))
    assert numbers(baseline) == [3]
    assert KEY in baseline.accepted


def test_the_latest_acceptance_counts():
    first, second = (history(number, acceptances=[make_acceptance()]) for number in (2, 4))
    assert numbers(chosen(*history(1), *first, *history(3), *second, *history(5))) == [5, 4]


@pytest.mark.parametrize(
    ("accepted", "p95", "p50", "other"),
    [
        (make_acceptance(), [3, 2], [3, 2], [3, 2]),
        (make_acceptance("list products"), [3, 2], [3, 2], [3, 1]),
        (make_acceptance("list products", "p95"), [3, 2], [3, 1], [3, 1]),
        (make_acceptance("", "p95"), [3, 2], [3, 1], [3, 2]),
        (make_acceptance("nobody"), [3, 1], [3, 1], [3, 1]),
    ],
    ids=lambda one: f"{one.endpoint}-{one.metric}" if hasattr(one, "metric") else "",
)
def test_an_acceptance_is_of_what_it_says(accepted, p95, p50, other):
    """Run 2 failed: whatever is not accepted is left out of it."""
    ends = [make_endpoint("list products"), make_endpoint("search")]
    past = [
        make_past_run(1, endpoints=ends),
        make_past_run(2, endpoints=ends, outcome=Outcome.FAIL, acceptances=[accepted]),
        make_past_run(3, endpoints=ends),
    ]
    baseline = chosen(*past, run=make_run(100, endpoints=ends))
    assert numbers(baseline, ("list products", "p95")) == p95
    assert numbers(baseline, ("list products", "p50")) == p50
    assert numbers(baseline, ("search", "p95")) == other
    assert (("search", "p95") in baseline.accepted) is (other == [3, 2])


def test_an_acceptance_beyond_the_limit_does_not_matter():
    baseline = chosen(*history(1, acceptances=[make_acceptance()]), *history(2, 3), runs=2)
    assert (numbers(baseline), baseline.accepted) == ([3, 2], frozenset())


def test_an_acceptance_under_another_load_does_not_matter():
    other = history(2, acceptances=[make_acceptance()], conditions=make_conditions(load_digest="l2"))
    baseline = chosen(*history(1), *other, *history(3))
    assert (numbers(baseline), baseline.accepted) == ([3, 1], frozenset())


# ---- outside git


def test_without_git_runs_without_a_branch_are_compared():
    nowhere = Revision()
    past = [make_past_run(number, revision=nowhere) for number in (1, 2)]
    baseline = chosen(*past, *history(3), run=make_run(100, revision=nowhere))
    assert (numbers(baseline), baseline.branch) == ([2, 1], "")


def test_a_run_of_no_branch_is_compared_with_the_baseline_branch_where_there_are_no_others():
    baseline = chosen(*history(1, 2), run=make_run(100, revision=Revision()))
    assert (numbers(baseline), baseline.branch) == ([2, 1], "main")


def test_another_definition_of_latency_is_not_compared():
    k6 = make_conditions(latency="k6 http_req_duration")
    baseline = chosen(*history(1, 2), *history(3, conditions=k6), *history(4))
    assert numbers(baseline) == [4, 2, 1]
    assert "latency was something else, k6 http_req_duration" in baseline.excluded["list products"]
    newest = chosen(*history(1), *history(2, conditions=k6))
    assert [note for note in newest.notes if "Latency meant k6 http_req_duration before" in note]


def test_a_detached_head_is_compared_with_the_branch():
    baseline = chosen(*history(1), run=make_run(100, revision=make_revision(branch="")))
    assert (numbers(baseline), baseline.branch) == ([1], "main")


# ---- runs of another load or target


def sentence(*past_runs: PastRun, run: Run = NOW) -> str:
    return judge([make_budget(fail="+10%")], run, chosen(*past_runs, run=run), GatePolicy()).findings[0].sentence


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"generator": Generator(due=1000, sent=300)}, "it made only 30% of the planned starts"),
        ({"generator": Generator(due=1000, sent=1000, dropped=700)}, "it dropped 70% of the planned starts"),
        ({"generator": Generator(workers=2, workers_lost=1)}, "a process of its load generator was lost"),
        ({"generator": Generator(unsent={"ports": 500})}, "its load generator lacked ports, files or memory"),
        ({"aborted": "50 % of the requests failed"}, "its load was ended early"),
        ({"interrupted": True}, "it was interrupted"),
    ],
)
def test_runs_without_the_planned_load_are_left_out_whatever_came_of_them(others: dict, words: str):
    """The gate did not judge them: they are no measure for later ones, accepted or not."""
    short = history(2, 3, 4, 5, 6, 7, **others)
    accepted = history(8, acceptances=[make_acceptance()], **others)
    assert numbers(chosen(*history(1), *short, *accepted)) == [1]
    assert sentence(*history(1), *short).endswith(
        f"no baseline yet: 1 earlier run on main, 5 needed (6 of 7 runs do not compare: {words})."
    )


def test_a_run_after_such_runs_does_not_fail_by_them():
    light = [
        make_past_run(number, p95=0.07, generator=Generator(due=1000, sent=300), outcome=Outcome.INCONCLUSIVE)
        for number in range(1, 7)
    ]
    found = judge([make_budget(fail="+10%")], NOW, chosen(*light), GatePolicy()).findings[0]
    assert found.outcome is Outcome.NO_BASELINE


NOW_AT_A = make_run(100, branch="faster", conditions=make_conditions(host="a.test", rates={"list products": 50.0}))


def conditions_of(host: str = "a.test", rate: float = 50.0):
    return make_conditions(host=host, rates={"list products": rate})


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"host": "b.test"}, "it was sent to b.test"),
        ({"rate": 10.0}, "its share of the load changed from 10 to 50"),
    ],
)
def test_another_host_or_share_of_the_load_does_not_compare(other: dict, words: str):
    past = [make_past_run(number, conditions=conditions_of(**other)) for number in range(1, 6)]
    alike = make_past_run(6, conditions=conditions_of())
    assert numbers(chosen(*past, alike, run=NOW_AT_A)) == [6]
    assert sentence(*past, alike, run=NOW_AT_A).endswith(
        f"1 earlier run on main, 5 needed (5 of 6 runs do not compare: {words})."
    )


@pytest.mark.parametrize("past", [conditions_of(rate=50.2), conditions_of(host=""), conditions_of(rate=0.0)])
def test_rounding_and_what_an_older_run_does_not_know_is_no_difference(past):
    assert numbers(chosen(make_past_run(1, conditions=past), run=NOW_AT_A)) == [1]


def test_another_host_is_noted():
    before = make_past_run(1, conditions=conditions_of(host="b.test"))
    assert chosen(before, run=NOW_AT_A).notes == (
        "The load went to b.test before, and to a.test now. Such runs are not compared. [PG-C003]",
    )


# ---- notes for people


def notes(before: dict, now: dict) -> tuple[str, ...]:
    return tuple(map(bare, chosen(make_past_run(1, **before), run=make_run(100, **now)).notes))


def test_nothing_changed_nothing_to_note():
    assert notes({}, {}) == ()


def test_a_changed_load_is_noted():
    before = {"conditions": make_conditions(load_digest="l2", load="open 50/s for 10 s")}
    assert notes(before, {}) == (
        "The load changed: open 50/s for 10 s -> open 200/s for 30 s after 5 s warm-up. Runs before that are not compared.",
    )


def test_new_and_gone_endpoints_are_noted():
    before = {"endpoints": [make_endpoint(name) for name in ("a", "b", "c")]}
    now = {"endpoints": [make_endpoint(name) for name in ("c", "d", "e", "f")]}
    assert notes(before, now) == ("New since the last baseline run: d, e and f.", "No longer sent: a and b.")


def test_many_new_endpoints_are_counted():
    now = {"endpoints": [make_endpoint(f"e{number}") for number in range(8)]}
    before = {"endpoints": [make_endpoint("e0")]}
    assert notes(before, now) == ("New since the last baseline run: e1, e2, e3, e4, e5 and 2 more.",)


def test_changed_requests_are_noted_once_for_each_kind_of_change():
    def conditions(headers: str, body: str) -> dict:
        digests = {f"e{number}": {"request": "r", "headers": headers} for number in range(8)}
        return {"conditions": replace(make_conditions(), endpoint_digests={**digests, "order": {"body": body}})}

    assert notes(conditions("h0", "b0"), conditions("h1", "b1")) == (
        "e0, e1, e2, e3, e4 and 3 more: their headers changed, so earlier runs of them are not compared.",
        "order: its body changed, so earlier runs of it are not compared.",
    )


def test_a_changed_request_is_noted():
    assert notes({"conditions": make_conditions(digest="r0")}, {}) == (
        "list products: its request changed, so earlier runs of it are not compared.",
    )


def test_another_runner_is_noted():
    before = {"conditions": make_conditions(runner=Runner(cpu="Old CPU", cores=2))}
    assert notes(before, {}) == ("The baseline was measured on another runner: 2 x Old CPU, now 4 x Test CPU.",)
    assert notes({"conditions": make_conditions(runner=Runner())}, {}) == ()


def test_another_browser_is_noted():
    before, now, patched = (
        {"conditions": replace(make_conditions(), versions={"chromium": version})}
        for version in ("149.0.7827.53", "150.0.1.2", "149.0.7827.99")
    )

    assert notes(before, now) == ("The baseline's pages were viewed in Chromium 149, now in Chromium 150.",)
    assert notes(before, patched) == notes({}, now) == ()


def test_notes_are_about_the_newest_run_of_the_branch():
    old = make_past_run(1, conditions=make_conditions(load_digest="l2"))
    elsewhere = make_past_run(3, branch="other", conditions=make_conditions(load_digest="l3"))
    assert chosen(old, *history(2), elsewhere).notes == ()
