"""Interleaved rounds: every cell of a table is measured once per round, so that a busy moment hits all alike."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.engine.neighbours import CALM, Neighbours, wait_for_calm
from bench.engine.tables import Raw

REPEATS = 2  # more tries, at most, for each measurement that others disturbed

Cell = Callable[[Path], Any]  # measures in a folder; returns a dataclass


def interleaved(cells: Mapping[str, Cell], count: int, patience: float) -> dict[str, list[Raw]]:
    """Each cell's measurements, in a fresh folder each time: `count` calm ones if they can be had.

    `patience` in s to wait for a calm moment before each. A cell that fails says so and has fewer of them.
    """
    measured: dict[str, list[Raw]] = {name: [] for name in cells}
    for number in range(count):
        for name, cell in cells.items():
            for attempt in range(1 + REPEATS * bool(patience)):
                note(f"round {number + 1} of {count}: {name}{', again: others were busy' * bool(attempt)}")
                one = _measure(cell, patience)
                measured[name] += [one] if one else []
                if one is None or one["others"] <= CALM:
                    break
    return measured


def _measure(cell: Cell, patience: float) -> Raw | None:
    wait_for_calm(patience)
    with tempfile.TemporaryDirectory(prefix="perfgate-bench-") as folder:
        neighbours = Neighbours()
        try:
            value = cell(Path(folder))
        except RuntimeError as error:
            note(f"  failed: {error}")
            return None
        return {"others": round(neighbours.cores(), 2), **asdict(value)}


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
