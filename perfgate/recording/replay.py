"""Recorded arrivals: cut to a time, and as a file that every load-generator process reads."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from math import floor
from pathlib import Path
from typing import NamedTuple

from perfgate.model.budget_file import Stage
from perfgate.model.budget_file.activity import RecordedArrival

Arrivals = tuple[RecordedArrival, ...]


class Due(NamedTuple):
    """`due` in s since the start of the warm-up; `choice` is the number of what is started."""

    due: float
    choice: int
    values: dict[str, str]


def cut(arrivals: Sequence[RecordedArrival], end: float) -> Arrivals:
    """Those that are due before `end` (s)."""
    return tuple(arrival for arrival in arrivals if arrival.due < end)


def only(arrivals: Sequence[RecordedArrival], endpoints: Collection[str]) -> Arrivals:
    return tuple(arrival for arrival in arrivals if arrival.endpoint in endpoints)


def stage(arrivals: Sequence[RecordedArrival], warmup: float, duration: float | None) -> Stage:
    """The mean of what is due after the warm-up: its level times its duration is the exact number of arrivals. Without
    `duration`, in the whole seconds that hold them all."""
    measured = [arrival for arrival in arrivals if arrival.due >= warmup]
    length = duration or float(floor(measured[-1].due - warmup) + 1 if measured else 1)
    return Stage(level=len(measured) / length, duration=length)


def write(path: Path, arrivals: Sequence[RecordedArrival], endpoints: Sequence[str]) -> None:
    """One arrival a line; `endpoints` are what can be started, in order."""
    numbers = {name: number for number, name in enumerate(endpoints)}
    with path.open("w", encoding="utf-8") as file:
        for due, endpoint, values in arrivals:
            file.write(json.dumps([round(due, 6), numbers[endpoint], dict(values)]) + "\n")


def read(path: Path) -> Iterator[Due]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Due(*json.loads(line))
