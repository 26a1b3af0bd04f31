"""Recorded arrivals as a file that every load-generator process reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from perfgate.model.budget_file.activity import RecordedArrival


class Due(NamedTuple):
    """`due` in s since the start of the warm-up; `choice` is the number of what is started."""

    due: float
    choice: int
    values: dict[str, str]


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
