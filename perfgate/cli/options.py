"""Arguments and options that several verbs share. Every option is also an environment variable PERFGATE_..."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perfgate.model.errors import UsageError

Budget = Annotated[
    Path, typer.Option("--budget", "-b", envvar="PERFGATE_BUDGET", metavar="FILE", help="The budget file.")
]
DEFAULT_BUDGET = Path("budgets.yaml")
HistoryUrl = Annotated[
    str,
    typer.Option(
        "--history",
        envvar="PERFGATE_HISTORY",
        metavar="URL",
        help="Where runs are stored, instead of what the budget file says: sqlite:///PATH, git:BRANCH ...",
    ),
]
Only = Annotated[
    list[str],
    typer.Option("--only", envvar="PERFGATE_ONLY", metavar="NAME", help="Only this endpoint or journey; repeatable."),
]
Target = Annotated[
    str,
    typer.Option(
        "--target",
        envvar="PERFGATE_TARGET",
        metavar="URL",
        help="Where the load goes, instead of the budget file's `target`.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", envvar="PERFGATE_VERBOSE", help="Every budget and every reason, undecided ones too."
    ),
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, the id of a run, or `latest`.")]


def seconds_of(option: str, text: str) -> float:
    """Raises UsageError for anything but a time from 1 s."""
    from perfgate.text import units

    try:
        seconds = units.parse(units.DURATION, text)
    except units.UnitError as error:
        raise UsageError(f"{option} {text}: {error.message}", hint=error.hint, code="PG-U003") from error
    if seconds < 1:
        raise UsageError(f"{option} {text}: it takes 1 s at least", code="PG-U003")
    return seconds
