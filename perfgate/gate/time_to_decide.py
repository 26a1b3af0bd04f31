"""How long a run takes that ends when everything is decided, as earlier ones did."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from perfgate.model.run import PastRun

FEWEST = 3  # runs that say what is usual
NEWEST = 20  # runs that count: older ones were decided by fewer earlier runs


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
    ][:NEWEST]
    return median(durations) if len(durations) >= FEWEST else None
