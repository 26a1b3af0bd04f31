"""The final table on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfgate.report.facts import Facts


def show(facts: Facts) -> None:
    from rich.console import Console

    from perfgate.report import console

    console.show(facts, Console())
