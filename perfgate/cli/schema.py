"""`perfgate schema`: the published JSON Schemas."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from perfgate.model.errors import UsageError

NAMES = ("budgets", "run", "verdict")


def schema(of: Annotated[str, typer.Argument(metavar="[budgets|run|verdict]")] = "budgets") -> int:
    """Print a JSON Schema, for editors and tools."""
    from perfgate import budgets, codec
    from perfgate.model.run import Run
    from perfgate.model.verdict import Verdict

    if of not in NAMES:
        raise UsageError(f"There is no schema {of!r}", hint=f"Known: {', '.join(NAMES)}")
    text = budgets.schema() if of == "budgets" else codec.schema(Run) if of == "run" else codec.schema(Verdict)
    print(json.dumps(text, indent=2, ensure_ascii=False))
    return 0
