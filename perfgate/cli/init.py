"""`perfgate init`: a budget file from what a team has already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli import questions
from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget
from perfgate.model.errors import PerfgateError, UsageError
from perfgate.text.plurals import counted, enumerated

if TYPE_CHECKING:
    from perfgate.workflows.proposing import ProposalRequest, Proposed

MAX_LISTED_OMISSIONS = 15  # omissions that the terminal lists; with --dry-run all


def init(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A file, `-` for stdin, or the URL of a service on this machine: OpenAPI, HAR, access log, "
            "Postman, Insomnia, JMeter, k6, locustfile, curl. [default: what this folder has; else some questions]",
        ),
    ] = "",
    budget: Budget = DEFAULT_BUDGET,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            envvar="PERFGATE_FORMAT",
            metavar="NAME",
            help="openapi, har, postman, insomnia, jmeter, k6, locustfile, curl or access-log. "
            "[default: by its content]",
        ),
    ] = "",
    target: Annotated[
        str, typer.Option("--target", envvar="PERFGATE_TARGET", metavar="URL", help="Where the load is to go.")
    ] = "",
    unsafe: Annotated[
        bool, typer.Option("--unsafe", envvar="PERFGATE_UNSAFE", help="Take in POST, PUT, PATCH and DELETE as well.")
    ] = False,
    service: Annotated[
        bool,
        typer.Option(
            "--service",
            envvar="PERFGATE_SERVICE",
            help="Write the start command that this folder shows as `service`, not as a comment.",
        ),
    ] = False,
    ci: Annotated[
        str, typer.Option(envvar="PERFGATE_CI", metavar="github|gitlab", help="Write the CI workflow file as well.")
    ] = "",
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", envvar="PERFGATE_MEASURE", help="Send load for some seconds; propose limits in comments."
        ),
    ] = False,
    try_: Annotated[
        bool | None,
        typer.Option(
            "--try/--no-try",
            envvar="PERFGATE_TRY",
            help="Send each request once; what fails or takes over 1 s becomes a comment. [default: for a URL, "
            "without --unsafe]",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", envvar="PERFGATE_DRY_RUN", help="Print what would be written.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", envvar="PERFGATE_FORCE", help="Write over files that are there.")
    ] = False,
) -> int:
    """Write a budget file from what you have.

    An OpenAPI document, a HAR, an access log, a Postman or Insomnia collection, a JMeter plan, a k6 script, a
    locustfile or curl commands.

    Examples: perfgate init http://127.0.0.1:8000 · perfgate init openapi.json · pbpaste | perfgate init -
    """
    from perfgate.workflows import proposing
    from perfgate.workflows.proposing import ProposalRequest

    if measure and dry_run:
        raise UsageError(
            "--measure needs the file: it does not go with --dry-run", hint="leave one of them out", code="PG-U004"
        )
    if not dry_run:
        _check_free(budget, force=force)
    request = ProposalRequest(
        source=source,
        budget=budget,
        format=format,
        target=target,
        should_include_unsafe=unsafe,
        should_start_service=service,
    )
    proposed = _of_folder(request)
    if proposed is None:
        proposed = questions.propose(request, asks_service=not service)
        ci = ci or questions.ci_service(Path())
    if (measure or (proposed.is_of_service and not unsafe)) if try_ is None else try_:
        proposed = _try_requests(proposed, budget.parent, must=bool(try_))
    workflow = proposing.ci_workflow(ci, budget, os.environ) if ci else None
    if dry_run:
        print(proposed.text, end="")
        if workflow:
            print(f"# {workflow[0]}:\n{workflow[1]}", end="")
        _tell(proposed, len(proposed.left_out))
        return 0
    _write(budget, proposed.text)
    _write_schema(budget.parent)
    _check(budget)
    if workflow:
        _write_workflow(*workflow, force=force)
    _tell(proposed, MAX_LISTED_OMISSIONS)
    if measure:
        _measure(budget, proposed)
    _say_next(budget)
    return 0


def _of_folder(request: ProposalRequest) -> Proposed | None:
    """The proposal without questions; None where the folder shows nothing, and a person can be asked instead."""
    from perfgate.workflows import proposing
    from perfgate.workflows.reading_source import NO_SOURCE

    try:
        return proposing.propose(request, say)
    except UsageError as error:
        if error.code == NO_SOURCE and questions.can_ask():
            return None
        raise


def _check_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(
            f"{path} is there already", hint="name another with --budget FILE, or pass --force", code="PG-U009"
        )


def _write(path: Path, text: str) -> None:
    from perfgate.files import codec

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        codec.write_text(path, text)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", hint="choose another with --budget", code="PG-R002"
        ) from error


def _write_schema(folder: Path) -> None:
    """The schema that the first line of the file names, for editors; in the folder that git ignores."""
    import json

    from perfgate import budgets
    from perfgate.files import run_folder

    _write(run_folder.make_own(folder) / "budgets.schema.json", json.dumps(budgets.schema(), ensure_ascii=False))


def _check(budget: Path) -> None:
    """What `init` writes is a valid budget file, or a bug. Raises BudgetFileError."""
    from perfgate import budgets, scenarios

    budget_file, _ = budgets.check(budget, os.environ)
    plan = scenarios.plan(budget_file)
    contents = enumerated(
        (len(plan.endpoints), "endpoint"), (len(plan.scenarios), "locustfile"), (len(plan.journeys), "journey")
    )
    print(f"{budget}: {contents}; {plan.load_words}.")


def _write_workflow(path: object, text: str, hint: str, *, force: bool) -> None:
    file = Path(str(path))
    if file.exists() and not force:
        say(f"perfgate: {file} is there already and stays as it is; --force writes over it.")
        return
    _write(file, text)
    print(f"{file}: written. {hint}")


def _tell(proposed: Proposed, max_listed: int) -> None:
    """What was left out and what has to be set, on stderr."""
    if proposed.unsafe:
        number = counted(len(proposed.unsafe), "request")
        say(f"  left out: {number} that may change data; --unsafe takes them in [PG-N007]")
    for omission in proposed.left_out[:max_listed]:
        say(f"  left out: {omission.what}: {omission.why} [PG-N007]")
    if (more := len(proposed.left_out) - max_listed) > 0:
        say(f"  left out: {more} more; --dry-run lists all")
    if proposed.assumed_target:
        say(f"  to check: the target, {proposed.assumed_target}, is assumed; --target URL sets another")
    for name, meaning in sorted(proposed.variables.items()):
        say(f"  to set: {name}: {meaning}")


def _try_requests(proposed: Proposed, folder: Path, *, must: bool) -> Proposed:
    """The proposal after a trial; unless it `must` be made, the proposal as it is where it cannot."""
    from perfgate.cli.context import child_environment
    from perfgate.workflows import proposing

    try:
        return proposing.try_requests(proposed, folder, child_environment(), say)
    except PerfgateError as error:
        if must:
            raise
        say(f"perfgate: {error.message} {error.hint} [{error.code}]")
        return proposed


def _measure(budget: Path, proposed: Proposed) -> None:
    """Sends load, and writes the file anew with what was seen. The file stays as it is when no run could be made."""
    from perfgate.cli.context import run_context
    from perfgate.cli.progress import reporter
    from perfgate.workflows import proposing
    from perfgate.workflows.steps.request import RunRequest

    try:
        request = RunRequest(budget=budget, context=run_context("first"), save=False)
        proposed = proposing.with_limits(proposed, request, reporter())
    except PerfgateError as error:
        error.hint = f"{error.hint}\n{budget} is written, without limits from a first run.".strip()
        raise
    _write(budget, proposed.text)
    _check(budget)


def _say_next(budget: Path) -> None:
    option = "" if budget == DEFAULT_BUDGET else f" --budget {budget}"
    say(f"Next: perfgate doctor{option}, then perfgate run{option}")
