"""Interleaved rounds: every cell of a table is measured once per round, so that a busy moment hits all alike."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Measured = TypeVar("Measured")


@dataclass(frozen=True, kw_only=True)
class Spread:
    median: float
    low: float
    high: float

    def text(self, form: str = "{:,.0f}") -> str:
        if self.low == self.high:
            return form.format(self.median)
        return f"{form.format(self.median)} ({form.format(self.low)} to {form.format(self.high)})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(median=statistics.median(values), low=min(values), high=max(values))


def interleaved(cells: Mapping[str, Callable[[Path], Measured]], count: int) -> dict[str, list[Measured]]:
    """Each cell's results, in a fresh folder each time. A cell that fails says so and has fewer of them."""
    results: dict[str, list[Measured]] = {name: [] for name in cells}
    for number in range(count):
        for name, measure in cells.items():
            note(f"round {number + 1} of {count}: {name}")
            with tempfile.TemporaryDirectory(prefix="perfgate-bench-") as folder:
                try:
                    results[name].append(measure(Path(folder)))
                except RuntimeError as error:
                    note(f"  failed: {error}")
    return results


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Plain text: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [title]
    for row in [head, *rows]:
        first, *others = (text.ljust(width) if at == 0 else text.rjust(width) for at, (text, width) in _cells(row, widths))
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines) + "\n"


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[tuple[int, tuple[str, int]]]:
    return list(enumerate(zip(row, widths, strict=True)))
