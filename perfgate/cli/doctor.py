"""`perfgate doctor`: what keeps a run from working here, and the cure."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.guard import dim
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, Target

if TYPE_CHECKING:
    from perfgate.workflows.doctor import Check

EXIT_BROKEN = 1
MARKS = {"ok": "ok      ", "warning": "warning ", "broken": "BROKEN  "}


def doctor(
    budget: Budget = DEFAULT_BUDGET,
    target: Target = "",
    history: HistoryUrl = "",
    start: Annotated[
        bool,
        typer.Option("--start", envvar="PERFGATE_START", help="Start the service of the budget file, and stop it."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", envvar="PERFGATE_JSON", help="Print JSON.")] = False,
) -> int:
    """Look at everything that a run needs; send no load. Exit code 1 where something is broken.

    Example: perfgate doctor --start
    """
    from perfgate.cli.context import child_environment
    from perfgate.cli.where import own_environment
    from perfgate.workflows import doctor as program

    around = program.CheckSurroundings(
        budget=budget,
        root=Path.cwd(),
        environ=own_environment(),
        child_environ=child_environment(),
        now=datetime.now(UTC).timestamp(),
        target=target,
        history=history,
        should_start=start,
    )
    checks = []
    for check in program.examine(around):
        checks.append(check)
        if not json:
            print(_line(check), flush=True)
    if json:
        print(_as_json(checks))
    return EXIT_BROKEN if any(check.state is program.CheckState.BROKEN for check in checks) else 0


def _line(check: Check) -> str:
    from perfgate.text import redaction
    from perfgate.text.sanitize import no_command

    first, *rest = check.message.splitlines() or [""]
    code = f" {dim(f'[{check.code}]', sys.stdout)}" if check.code else ""
    lines = [f"{MARKS[check.state.value]}{check.name}: {first}{code}", *(f"          {line}" for line in rest)]
    lines += [f"          -> {line}" for line in check.cure.splitlines()]
    hide = redaction.redactor(_secret_names(), os.environ)
    return "\n".join(no_command(hide(line)) for line in lines)


def _secret_names() -> list[str]:
    return [name for name in os.environ if any(word in name for word in ("TOKEN", "SECRET", "PASSWORD"))]


def _as_json(checks: list[Check]) -> str:
    import json as codec
    from dataclasses import asdict

    from perfgate.text import redaction

    hide = redaction.redactor(_secret_names(), os.environ)
    rows = [{key: hide(str(value)) for key, value in asdict(check).items()} for check in checks]
    return codec.dumps({"checks": rows}, indent=1, ensure_ascii=False)
