"""What is kept of a run that came to nothing."""

from __future__ import annotations

from contextlib import suppress

from perfgate import budgets, scenarios
from perfgate.files import codec, run_folder
from perfgate.git import command as git
from perfgate.model.errors import CouldNotMeasure, PerfgateError, RecordError
from perfgate.model.publication import NotMeasured
from perfgate.text import redaction, template
from perfgate.workflows.steps.request import RunRequest


def record_failure(request: RunRequest, error: CouldNotMeasure) -> NotMeasured | None:
    """Keeps the first line of the reason alone, without secrets: what follows may quote a service's log, and comments
    are read by more people than logs. None when nobody knows what should have been measured."""
    try:
        budget_file = budgets.read(request.budget, request.context.environ)
        names = scenarios.secrets(scenarios.plan(budget_file, request.only))
        target = request.target or template.expand(budget_file.target, request.context.environ)
    except PerfgateError:
        return None
    reason = redaction.redactor(names, request.context.environ)(git.redacted(error.message.partition("\n")[0]))
    failure = NotMeasured(
        name=budget_file.name,
        target=target.rstrip("/"),
        commit=request.context.revision.commit,
        reason=reason,
        url=request.context.revision.url,
    )
    with suppress(RecordError):
        codec.write(failure, request.context.folder / run_folder.NOT_MEASURED)
    return failure
