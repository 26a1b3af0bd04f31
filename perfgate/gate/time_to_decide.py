"""When a run ends that goes on until everything is decided, and how long that usually takes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from perfgate.model.run import PastRun
from perfgate.model.verdict import Finding, Verdict

MIN_RUNS = 3  # runs that say what is usual
MAX_RUNS = 20  # runs that count: older ones were decided by fewer earlier runs


def decidable(verdict: Verdict, sent: int, limit: int) -> tuple[Finding, ...]:
    """The undecided findings that more of the load would probably decide: it was `sent` so many times, and may be sent
    `limit` times in all."""
    return tuple(finding for finding in verdict.findings if finding.more is not None and finding.more * sent <= limit)


def time_to_decide(past_runs: Sequence[PastRun], load_digest: str, *, side_by_side: bool) -> float | None:
    """The median of their measured time, in seconds; None with too few runs of this load that could go on.

    `past_runs` newest first; `side_by_side` for A/B runs.
    """
    durations = [
        past.run.duration
        for past in past_runs
        if past.run.looks > 1
        and bool(past.run.arms) is side_by_side
        and past.run.conditions.load_digest == load_digest
        and not (past.run.interrupted or past.run.aborted)
    ][:MAX_RUNS]
    return median(durations) if len(durations) >= MIN_RUNS else None
