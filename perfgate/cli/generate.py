"""`perfgate generate`: the Locust scenario of a budget file, as a file of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget
from perfgate.model.errors import UsageError


def generate(
    budget: Budget = DEFAULT_BUDGET,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="[default: scenarios/generated/<name>.py by the budget file]"),
    ] = None,
) -> int:
    """Write the Locust scenario of a budget file.

    It runs with plain `locust -f` too.
    """
    from perfgate import budgets, scenarios
    from perfgate.files import codec
    from perfgate.scenarios.names import snake_case

    budget_file = budgets.read(budget, None)
    plan = scenarios.plan(budget_file)
    if not any(endpoint.weight for endpoint in plan.endpoints) and not any(journey.weight for journey in plan.journeys):
        raise UsageError(
            f"{budget} sends nothing of its own: all its requests come from hand-written scenarios.", code="PG-U012"
        )
    path = out or budget_file.path.parent / "scenarios" / "generated" / f"{snake_case(plan.name, 'scenario')}.py"
    codec.write_text(path, scenarios.generate(plan, scenario=path))
    say(f"Wrote {path}. Try it: locust -f {path}")
    return 0
