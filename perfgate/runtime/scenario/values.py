"""Where the values of `{name}` come from while the load runs: `between`, `choice`, `rows` and the like.

A source is called once per request and returns one value; `rows` returns a whole row. Random sources draw from one
seeded generator per process, so that two runs of one plan send the same mix. Only `uuid` never repeats itself.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from perfgate.text.tables import filled_rows

Source = Callable[[], Any]


class OutOfRows(Exception):
    """Every row of data that is used once, or by one user only, is used up: there is nothing left to send. Its
    argument is the file's name."""


@dataclass
class Share:
    """Which part of numbered things is this process's: every `count`-th from `index`, beginning at `first`. And its
    random numbers. `used` is how many numbers the busiest source has given."""

    index: int = 0
    count: int = 1
    first: int = 0
    used: int = 0
    random: Random = field(default_factory=lambda: Random(1))

    def become(self, index: int, count: int, seed: int, first: int = 0) -> None:
        self.index, self.count, self.first = index, count, first
        self.random.seed(f"{seed}/{index}")

    @property
    def end(self) -> int:
        """A number that no source of this process has given yet, nor any greater one."""
        return self.first + self.used * self.count


share = Share()  # of this process; the conductor sets it before the load starts


def between(low: float, high: float) -> Source:
    """A number from low to high, both included: whole if both are whole."""
    if isinstance(low, int) and isinstance(high, int):
        first, number = int(low), int(high) - int(low) + 1
        return lambda: first + int(share.random.random() * number)
    return lambda: share.random.uniform(low, high)


def choice(*options: Any) -> Source:
    """One of the options, each as likely."""
    return lambda: share.random.choice(options)


def uuid() -> Source:
    """A random UUID (version 4) as text. From the system's randomness, never from the seed: what a run has created
    under one must not be met again by another run, process, arm or part."""
    return lambda: str(uuid4())


def sequence(start: int = 1, step: int = 1) -> Source:
    """start, start + step, ...: no number twice in a run, whatever the number of processes."""
    numbers = _numbers()
    return lambda: start + step * next(numbers)


def always(value: Any) -> Source:
    """A source of one value every time."""
    return lambda: value


def environment(name: str, default: str | None = None) -> Source:
    """The value of an environment variable, read once."""
    return always(_variable(name, default))


def env(name: str, default: str | None = None) -> str:
    """An environment variable as part of a text: its braces mean nothing. As in the shell's `${NAME:-default}`, the
    default also replaces an empty value. Raises LookupError that names a variable without value or default."""
    return _variable(name, default).replace("{", "{{").replace("}", "}}")


def url_env(name: str, default: str | None = None) -> str:
    """An environment variable as part of a path, percent-encoded as values are."""
    return quote(_variable(name, default), safe="")


def _variable(name: str, default: str | None) -> str:
    value = os.environ.get(name)
    if value is None or (not value and default is not None):
        value = default
    if value is None:
        raise LookupError(f"the environment variable {name} is not set, and this scenario needs it")
    return value


@dataclass(frozen=True)
class Rows:
    """Rows of a CSV file (with a header line) or JSON file (a list of objects). At least one. `path` tells files apart:
    within one iteration, all requests that read the same file use the same row."""

    rows: Sequence[Mapping[str, Any]]
    numbers: Iterator[int]
    path: str
    once: bool = False
    per_user: bool = False

    def __call__(self) -> Mapping[str, Any]:
        """The next row of this process's share; after the last comes the first, unless rows are unique. Raises
        OutOfRows."""
        number = next(self.numbers)
        if (self.once or self.per_user) and number >= len(self.rows):
            raise OutOfRows(Path(self.path).name)
        return self.rows[number % len(self.rows)]


def rows(path: str | Path, *, once: bool = False, per: str = "iteration", separator: str = ",") -> Rows:
    """The rows of a `.csv` or `.json` file, one per iteration, shared out among the processes. `once`: none is used
    twice. `per="user"`: each user has one of its own and keeps it.

    Raises ValueError when there are none, or not as many values as columns.
    """
    file = Path(path)
    with file.open(encoding="utf-8-sig", newline="") as lines:  # newline: line breaks within quotes stay as they are
        is_json = file.suffix.lower() == ".json"
        data = json.load(lines) if is_json else list(_csv_rows(lines, file, separator))
    if not data:
        raise ValueError(f"{file} has no rows")
    return Rows(data, _numbers(), str(file), once, per == "user")


def _csv_rows(lines: Iterable[str], file: Path, separator: str) -> Iterator[dict[str, str]]:
    numbered = filled_rows(csv.reader(lines, strict=True, delimiter=separator))
    _, header = next(numbered, (0, []))
    for number, row in numbered:
        if len(row) != len(header):
            raise ValueError(f"{file} has {len(row)} values in row {number}, and {len(header)} columns")
        yield dict(zip(header, row, strict=True))


def _numbers() -> Iterator[int]:
    """0, 1, 2, ... shared out: this process gets every `count`-th. Safe to call from any thread, which a generator
    would not be."""
    return map(_mine, count())


def _mine(position: int) -> int:
    if position >= share.used:
        share.used = position + 1
    return share.first + share.index + position * share.count
