"""Which runs may be forgotten: the choice is pure, so that `--dry-run` and the deed cannot differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from perfgate.history import times
from perfgate.history.contract import Entry, History
from perfgate.model.run import PastRun
from perfgate.recording.usable import Key, Requests, is_usable, requests


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What to keep. A run goes only if neither `newest` nor `younger_than` keeps it; with neither set, none goes.

    Always kept: accepted runs, and of the baseline branch the newest `baseline_runs` that each series may be judged by.
    So are those of no known branch: outside any repository they are compared with each other.
    """

    newest: int | None = None  # so many of every name and branch
    younger_than: timedelta | None = None
    baseline_branch: str = "main"
    former_branches: tuple[str, ...] = ()  # names that it had before
    baseline_runs: int = 20  # of every name and series


def choose(
    entries: Iterable[Entry], retention: Retention, *, baseline: Collection[str], now: datetime
) -> tuple[str, ...]:
    """The ids to delete. `entries` newest first, as stores list them; `baseline` are the ids that `needed` names; `now`
    with its time zone."""
    if retention.newest is None and retention.younger_than is None:
        return ()
    observed: Counter[tuple[str, str]] = Counter()
    chosen = []
    for entry in entries:
        series = (entry.name, entry.branch)
        observed[series] += 1
        remaining = (
            entry.accepted
            or entry.id in baseline
            or (retention.newest is not None and observed[series] <= retention.newest)
            or (retention.younger_than is not None and _age(entry, now) < retention.younger_than)
        )
        if not remaining:
            chosen.append(entry.id)
    return tuple(chosen)


def needed(past_runs: Sequence[PastRun], number: int) -> frozenset[str]:
    """The ids of the newest `number` runs that each series may be judged by; `past_runs` newest first, of one name and
    branch. Requests that none of the newest `number` runs has sent count no more: nothing is compared with them."""
    alone = [past for past in past_runs if not past.run.arms]
    current = {_sent(past, endpoint.name) for past in alone[:number] for endpoint in past.run.endpoints}
    counted: Counter[tuple[Key, Requests]] = Counter()
    used = set()
    for past in alone:
        for endpoint in past.run.endpoints:
            name, sent = _sent(past, endpoint.name)
            for metric in endpoint.metrics if (name, sent) in current else ():
                series = ((name, metric), sent)
                if counted[series] < number and is_usable(past, series[0]):
                    counted[series] += 1
                    used.add(past.run.id)
    return frozenset(used)


def _sent(past: PastRun, endpoint: str) -> tuple[str, Requests]:
    return endpoint, requests(past.run, endpoint)


def expendable(history: History, retention: Retention, *, now: datetime) -> tuple[str, ...]:
    """The ids that `prune` would delete. Raises HistoryError."""
    entries = history.entries()
    kept = (retention.baseline_branch, *retention.former_branches, "")
    branches = {(entry.name, entry.branch) for entry in entries if entry.branch in kept}
    baseline: set[str] = set()
    for name, branch in branches:
        past_runs = history.runs(name, branch=branch, limit=len(entries))
        baseline |= needed(past_runs, retention.baseline_runs)
    return choose(entries, retention, baseline=baseline, now=now)


def prune(history: History, retention: Retention, *, now: datetime) -> tuple[str, ...]:
    """Deletes what may go; the ids that were deleted. Raises HistoryError."""
    chosen = expendable(history, retention, now=now)
    history.delete(chosen)
    return chosen


def _age(entry: Entry, now: datetime) -> timedelta:
    return now - times.parse(entry.started, origin=f"Run {entry.id}")
