"""Arguments and options that several verbs share. Every option is also an environment variable PERFGATE_..."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
        help="Where runs are remembered, instead of what the budget file says: sqlite:///PATH, git:BRANCH ...",
    ),
]
Only = Annotated[
    list[str],
    typer.Option("--only", envvar="PERFGATE_ONLY", metavar="NAME", help="Just this endpoint or journey; repeatable."),
]
Target = Annotated[
    str, typer.Option("--target", envvar="PERFGATE_TARGET", metavar="URL", help="Measure this instead of the target.")
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", envvar="PERFGATE_VERBOSE", help="Every budget and every reason, undecided ones too."
    ),
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, the id of a run, or `latest`.")]
