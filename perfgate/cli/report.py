"""`perfgate report`: tell a verdict again, in any of the formats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, RunName, Verbose
from perfgate.model.errors import UsageError


def report(
    run: RunName = "latest",
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            envvar="PERFGATE_FORMAT",
            metavar="NAME",
            help="console, markdown, html, json, junit or gitlab",
        ),
    ] = "console",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", envvar="PERFGATE_OUTPUT", metavar="FILE", help="Where it is written. [default: stdout]"
        ),
    ] = None,
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
    verbose: Verbose = False,
) -> int:
    """Show the verdict of a run again.

    Examples: perfgate report latest --verbose · perfgate report latest --format markdown --output report.md
    """
    from perfgate.cli.finding import judged_run
    from perfgate.cli.show import show
    from perfgate.files import codec
    from perfgate.report import read_windows
    from perfgate.report.formats import FORMATS
    from perfgate.report.html import page

    if format not in FORMATS:
        raise UsageError(
            f"--format {format}: there is no such format", hint=f"Known: {', '.join(FORMATS)}", code="PG-U002"
        )
    folder, facts = judged_run(run, budget, history)
    if format == "console" and output is None:
        show(facts, with_phases=True, verbose=verbose)
        return 0
    text = page.render(facts, read_windows(folder)[0]) if format == "html" else FORMATS[format](facts)
    if output is None:
        sys.stdout.write(text)
    else:
        codec.write_text(output, text)
        say(f"Wrote {output}")
    return 0
