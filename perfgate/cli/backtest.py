"""`perfgate backtest`: what the budget file would have said of the remembered runs, without load."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl
from perfgate.cli.where import open_history
from perfgate.model.errors import UsageError

FORMATS = ("console", "markdown", "json")
MAX_RUNS = 1000


def backtest(
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
    limit: Annotated[
        int, typer.Option(envvar="PERFGATE_LIMIT", min=1, max=MAX_RUNS, metavar="N", help="The newest N runs.")
    ] = 50,
    accepted: Annotated[
        bool,
        typer.Option(
            "--accepted", envvar="PERFGATE_ACCEPTED", help="List known regressions and whether each would be found."
        ),
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", "-f", envvar="PERFGATE_FORMAT", metavar="NAME", help="console, markdown or json.")
    ] = "console",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", envvar="PERFGATE_OUTPUT", metavar="FILE", help="Write a picture too: .png or .svg."
        ),
    ] = None,
    dark: Annotated[bool, typer.Option(help="Draw it for dark pages.")] = False,
) -> int:
    """Judge the remembered runs by the budget file as it is now.

    Sends nothing. Each run beside those before it: what would have failed, what each limit could have seen, and what
    tighter and looser limits would have done. The history stays as it is.

    Example: perfgate backtest --accepted --budget budgets.yaml
    """
    if format_ not in FORMATS:
        raise UsageError(
            f"--format {format_}: there is no such format", hint=f"Known: {', '.join(FORMATS)}", code="PG-U002"
        )
    from perfgate import budgets
    from perfgate.workflows import backtest as backtesting

    budget_file = budgets.read(budget, None, is_sending=False)
    with open_history(budget, history) as store:
        replayed = backtesting.backtest(store, budget_file, os.environ, limit, say)
    if output is not None:
        from perfgate.report.charts import backtest_chart

        backtest_chart.save(replayed, output, dark=dark)
        say(f"Wrote {output}")
    from perfgate.report.terminal import backtest_words

    if format_ == "json":
        print(json.dumps(asdict(replayed), indent=1, ensure_ascii=False))
    elif format_ == "markdown":
        print(backtest_words.markdown(replayed, accepted=accepted), end="")
    else:
        from rich.console import Console

        backtest_words.show(replayed, Console(), accepted=accepted)
    return 0
