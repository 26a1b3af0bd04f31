"""`perfgate generate`: the Locust scenario of a budget file, as a file of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget
from perfgate.model.errors import UsageError

STALE = "PG-U015"


def generate(
    budget: Budget = DEFAULT_BUDGET,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where it is written. [default: scenarios/generated/<name>.py by the budget file]",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 where the file is not what it would be.")
    ] = False,
) -> int:
    """Write the Locust scenario of a budget file. It runs with plain `locust -f` too.

    Examples: perfgate generate · perfgate generate --check (in pre-commit, or CI)
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
    text = scenarios.generate(plan, scenario=path)
    if check:
        return _compare(path, text, budget)
    codec.write_text(path, text)
    say(f"Wrote {path}. Try it: locust -f {path}")
    return 0


def _compare(path: Path, text: str, budget: Path) -> int:
    """A file that was never generated is nothing to keep fresh."""
    if not path.exists():
        say(f"{path} is not there: nothing to keep fresh.")
        return 0
    if path.read_text(encoding="utf-8") == text:
        say(f"{path} is fresh.")
        return 0
    say(f"perfgate: {path} is not what {budget} says. [{STALE}]\nWrite it again: perfgate generate --budget {budget}")
    return 1
