"""The phases of all endpoints on the terminal, for `perfgate report`."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from perfgate.model.run import EndpointResult
from perfgate.report import phases
from perfgate.report.escaping import plain
from perfgate.report.terminal.finding_table import grid

MAX_NAME_CHARS = 40


def table(results: Iterable[EndpointResult]) -> Table | None:
    """Returns None where no phase is known."""
    rows = phases.rows(results)
    if not rows:
        return None
    headings = ("new connections", *phases.HEADINGS.values())
    shown = grid(("p95 of", "left"), *((heading, "right") for heading in headings))
    for row in rows:
        cells = (Text(cell) for cell in (f"{row.connections:,}", *row.tails))
        shown.add_row(Text(plain(row.name, MAX_NAME_CHARS)), *cells)
    return shown
