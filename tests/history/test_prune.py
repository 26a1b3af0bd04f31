from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import make_acceptance, make_conditions, make_endpoint, make_past_run, make_run

from perfgate import history
from perfgate.gate import choose_baseline
from perfgate.history import Entry
from perfgate.history.prune import Retention, choose, needed, prune
from perfgate.model.budget_file import BaselinePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def entry(
    age: int, *, branch: str = "topic", name: str = "shop", outcome: Outcome = Outcome.PASS, accepted: bool = False
) -> Entry:
    """A run that is so many days old; its id is its age and, unless it is "shop", its name."""
    return Entry(
        id=f"{age}{name.removeprefix('shop')}",
        name=name,
        branch=branch,
        commit="",
        started=(NOW - timedelta(days=age)).isoformat(),
        outcome=outcome,
        accepted=accepted,
    )


def main(age: int, outcome: Outcome = Outcome.PASS, *, accepted: bool = False) -> Entry:
    return entry(age, branch="main", outcome=outcome, accepted=accepted)


def past_run(one: Entry) -> PastRun:
    accepted = [make_acceptance()] if one.accepted else []
    return make_past_run(run=make_run(id=one.id, started=one.started), outcome=one.outcome, acceptances=accepted)


DAYS = timedelta(days=1)

CASES: dict[str, tuple[list[Entry], Retention, tuple[str, ...]]] = {
    "nothing asked for": ([entry(1), entry(1000)], Retention(), ()),
    "nothing there": ([], Retention(newest=1), ()),
    "the newest stay": ([entry(1), entry(2), entry(3)], Retention(newest=2), ("3",)),
    "none stay": ([entry(1), entry(2)], Retention(newest=0), ("1", "2")),
    "every branch counts for itself": (
        [entry(1, branch="a"), entry(2, branch="b"), entry(3, branch="a"), entry(4, branch="")],
        Retention(newest=1),
        ("3",),
    ),
    "every name counts for itself": (
        [entry(1), entry(2, name="api"), entry(3, name="api"), entry(4)],
        Retention(newest=1),
        ("3api", "4"),
    ),
    "the young stay": ([entry(1), entry(29), entry(30), entry(31)], Retention(younger_than=30 * DAYS), ("30", "31")),
    "what either rule keeps stays": (
        [entry(1), entry(2), entry(40), entry(50)],
        Retention(newest=1, younger_than=30 * DAYS),
        ("40", "50"),
    ),
    "the newest stay, however old": ([entry(40), entry(50)], Retention(newest=1, younger_than=30 * DAYS), ("50",)),
    "accepted runs stay": ([entry(1), entry(2, accepted=True), entry(3)], Retention(newest=0), ("1", "3")),
    "the baseline stays": (
        [main(1), main(2), entry(3), main(4)],
        Retention(newest=0, baseline_runs=2),
        ("3", "4"),
    ),
    "where no branch is known, those are the baseline": (
        [entry(1, branch=""), main(2), entry(3, branch="")],
        Retention(newest=0, baseline_runs=1),
        ("3",),
    ),
    "the baseline branch may have another name": (
        [main(1), entry(2, branch="trunk")],
        Retention(newest=0, baseline_branch="trunk"),
        ("1",),
    ),
    "runs that cannot serve as a baseline do not crowd it out": (
        [main(1, Outcome.FAIL), main(2, Outcome.NO_DATA), main(3), main(4, Outcome.WARN), main(5)],
        Retention(newest=0, baseline_runs=2),
        ("1", "2", "5"),
    ),
    "an accepted failure can serve as a baseline": (
        [main(1, Outcome.FAIL, accepted=True), main(2), main(3)],
        Retention(newest=0, baseline_runs=2),
        ("3",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_which_runs_may_go(name: str) -> None:
    entries, retention, expected = CASES[name]
    branches = {one.branch for one in entries} & {retention.baseline_branch, ""}
    past_runs = [[past_run(one) for one in entries if one.branch == branch] for branch in sorted(branches)]
    baseline = {run_id for each in past_runs for run_id in needed(each, retention.baseline_runs)}
    assert choose(entries, retention, baseline=baseline, now=NOW) == expected


def test_the_chosen_runs_are_deleted(tmp_path: Path) -> None:
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        for number in range(1, 6):
            store.save(make_past_run(number, branch="topic"))
        store.accept("run-0001", make_acceptance())
        assert prune(store, Retention(newest=2), now=NOW) == ("run-0003", "run-0002")
        assert [each.id for each in store.entries()] == ["run-0005", "run-0004", "run-0001"]
        assert prune(store, Retention(newest=2), now=NOW) == ()


def test_runs_of_the_baselines_branch_from_before_it_was_renamed_stay(tmp_path: Path) -> None:
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        for number, branch in enumerate(["master", "master", "topic", "main"]):
            store.save(make_past_run(number + 1, branch=branch))
        kept = Retention(newest=0, former_branches=("master",))
        assert prune(store, kept, now=NOW) == ("run-0003",)


def test_the_file_gets_smaller(tmp_path: Path) -> None:
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        for number in range(1, 41):
            store.save(make_past_run(number, branch="topic"))
    full = (tmp_path / "history.db").stat().st_size
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        prune(store, Retention(newest=1), now=NOW)
    assert (tmp_path / "history.db").stat().st_size < full / 2


def two(number: int, **others: Any) -> PastRun:
    """A run of two endpoints."""
    return make_past_run(number, run=make_run(number, endpoints=[make_endpoint("a"), make_endpoint("b")]), **others)


def test_an_endpoint_that_fails_for_long_leaves_the_others_their_baseline(tmp_path: Path) -> None:
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        for number in range(1, 31):
            store.save(two(number, outcome=Outcome.FAIL, failed=[("a", "p95")] if number > 3 else [("b", "p95")]))
        prune(store, Retention(newest=2, baseline_runs=5), now=NOW)
        left = [past.run.id for past in store.runs("shop", branch="main")]
        after = choose_baseline(two(31).run, store.runs("shop"), BaselinePolicy(runs=5))
    assert left == [f"run-{number:04d}" for number in (30, 29, 28, 27, 26, 3, 2, 1)]
    assert len(after.runs["b", "p95"]) == 5
    assert len(after.runs["a", "p95"]) == 3


def test_runs_of_requests_that_are_sent_no_more_may_go() -> None:
    old = [make_past_run(number, run=make_run(number, conditions=make_conditions(digest="r0"))) for number in (2, 1)]
    assert needed([make_past_run(5), make_past_run(4), make_past_run(3), *old], 3) == {
        "run-0005",
        "run-0004",
        "run-0003",
    }


def test_a_single_run_of_another_load_does_not_cost_the_baseline() -> None:
    other = make_past_run(9, run=make_run(9, conditions=make_conditions(load_digest="once")))
    assert needed([other, make_past_run(2), make_past_run(1)], 2) == {"run-0009", "run-0002", "run-0001"}
