"""Finds the run that a person means: among the run folders here, else in the history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perfgate.cli.where import open_history
from perfgate.files import run_folder
from perfgate.model.errors import RecordError
from perfgate.model.run import Run

if TYPE_CHECKING:
    from perfgate.history import History
    from perfgate.report.facts import Facts


def find_run(name: str, store: History, root: Path) -> tuple[Path | None, Run]:
    """The run and its folder, None when only the history has it. Raises RecordError or HistoryError."""
    folder = run_folder.find(name, root)
    if folder is not None:
        return folder, run_folder.read_run(folder)
    return None, store.get(name).run


def judged_run(name: str, budget: Path, url: str) -> tuple[Path, Facts]:
    """A run of the folders here and what there is to tell of it. Raises RecordError or HistoryError."""
    from perfgate.report import read_diagnosis
    from perfgate.report.facts import Facts

    folder = run_folder.find(name, Path.cwd())
    if folder is None:
        raise RecordError(f"There is no run {name} in {run_folder.runs_folder(Path.cwd())}.", code="PG-R005")
    run = run_folder.read_run(folder)
    with open_history(budget, url) as store:
        past_runs = store.runs(run.name)
    diagnosis, _ = read_diagnosis(folder)
    return folder, Facts(verdict=run_folder.read_verdict(folder), run=run, past_runs=past_runs, diagnosis=diagnosis)
