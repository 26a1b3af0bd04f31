from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import make_acceptance, make_past_run

from perfgate import history
from perfgate.history import Entry
from perfgate.history.prune import Retention, choose, prune
from perfgate.model.outcome import Outcome

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
    assert choose(entries, retention, now=NOW) == expected


def test_the_chosen_runs_are_deleted(tmp_path: Path) -> None:
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        for number in range(1, 6):
            store.save(make_past_run(number, branch="topic"))
        store.accept("run-0001", make_acceptance())
        assert prune(store, Retention(newest=2), now=NOW) == ("run-0003", "run-0002")
        assert [each.id for each in store.entries()] == ["run-0005", "run-0004", "run-0001"]
        assert prune(store, Retention(newest=2), now=NOW) == ()


def test_the_file_gets_smaller(tmp_path: Path) -> None:
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        for number in range(1, 41):
            store.save(make_past_run(number, branch="topic"))
    full = (tmp_path / "history.db").stat().st_size
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        prune(store, Retention(newest=1), now=NOW)
    assert (tmp_path / "history.db").stat().st_size < full / 2
