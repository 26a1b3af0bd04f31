"""`perfgate schema`: the published JSON Schemas."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from perfgate.model.errors import UsageError

NAMES = ("budgets", "run", "verdict", "diagnosis")


def schema(of: Annotated[str, typer.Argument(metavar="[budgets|run|verdict|diagnosis]")] = "budgets") -> int:
    """Print a JSON Schema, for editors and tools.

    Example: perfgate schema budgets > budgets.schema.json
    """
    from perfgate import budgets
    from perfgate.files import codec
    from perfgate.model.diagnosis import Diagnosis
    from perfgate.model.run import Run
    from perfgate.model.verdict import Verdict

    if of not in NAMES:
        raise UsageError(f"There is no schema {of!r}", hint=f"Known: {', '.join(NAMES)}", code="PG-U002")
    kinds = {"run": Run, "verdict": Verdict, "diagnosis": Diagnosis}
    text = budgets.schema() if of == "budgets" else codec.schema(kinds[of])
    print(json.dumps(text, indent=2, ensure_ascii=False))
    return 0
