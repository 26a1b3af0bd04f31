"""Which runs may be forgotten: the choice is pure, so that `--dry-run` and the deed cannot differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from perfgate.history import Entry, History, times
from perfgate.model.outcome import NEVER_A_BASELINE


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What to keep. A run goes only if neither `newest` nor `younger_than` keeps it; with neither set, none goes.

    Always kept: accepted runs, and of the baseline branch the newest `baseline_runs` that can serve as a baseline.
    So are those of no known branch: outside any repository they are compared with each other.
    """

    newest: int | None = None  # so many of every name and branch
    younger_than: timedelta | None = None
    baseline_branch: str = "main"
    baseline_runs: int = 20  # of every name


def choose(entries: Iterable[Entry], retention: Retention, *, now: datetime) -> tuple[str, ...]:
    """The ids to delete. `entries` newest first, as stores list them; `now` with its time zone."""
    if retention.newest is None and retention.younger_than is None:
        return ()
    seen: Counter[tuple[str, str]] = Counter()
    fit: Counter[tuple[str, str]] = Counter()
    chosen = []
    for entry in entries:
        series = (entry.name, entry.branch)
        serves = entry.branch in (retention.baseline_branch, "") and (
            entry.outcome not in NEVER_A_BASELINE or entry.accepted
        )
        seen[series] += 1
        fit[series] += serves
        kept = (
            entry.accepted
            or (serves and fit[series] <= retention.baseline_runs)
            or (retention.newest is not None and seen[series] <= retention.newest)
            or (retention.younger_than is not None and _age(entry, now) < retention.younger_than)
        )
        if not kept:
            chosen.append(entry.id)
    return tuple(chosen)


def prune(history: History, retention: Retention, *, now: datetime) -> tuple[str, ...]:
    """Deletes what `choose` chooses; the ids that were deleted. Raises HistoryError."""
    chosen = choose(history.entries(), retention, now=now)
    history.delete(chosen)
    return chosen


def _age(entry: Entry, now: datetime) -> timedelta:
    return now - times.parse(entry.started, origin=f"Run {entry.id}")
