"""The final table on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfgate.report.facts import Facts


WIDTH_CHARS = 120  # of logs and files


def show(facts: Facts, *, with_phases: bool = False, verbose: bool = False) -> None:
    """The phases come first: the verdict belongs next to the prompt."""
    from rich.console import Console

    from perfgate.report.terminal import console, phase_table

    out = Console()
    if not out.is_terminal:
        out = Console(width=WIDTH_CHARS)
    if with_phases and (table := phase_table.table(facts.run.endpoints)):
        out.print(table)
    console.show(facts, out, verbose=verbose)
