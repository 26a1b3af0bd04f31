"""`perfgate check`: everything that can be said of a budget file without sending anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget
from perfgate.model.errors import BudgetFileError
from perfgate.text.plurals import enumerated


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Budget files, instead of --budget.")] = [],  # noqa: B006
    budget: Budget = DEFAULT_BUDGET,
) -> int:
    """Check budget files; send nothing.

    Examples: perfgate check · perfgate check shop/budgets.yaml api/budgets.yaml
    """
    from perfgate.budgets import messages

    code = 0
    for file in files or [budget]:
        try:
            _check(file)
        except BudgetFileError as error:
            say(messages.render(error))
            code = error.exit_code
    return code


def _check(budget: Path) -> None:
    from perfgate import budgets, scenarios

    budget_file, unset = budgets.check(budget, os.environ)
    plan = scenarios.plan(budget_file)
    contents = enumerated(
        (len(plan.endpoints), "endpoint"),
        (len(plan.scenarios), "locustfile"),
        (len(plan.pages), "page"),
        (len(plan.journeys), "journey"),
        (len(budget_file.budgets), "budget"),
    )
    print(f"{budget}: fine. {contents}; {plan.load_words}.")
    for text in budget_file.notes:
        say(f"perfgate: {budget}: {text}")
    for mistake in unset:
        needed = f"{mistake.message}; `perfgate run` needs it. {mistake.hint}"
        say(f"perfgate: {budget}:{mistake.line}: {needed} [{mistake.code}]")
