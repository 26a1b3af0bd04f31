"""`perfgate check`: everything that can be said of a budget file without sending anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.options import DEFAULT_BUDGET


def check(
    budget: Annotated[Path, typer.Argument(metavar="FILE", help="The budget file.")] = DEFAULT_BUDGET,
) -> int:
    """Check a budget file; send nothing."""
    from perfgate import budgets, scenarios

    budget_file = budgets.read(budget, os.environ)
    plan = scenarios.plan(budget_file)
    print(
        f"{budget}: fine. {len(plan.endpoints)} endpoints, {len(plan.journeys)} journeys, "
        f"{len(budget_file.budgets)} budgets; {plan.load_words}."
    )
    return 0
