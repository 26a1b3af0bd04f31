"""The table of findings on the terminal, and what all tables there share."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.report import words
from perfgate.report.escaping import plain

MAX_NAME_CHARS = 100  # characters of an endpoint's name; longer ones are cut in the middle
NARROW_COLUMNS = 100  # columns; below, limits get less room

STYLES = {
    Outcome.FAIL: "bold red",
    Outcome.NO_DATA: "bold red",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.WARN: "yellow",
    Outcome.NO_BASELINE: "cyan",
    Outcome.IMPROVED: "bold green",
    Outcome.PASS: "green",
}


def grid(*columns: tuple[str, str]) -> Table:
    """Columns (heading, "left" or "right"); numbers at the right never wrap, words at the left do."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for heading, side in columns:
        right = side == "right"
        table.add_column(heading, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def name_of(name: str) -> Text:
    return Text(plain(name, MAX_NAME_CHARS))


def finding_table(findings: Sequence[Finding], width: int) -> Table:
    """The table without the columns that have nothing to say: in a first run, those of the comparison."""
    is_wide = width >= NARROW_COLUMNS
    optional = {
        "baseline": [words.value(finding.metric, finding.baseline) for finding in findings],
        "change": [words.change_of(finding, finding.change) for finding in findings],
        "detectable": [words.detectable(finding) if is_wide else words.NOTHING for finding in findings],
    }
    shown = {name for name, cells in optional.items() if set(cells) != {words.NOTHING}}
    columns = (
        ("outcome", "left"),
        ("endpoint", "left"),
        ("metric", "left"),
        ("measured", "right"),
        *((name, "right") for name in ("baseline", "change") if name in shown),
        ("limit", "left"),
        *((name, "right") for name in ("detectable",) if name in shown),
    )
    table = grid(*columns)
    for column in table.columns:
        column.no_wrap = column.no_wrap or column.header in ("outcome", "limit")
    for position, finding in enumerate(findings):
        cells = {
            "outcome": Text(f"{words.MARKS[finding.outcome]} {words.word(finding.outcome)}", STYLES[finding.outcome]),
            "endpoint": name_of(finding.endpoint),
            "metric": Text(plain(finding.metric, 40)),
            "measured": Text(words.value(finding.metric, finding.measured)),
            "limit": _limits(finding, 26 if is_wide else 14),
            **{name: Text(optional[name][position]) for name in shown},
        }
        table.add_row(*(cells[name] for name, _ in columns))
    return table


def _limits(finding: Finding, room: int) -> Text:
    """Puts as many in a line as fit. Broken ones stand out; without colour the mark before them says so."""
    cell = Text()
    line = 0
    for criterion in finding.criteria:
        broken = words.is_broken(criterion)
        message = f"{words.MARKS[criterion.outcome]} " if broken and len(finding.criteria) > 1 else ""
        message += words.marked_limit(finding, criterion)
        if cell:
            fits = line + 2 + len(message) <= room
            cell.append(", " if fits else ",\n")
            line = line + 2 if fits else 0
        cell.append(message, style=STYLES[criterion.outcome] if broken else "")
        line += len(message)
    return cell
