"""Tables of figures, made from the raw results alone: as text for the terminal, as Markdown for docs/engine.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.engine.neighbours import CALM
from bench.rows import row

Raw = dict[str, Any]  # one measurement as saved


@dataclass(frozen=True, kw_only=True)
class Table:
    """The first column is text, the others are numbers. `notes` stand below."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        shown = [self.title]
        for line in lines:
            first = line[0].ljust(widths[0])
            others = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
            shown.append("  ".join([first, *others]).rstrip())
        return "\n".join([*shown, *self.notes]) + "\n"

    def markdown(self) -> str:
        lines = [self.head, ["---", *["--:"] * (len(self.head) - 1)], *self.rows]
        table = "\n".join(map(row, lines))
        return "\n\n".join([f"**{self.title}**", table, *self.notes]) + "\n"


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


def calm(measured: Sequence[Raw]) -> list[Raw]:
    """What was measured while others were calm; all of it when that was never so. The choice does not look at what
    was measured."""
    return [one for one in measured if one["others"] <= CALM] or list(measured)


def on_calm(cells: Mapping[str, Sequence[Raw]]) -> list[str]:
    """What to say about disturbed measurements; nothing when there were none."""
    wild = {name: [one for one in several if one["others"] > CALM] for name, several in cells.items()}
    never = [name for name, several in cells.items() if several and len(wild[name]) == len(several)]
    number = sum(map(len, wild.values()))
    if not number:
        return []
    said = f"Others used more than {CALM:g} cores in {number} of {sum(map(len, cells.values()))} measurements"
    if len(never) == len(cells):
        return [f"{said}, and there are no others: all count."]
    if not never:
        return [f"{said}: left out."]
    return [f"{said}: left out, but for what was never calm: {', '.join(name.strip() for name in never)}."]


def percent(values: Sequence[float]) -> str:
    return f"{spread([100 * value for value in values]).text('{:+.1f}')} %"
