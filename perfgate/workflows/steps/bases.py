"""The base of an A/B test (`--base-ref`): which commit, and how its service is started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from perfgate import budgets, loadtest
from perfgate.ci.job_base import job_base
from perfgate.model.budget_file import BudgetFile, Service
from perfgate.model.errors import BudgetFileError

AUTO = "auto"  # as a ref: where the change began, or what a pull request wants to enter

Say = Callable[[str], None]


def at_ref(ref: str, budget_file: BudgetFile, say: Say) -> loadtest.Base:
    """A ref as somebody wrote it; whether there is such a commit is seen when it is checked out."""
    return loadtest.Base(ref=ref, known_as=ref, service_in=_reader(budget_file, say))


def at_merge_base(budget_file: BudgetFile, environ: Mapping[str, str], say: Say) -> loadtest.Base | None:
    """Where this job's change began. `budget_file` is the head's, its baseline's branch known. None where there is
    nothing to compare with.

    Raises BaseError or UsageError when there is no such commit.
    """
    job = job_base(environ, budget_file.gate.baseline.branch)
    commit = loadtest.merge_base(job, budget_file.path.parent, environ)
    if not commit:
        return None
    known_as = f"merge base with {job.branch}"
    return loadtest.Base(ref=commit, known_as=known_as, service_in=_reader(budget_file, say), is_own_needed=True)


def _reader(budget_file: BudgetFile, say: Say) -> Callable[[Path], Service | None]:
    """Reads how a base's own budget file starts its service: None if it has none, or this perfgate cannot read it."""

    def service_in(folder: Path) -> Service | None:
        path = folder / budget_file.path.name
        if not path.is_file():
            return None
        try:
            return budgets.read(path, None, is_sending=False).service
        except BudgetFileError as error:
            mistake = error.mistakes[0]
            say(f"Note: the base's {path.name} cannot be read, line {mistake.line}: {mistake.message}")
            return None

    return service_in
