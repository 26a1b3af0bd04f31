"""The final table on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfgate.report.facts import Facts


def show(facts: Facts, *, with_phases: bool = False) -> None:
    """The phases come first: the verdict belongs next to the prompt."""
    from rich.console import Console

    from perfgate.report import console, phase_table

    out = Console()
    if with_phases and (table := phase_table.table(facts.run.endpoints)):
        out.print(table)
    console.show(facts, out)
