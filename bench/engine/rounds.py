"""Interleaved rounds: every cell of a table is measured once per round, so that a busy moment hits all alike."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from bench.engine.neighbours import CALM, Neighbours, wait_for_calm

T = TypeVar("T")
REPEATS = 2  # more tries, at most, for each round that was disturbed


@dataclass(frozen=True, kw_only=True)
class Taken(Generic[T]):
    """One measurement, and how many cores other processes used meanwhile."""

    value: T
    others: float

    @property
    def calm(self) -> bool:
        return self.others <= CALM


@dataclass(frozen=True, kw_only=True)
class Spread:
    median: float
    low: float
    high: float

    def text(self, form: str = "{:,.0f}") -> str:
        if form.format(self.low) == form.format(self.high):
            return form.format(self.median)
        return f"{form.format(self.median)} ({form.format(self.low)} to {form.format(self.high)})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(median=statistics.median(values), low=min(values), high=max(values))


def interleaved(cells: Mapping[str, Callable[[Path], T]], count: int, patience: float) -> dict[str, list[Taken[T]]]:
    """Each cell's measurements, in a fresh folder each time; `count` calm ones if it can be had.

    `patience` in s to wait for a calm moment before each. A cell that fails says so and has fewer of them.
    """
    taken: dict[str, list[Taken[T]]] = {name: [] for name in cells}
    for number in range(count):
        for name, measure in cells.items():
            for attempt in range(1 + REPEATS * bool(patience)):
                note(f"round {number + 1} of {count}: {name}{', once more: others were busy' * bool(attempt)}")
                one = _take(measure, patience)
                taken[name] += [one] if one else []
                if one is None or one.calm:
                    break
    return taken


def _take(measure: Callable[[Path], T], patience: float) -> Taken[T] | None:
    wait_for_calm(patience)
    with tempfile.TemporaryDirectory(prefix="perfgate-bench-") as folder:
        neighbours = Neighbours()
        try:
            value = measure(Path(folder))
        except RuntimeError as error:
            note(f"  failed: {error}")
            return None
        return Taken(value=value, others=neighbours.cores())


def calm(taken: Sequence[Taken[T]]) -> list[T]:
    """What was measured while the others were calm; all of it when that was never so. The choice does not look at
    what was measured."""
    return [one.value for one in taken if one.calm] or [one.value for one in taken]


def disturbed(taken: Mapping[str, Sequence[Taken[T]]]) -> str:
    """A line for below the table; empty when all was calm."""
    never = [name for name, several in taken.items() if several and not any(one.calm for one in several)]
    left_out = sum(not one.calm for several in taken.values() for one in several if several)
    if not left_out:
        return ""
    line = f"Others used more than {CALM:g} cores in {left_out} of {sum(map(len, taken.values()))} measurements"
    return f"{line}; never calm, and counted all the same: {', '.join(never)}." if never else f"{line}: left out."


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Plain text: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [title]
    for row in [head, *rows]:
        first = row[0].ljust(widths[0])
        others = [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines) + "\n"
