"""Recorded arrivals, cut to a time or to some endpoints, and the stage that says how many they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import floor

from perfgate.model.budget_file.activity import RecordedArrival
from perfgate.model.budget_file.load import Stage

Arrivals = tuple[RecordedArrival, ...]


def due_before(arrivals: Sequence[RecordedArrival], end: float) -> Arrivals:
    """`end` in s since the start of the warm-up."""
    return tuple(arrival for arrival in arrivals if arrival.due < end)


def of_endpoints(arrivals: Sequence[RecordedArrival], endpoints: Collection[str]) -> Arrivals:
    return tuple(arrival for arrival in arrivals if arrival.endpoint in endpoints)


def mean_stage(arrivals: Sequence[RecordedArrival], warmup: float, duration: float | None) -> Stage:
    """The mean of what is due after the warm-up: its level times its duration is the exact number of arrivals. Without
    `duration`, in the whole seconds that hold them all."""
    measured = [arrival for arrival in arrivals if arrival.due >= warmup]
    length = duration or float(floor(measured[-1].due - warmup) + 1 if measured else 1)
    return Stage(level=len(measured) / length, duration=length)
