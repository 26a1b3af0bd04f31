"""`perfgate check`: everything that can be said of a budget file without sending anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET
from perfgate.text.plurals import counted


def check(
    budget: Annotated[Path, typer.Argument(metavar="FILE", help="The budget file.")] = DEFAULT_BUDGET,
) -> int:
    """Check a budget file; send nothing."""
    from perfgate import budgets, scenarios

    budget_file, unset = budgets.check(budget, os.environ)
    plan = scenarios.plan(budget_file)
    parts = (
        counted(len(plan.endpoints), "endpoint"),
        *([counted(len(plan.pages), "page")] if plan.pages else []),
        counted(len(plan.journeys), "journey"),
        counted(len(budget_file.budgets), "budget"),
    )
    print(f"{budget}: fine. {', '.join(parts)}; {plan.load_words}.")
    for mistake in unset:
        say(f"perfgate: {budget}:{mistake.line}: {mistake.message}; `perfgate run` needs it. {mistake.hint}")
    return 0
