"""`perfgate gate`: judge a stored run again, without load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, Only, RunName, Verbose
from perfgate.cli.where import opened


def gate(
    run: RunName = "latest",
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
    only: Only = [],  # noqa: B006 - typer's way to say "none"
    charts: Annotated[
        bool, typer.Option("--charts", envvar="PERFGATE_CHARTS", help="Draw the charts too: takes some seconds.")
    ] = False,
    verbose: Verbose = False,
) -> int:
    """Judge a stored or imported run; send nothing.

    By the budget file and the history as they are now. The history stays as it is.

    Examples: perfgate gate latest · perfgate gate .perfgate/runs/20260131-120000-ab12 --budget budgets.yaml
    """
    from perfgate import budgets, report
    from perfgate.cli.exits import exit_code
    from perfgate.cli.finding import find_run
    from perfgate.cli.show import show
    from perfgate.files import codec, run_folder
    from perfgate.report.facts import Facts
    from perfgate.workflows import baselines
    from perfgate.workflows import run as workflow

    budget_file = budgets.read(budget, None)
    with opened(budget, history) as store:
        folder, measured = find_run(run, store, Path.cwd())
        budget_file = baselines.with_branch(budget_file, store, os.environ)
        past_runs = baselines.recent(store, budget_file, os.environ)
        anchored = baselines.anchored(store, budget_file, os.environ)
        verdict = workflow.judge(budget_file, measured, past_runs, only, anchored)
        verdict = baselines.with_runs_elsewhere(verdict, measured, store, budget_file, os.environ)
    if folder is not None and (folder / run_folder.VERDICT).exists():
        verdict = workflow.accepted_before(verdict, run_folder.read_verdict(folder))
    if folder is not None:
        codec.write(verdict, folder / run_folder.VERDICT)
        context = report.build(verdict, measured, past_runs, folder, charts=charts)
        say(f"Report: {context.markdown}")
    show(Facts(verdict=verdict, run=measured, past_runs=past_runs), verbose=verbose)
    return exit_code(verdict, budget_file.gate)
