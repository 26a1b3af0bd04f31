"""perfgate from Python: `perfgate.run` and `perfgate.check`. docs/python.md is their page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from perfgate import budgets
from perfgate.budgets import messages
from perfgate.cli import run_options
from perfgate.cli.context import remembered_run_context
from perfgate.cli.guard import with_code
from perfgate.cli.options import DEFAULT_BUDGET
from perfgate.model.budget_file import BudgetFile
from perfgate.model.errors import BudgetFileError, CouldNotMeasure, PerfgateError, UsageError
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.model.verdict import Finding, Verdict
from perfgate.workflows import run as workflow
from perfgate.workflows.run import RunResult
from perfgate.workflows.steps.request import ProgressReporter, RunRequest

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
    "check",
    "run",
    "words",
]


def check(budget: str | os.PathLike[str] = "budgets.yaml") -> BudgetFile:
    """The budget file, as `perfgate check` reads it: nothing is sent, and variables need not be set.

    Raises BudgetFileError with every mistake in it.
    """
    budget_file, _ = budgets.check(Path(budget), os.environ)
    return budget_file


def run(
    budget: str | os.PathLike[str] = "",
    *,
    target: str = "",
    only: str | Iterable[str] = (),
    base_ref: str = "",
    base: str = "",
    processes: int | None = None,
    out: str | os.PathLike[str] | None = None,
    history: str = "",
    save: bool | None = None,
    diagnose: bool | None = None,
    allow_remote: bool | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> RunResult:
    """Sends the load and judges it, as `perfgate run` does; the parameters are its options, and what is not given is
    taken from the same environment variables (PERFGATE_TARGET ...), unless they contradict what is given. `say` gets a
    line of text at each step.

    `result.run` and `result.verdict` are what run.json and verdict.json hold. A broken budget is no error: look at
    `result.verdict.outcome`. Raises PerfgateError when there is no verdict: the budget file has mistakes, the target
    is down, the load generator failed. Raises KeyboardInterrupt when it was interrupted.
    """
    environ = os.environ
    names = (only,) if isinstance(only, str) and only else tuple(only)
    compared = run_options.comparison(environ, target, base_ref, base)
    target = target if base_ref else run_options.text(environ, "PERFGATE_TARGET", target)
    folder = run_options.text(environ, "PERFGATE_OUT") if out is None else out
    request = RunRequest(
        budget=Path(budget or run_options.text(environ, "PERFGATE_BUDGET") or DEFAULT_BUDGET),
        context=remembered_run_context(Path(folder) if folder else None),
        target=target,
        history=run_options.text(environ, "PERFGATE_HISTORY", history),
        only=names or tuple(run_options.text(environ, "PERFGATE_ONLY").split()),
        against=compared,
        processes=run_options.processes(environ, processes),
        allow_remote=run_options.flag(environ, "PERFGATE_ALLOW_REMOTE", allow_remote) or False,
        save=run_options.flag(environ, "PERFGATE_SAVE", save),
        diagnose=run_options.flag(environ, "PERFGATE_DIAGNOSE", diagnose),
    )
    result = workflow.run(request, ProgressReporter(say=say))
    if result.verdict is None:
        raise KeyboardInterrupt
    return result


def is_saved(*, given: bool) -> bool:
    """Whether a run of the pytest plug-in is added to the history: nothing is unless somebody says so."""
    return given or run_options.flag(os.environ, "PERFGATE_SAVE", None) or False


def out_of(name: str) -> Path | None:
    """Run folder of one budget file of several: a folder of its own in PERFGATE_OUT, for a run empties its folder."""
    folder = run_options.text(os.environ, "PERFGATE_OUT")
    return Path(folder, name) if folder else None


def only_of(file: Path, files: Iterable[Path]) -> tuple[str, ...] | None:
    """Names of PERFGATE_ONLY for `file` of several: those that it has, and those that none has, which are an error.
    None where all of them are of other files.

    Raises BudgetFileError.
    """
    names = {path: _names(check(path)) for path in (file, *files)}
    chosen = run_options.text(os.environ, "PERFGATE_ONLY").split()
    known: set[str] = set().union(*names.values())
    kept = tuple(name for name in chosen if name in names[file] or name not in known)
    return kept if kept or not chosen else None


def _names(budget_file: BudgetFile) -> set[str]:
    names = {endpoint.name for endpoint in budget_file.endpoints}
    return names | {item.name for item in budget_file.journeys} | {item.name for item in budget_file.pages}


def words(error: PerfgateError) -> str:
    """The error as the command line shows it: every mistake with its line, or the message, its code and the cure."""
    return messages.render(error) if isinstance(error, BudgetFileError) else with_code(error)
