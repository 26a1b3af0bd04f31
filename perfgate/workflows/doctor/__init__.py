"""`perfgate doctor` on one page: everything that a run needs, looked at one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.ci.default_branch import default_branch
from perfgate.model.budget_file import AUTO
from perfgate.workflows.doctor import of_ci, of_file, of_history, of_machine, of_target
from perfgate.workflows.doctor.check import Check, CheckState, CheckSurroundings

__all__ = ["Check", "CheckState", "CheckSurroundings", "examine"]


def examine(around: CheckSurroundings) -> Iterator[Check]:
    """Yields each check as soon as it is made. Changes nothing; starts the service only where that is asked for."""
    checks, subject = of_file.budget_file(around)
    yield from checks
    branch = subject.budget_file.gate.baseline.branch if subject else AUTO
    branch = default_branch(around.environ, around.root) if branch == AUTO else branch
    if subject:
        yield from of_target.target(subject, around)
    yield of_target.proxies(subject, around)
    yield of_ci.event(around, branch)
    yield of_ci.token(around)
    yield from of_ci.clone(around)
    if subject:
        url = of_history.url_of(subject, around)
        yield from of_file.extras(url)
        yield from of_history.history_checks(subject, around, url)
    yield from of_machine.machine_checks(subject, around)
