"""Exact samples of a bounded number of requests: a few of all, chosen so that every request had the same chance.

Every request draws a random rank, and those below a common line are kept. When they become too many the line is halved,
and what is above it now is forgotten. So samples of several processes can be put together, in any order, and the memory
they need does not grow with the run.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfgate.recording.windows import Series

MAX_SAMPLES = 100_000  # samples of a run, over all processes
RANKS = 1 << 32
MAX_CHUNKS = 100  # additions after which the tables are put into one
GZIP_LEVEL = 1  # gzip's level: the run is over, and somebody waits
COLUMNS = 5  # rank, number of the series, and three more: see `Samples.add`

Integers = NDArray[np.int64]


class Samples:
    """Keeps the samples since the last `take`; at most `limit` since the beginning."""

    def __init__(self, limit: int = MAX_SAMPLES) -> None:
        self._limit = limit
        self._line = RANKS
        self._random = np.random.default_rng()
        self._series: dict[Series, int] = {}
        self._new: list[tuple[int, Integers]] = []  # without ranks so far
        self._tables: list[Integers] = []
        self._kept = 0
        self._taken = 0  # of those taken, about how many are still below the line

    def add(self, series: Series, table: Integers) -> None:
        """Three columns: ns since the start of the measured time, latency (ns), status (0: there was no answer)."""
        self._new.append((self._number(series), table))
        if len(self._new) > MAX_CHUNKS:
            self._draw()

    def _draw(self) -> None:
        """Ranks for what is new: for all of it at once, which costs least."""
        if not self._new:
            return
        ranks = self._random.integers(RANKS, size=sum(len(table) for _, table in self._new), dtype=np.int64)
        numbers = np.repeat([number for number, _ in self._new], [len(table) for _, table in self._new])
        chosen = ranks < self._line
        table = np.concatenate([table for _, table in self._new])[chosen]
        self._new = []
        self._keep(np.column_stack((ranks[chosen], numbers[chosen], table)))

    def merge(self, other: Samples) -> None:
        """`other` is what somebody's `take` gave."""
        numbers = np.array([self._number(series) for series in other._series], dtype=np.int64)
        self._lower(min(self._line, other._line))
        for table in other._tables:
            own = table.copy()
            own[:, 1] = numbers[table[:, 1]]
            self._keep(own[own[:, 0] < self._line])

    def take(self) -> Samples:
        """What was kept since the last call, to be merged elsewhere."""
        self._draw()
        taken = Samples(self._limit)
        taken._line, taken._series = self._line, dict(self._series)
        taken._tables, taken._kept = self._tables, self._kept
        self._tables, self._kept, self._taken = [], 0, self._taken + self._kept
        return taken

    def _number(self, series: Series) -> int:
        return self._series.setdefault(series, len(self._series))

    def _keep(self, table: Integers) -> None:
        if not len(table):
            return
        self._tables.append(table)
        self._kept += len(table)
        while self._kept + self._taken > self._limit:
            self._lower(self._line // 2)
        if len(self._tables) > MAX_CHUNKS:
            self._tables = [np.concatenate(self._tables)]

    def _lower(self, line: int) -> None:
        if line == self._line:
            return
        self._taken = self._taken * line // self._line
        self._line = line
        self._tables = [table[table[:, 0] < line] for table in self._tables]
        self._kept = sum(map(len, self._tables))

    def pack(self) -> list[Any]:
        """Plain lists, numbers and bytes, for Locust's messages: of what `take` gave."""
        return [self._line, [list(series) for series in self._series], self._table().tobytes()]

    @classmethod
    def unpack(cls, packed: list[Any]) -> Samples:
        samples = cls()
        samples._line = packed[0]
        samples._series = {(kind, name, arm): number for number, (kind, name, arm) in enumerate(packed[1])}
        samples._tables = [np.frombuffer(packed[2], dtype=np.int64).reshape(-1, COLUMNS)]
        samples._kept = len(samples._tables[0])
        return samples

    def _table(self) -> Integers:
        self._draw()
        return np.concatenate([np.empty((0, COLUMNS), dtype=np.int64), *self._tables])

    def write(self, path: Path, *, warmup: float, duration: float) -> None:
        """CSV as `perfgate import` reads it, gzipped: t (s since the load began), endpoint, ms, status, and arm where
        there are arms. What began after the measured time (`warmup` + `duration`, s) is left out."""
        series = list(self._series)
        arms = any(arm for _, _, arm in series)
        table = self._table()
        table = table[np.argsort(table[:, 2], kind="stable")]
        table = table[table[:, 2] < duration * 1e9]
        scratch = path.with_suffix(".tmp")
        names = [_quoted(name) for _, name, _ in series]
        ends = [f",{arm}\n" if arms else "\n" for _, _, arm in series]
        with gzip.open(scratch, "wt", GZIP_LEVEL, encoding="utf-8", newline="") as file:
            file.write(f"t,endpoint,ms,status{',arm' if arms else ''}\n")
            file.writelines(
                f"{max(0.0, began / 1e9 + warmup):.6f},{names[number]},{latency / 1e6:.6f},{status}{ends[number]}"
                for _, number, began, latency, status in table.tolist()
            )
        scratch.replace(path)


def _quoted(name: str) -> str:
    """A field of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow((name,))
    return line.getvalue().removesuffix("\n")
