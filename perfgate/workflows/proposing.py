"""A first budget file from what a team has already: read, convert, write as text. Nothing is written to disk here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from perfgate import init
from perfgate.ci.default_branch import default_branch
from perfgate.ci.git_questions import Environment
from perfgate.init import project
from perfgate.init.proposal import NOT_SAFE, FileProposal, Omission
from perfgate.model.errors import UsageError
from perfgate.text.plurals import counted
from perfgate.workflows import first_run
from perfgate.workflows.reading_source import Say, read_source
from perfgate.workflows.steps import trial
from perfgate.workflows.steps.request import ProgressReporter, RunRequest

ANSWERS = "what was typed"  # the source, where a person has answered questions
MAX_REASONS = 5  # of requests that cannot be sent, in the error that nothing can


@dataclass(frozen=True, kw_only=True)
class ProposalRequest:
    """`source` is a file, a URL, - for stdin, or empty for what the folder has; `format` empty: by its content."""

    source: str
    budget: Path
    commands: str = ""  # curl commands that a person has answered with, instead of a source
    format: str = ""
    target: str = ""
    should_include_unsafe: bool = False  # whether requests that may change data are taken in
    should_start_service: bool = False  # whether the start command becomes a key, not a comment


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A budget file before it is written."""

    text: str
    proposal: FileProposal
    context: init.Context
    is_of_service: bool  # whether a service that runs showed its requests

    @property
    def unsafe(self) -> Sequence[Omission]:
        """Requests left out because they may change data."""
        return [omission for omission in self.proposal.omissions if omission.why == NOT_SAFE]

    @property
    def left_out(self) -> Sequence[Omission]:
        """Everything left out for another reason; what the file has as a comment comes first."""
        set_aside = [Omission(item.endpoint.name, item.why) for item in self.proposal.set_aside]
        return [*set_aside, *(omission for omission in self.proposal.omissions if omission.why != NOT_SAFE)]

    @property
    def variables(self) -> Mapping[str, str]:
        """Name -> meaning of the variables that have to be set."""
        return self.proposal.variables

    @property
    def assumed_target(self) -> str:
        """The target, where neither the source nor the command line names one; else empty."""
        return "" if self.context.target or self.proposal.target else init.DEFAULT_TARGET


def propose(request: ProposalRequest, say: Say) -> Proposed:
    """Raises UsageError without a source, or one that cannot be read, or of which nothing can be sent."""
    folder = request.budget.parent
    if request.commands:
        provided, own_target = init.source(ANSWERS, request.commands), ""
    else:
        provided, own_target = read_source(request.source, folder, say)
    options = init.ProposalOptions(target=request.target or own_target, unsafe=request.should_include_unsafe)
    proposal = init.convert(provided, options, request.format)
    if not proposal.endpoints and not proposal.scenarios:
        raise _nothing_to_send(provided.name, proposal.omissions)
    services = start_commands(folder)
    context = init.Context(
        source=provided.name,
        name=_name(request.budget),
        target=proposal.target or request.target or own_target,
        services=services,
        set_up=project.set_up(folder, services[0][0]) if services else "",
        start_service=request.should_start_service,
    )
    if request.should_start_service and not context.services:
        raise UsageError(
            f"--service: nothing in {folder.resolve()} shows how the application is started",
            hint="looked for: Procfile, manage.py, FastAPI, Flask, package.json, Dockerfile, compose",
            code="PG-N005",
        )
    return Proposed(
        text=init.write(proposal, context),
        proposal=proposal,
        context=context,
        is_of_service=bool(own_target),
    )


def start_commands(folder: Path) -> list[tuple[str, str]]:
    """Which file shows a start command of the application, and the command; the most certain first."""
    return project.services(folder)


def _nothing_to_send(source: str, omissions: Sequence[Omission]) -> UsageError:
    """The error that says why every request was left out."""
    unsafe = [omission for omission in omissions if omission.why == NOT_SAFE]
    others = [f"{omission.what}: {omission.why}" for omission in omissions if omission.why != NOT_SAFE]
    more = [f"{len(others) - MAX_REASONS} more"] if len(others) > MAX_REASONS else []
    may_change = [f"{counted(len(unsafe), 'request')} may change data"] if unsafe else []
    why = "; ".join([*may_change, *others[:MAX_REASONS], *more])
    hint = "Take in what may change data with --unsafe." if unsafe else "Nothing is written."
    return UsageError(f"{source} has no request that can be sent: {why}", hint=hint, code="PG-N003")


def _name(budget: Path) -> str:
    """What reports and the history call it: the folder of a budgets.yaml; another file has a name of its own."""
    folder = re.sub(r"[^A-Za-z0-9 ._-]+", "-", budget.resolve().parent.name).strip("-._ ")
    return folder if budget.stem == "budgets" else ""


def try_requests(proposed: Proposed, folder: Path, environ: Environment, say: Say) -> Proposed:
    """The proposal without what fails or takes long when each request is sent once; as it is where nothing can be
    tried, or nothing succeeds. `folder` is the budget file's. Raises PerfgateError when nothing could be sent."""
    if not proposed.proposal.endpoints:
        return proposed
    if unset := sorted(name for name in proposed.variables if not environ.get(name)):
        names = ", ".join(unset)
        raise UsageError(
            f"The requests were not tried: {names} {'is' if len(unset) == 1 else 'are'} not set.",
            hint="Set what is missing, and call `perfgate init` again with --force.",
            code="PG-N008",
        )
    say(f"Trying each of {counted(len(proposed.proposal.endpoints), 'request')} once (--no-try sends none)")
    attempts = trial.attempts(proposed.text, folder, environ)
    if all(attempt.failure for attempt in attempts.values()):
        [first, *_] = attempts.values()
        say(f"perfgate: every request failed, so all stay in. {first.endpoint}: {trial.why_not(first)}")
        return proposed
    proposal = trial.set_failures_aside(proposed.proposal, attempts)
    if not proposal.endpoints:
        [aside, *_] = proposal.set_aside
        say(f"perfgate: every request would be set aside, so all stay in. {aside.endpoint.name}: {aside.why}")
        return proposed
    return replace(proposed, text=init.write(proposal, proposed.context), proposal=proposal)


def with_limits(proposed: Proposed, request: RunRequest, reporter: ProgressReporter) -> Proposed:
    """Sends load for some seconds and proposes limits from it, in comments. Raises PerfgateError without a run."""
    context = replace(proposed.context, measured=first_run.comments(first_run.measure_briefly(request, reporter)))
    return replace(proposed, text=init.write(proposed.proposal, context), context=context)


def ci_workflow(ci: str, budget: Path, environ: Environment) -> tuple[PurePosixPath, str, str]:
    """Place, text and hint of the CI workflow file, for the repository that the current folder is in."""
    return project.workflow(
        ci,
        has_gitlab_file=Path(".gitlab-ci.yml").exists(),
        budget=budget.as_posix(),
        branch=default_branch(environ, Path()),
    )
