"""`perfgate site`: the whole history as web pages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl
from perfgate.cli.where import budget_file_if_any, open_history
from perfgate.model.errors import RecordError

if TYPE_CHECKING:
    from perfgate.history import History
    from perfgate.report.html.site import Series


def site(
    output: Annotated[
        Path, typer.Option("--output", "-o", envvar="PERFGATE_OUTPUT", metavar="DIR", help="Where the pages go.")
    ] = Path("site"),
    runs: Annotated[
        int,
        typer.Option(min=1, envvar="PERFGATE_RUNS", metavar="N", help="Show at most so many runs of each branch."),
    ] = 60,
    pages: Annotated[
        int, typer.Option(min=0, envvar="PERFGATE_PAGES", metavar="N", help="How many of them get a page of their own.")
    ] = 20,
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
) -> int:
    """Write the whole history as web pages.

    For GitHub Pages or any web server. index.html has every budget file and branch: the newest verdict, and each
    endpoint's trend.

    Example: perfgate site --history git:perfgate-data --output site
    """
    from perfgate.report.html import site as writing

    with open_history(budget, history) as store:
        series = _series(store, budget, runs)
        if not series:
            raise RecordError(
                "No runs are remembered yet.", hint="Make one: perfgate run --budget budgets.yaml", code="PG-R009"
            )
        whole = store.get_all(past.run.id for line in series for past in line.runs[:pages])
        page = writing.build(series, whole, output)
    say(f"Wrote {page}")
    return 0


def _series(store: History, budget: Path, max_runs: int) -> list[Series]:
    """The baseline branch first, then the others, newest first."""
    from perfgate.model.budget_file import BaselinePolicy
    from perfgate.report.html.site import Series
    from perfgate.workflows.steps import baselines, judging

    file = budget_file_if_any(budget)
    main = baselines.with_branch(file, store, os.environ).gate.baseline.branch if file else BaselinePolicy().branch
    series = []
    for name in store.names():
        branches = dict.fromkeys(entry.branch for entry in store.entries(name))
        for branch in sorted(branches, key=lambda item: item != main):
            past_runs = store.runs(name, branch=branch, limit=max_runs)
            limits = judging.budgets_of(file, past_runs[0].run) if file and file.name == name and past_runs else ()
            series.append(Series(name=name, branch=branch, runs=past_runs, budgets=tuple(limits)))
    return [item for item in series if item.runs]
