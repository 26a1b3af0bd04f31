"""`perfgate gate`: judge a stored run again, without load."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, Only, RunName, Verbose
from perfgate.cli.where import open_history


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
    from perfgate.workflows.steps import baselines, judging

    budget_file = budgets.read(budget, None, is_sending=False)
    with open_history(budget, history) as store:
        folder, measured = find_run(run, store, Path.cwd())
        past = baselines.read_past_runs(store, budget_file, os.environ)
        verdict = judging.judge(past.budget_file, measured, past.recent, only, past.anchored)
        verdict = baselines.with_runs_elsewhere(verdict, measured, store, past.budget_file, os.environ)
        is_saved = any(entry.id == measured.id for entry in store.entries(measured.name))
    verdict = replace(verdict, is_saved=is_saved)
    if folder is not None and (folder / run_folder.VERDICT).exists():
        verdict = judging.accepted_before(verdict, run_folder.read_verdict(folder))
    if folder is not None:
        codec.write(verdict, folder / run_folder.VERDICT)
        context = report.build(verdict, measured, past.recent, folder, charts=charts)
        say(f"Report: {context.markdown}")
    show(Facts(verdict=verdict, run=measured, past_runs=past.recent), verbose=verbose)
    return exit_code(verdict, budget_file.gate)
