"""The base of an A/B test as asked for with `--base-ref`: which commit, and how its service is started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from perfgate import budgets, loadtest
from perfgate.ci.job_base import job_base
from perfgate.model.budget_file import BudgetFile, Service
from perfgate.model.errors import BudgetFileError

AUTO = "auto"  # as a ref: where the change began, or what a pull request wants to enter

Say = Callable[[str], None]


def base_of(ref: str, budget_file: BudgetFile, environ: Mapping[str, str], say: Say) -> loadtest.Base | None:
    """`budget_file` is the head's, its baseline's branch known. None where `auto` has nothing to compare with.

    Raises BaseError or UsageError when there is no such commit.
    """

    def service_in(folder: Path) -> Service | None:
        return _service_in(folder / budget_file.path.name, say)

    if ref != AUTO:
        return loadtest.Base(ref=ref, known_as=ref, service_in=service_in)
    job = job_base(environ, budget_file.gate.baseline.branch)
    commit = loadtest.merge_base(job, budget_file.path.parent, environ)
    if not commit:
        return None
    known_as = f"merge base with {job.branch}"
    return loadtest.Base(ref=commit, known_as=known_as, service_in=service_in, is_own_needed=True)


def _service_in(path: Path, say: Say) -> Service | None:
    """That of a base's budget file, if it has one and this perfgate can read it."""
    if not path.is_file():
        return None
    try:
        return budgets.read(path, None).service
    except BudgetFileError as error:
        mistake = error.mistakes[0]
        say(f"Note: the base's {path.name} cannot be read, line {mistake.line}: {mistake.message}")
        return None
