"""perfgate: the load-test gate that says which endpoint got slower, whether it is real, and which layer did it.

`perfgate.run` and `perfgate.check` do in Python what the verbs of the same name do (docs/python.md). What they need is
loaded when they are used: importing perfgate alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

if TYPE_CHECKING:
    from perfgate.cli.api import (
        BudgetFile,
        BudgetFileError,
        CouldNotMeasure,
        Finding,
        Outcome,
        PerfgateError,
        Run,
        RunResult,
        UsageError,
        Verdict,
        check,
        run,
    )

__all__ = [
    "BudgetFile",
    "BudgetFileError",
    "CouldNotMeasure",
    "Finding",
    "Outcome",
    "PerfgateError",
    "Run",
    "RunResult",
    "UsageError",
    "Verdict",
    "__version__",
    "check",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'perfgate' has no attribute {name!r}")
    return getattr(import_module("perfgate.cli.api"), name)


def __dir__() -> list[str]:
    return __all__
