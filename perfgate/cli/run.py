"""`perfgate run`: the whole pipeline."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate import __version__
from perfgate.cli.against import BaseRef, BaseUrl, Blocks, Restarts, against
from perfgate.cli.guard import Signals, say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, Only, Target, Verbose
from perfgate.model.errors import CouldNotMeasure, UsageError

if TYPE_CHECKING:
    from perfgate.loadtest import Fleet
    from perfgate.model.plan import Plan
    from perfgate.model.run import Progress
    from perfgate.workflows.run import Against, ProgressReporter, RunRequest

MOST_PROCESSES = 256
INTERRUPTED = 130


def run(
    budget: Budget = DEFAULT_BUDGET,
    target: Target = "",
    only: Only = [],  # noqa: B006 - typer's way to say "none"
    base_ref: BaseRef = "",
    base: BaseUrl = "",
    restarts: Restarts = None,
    blocks: Blocks = "",
    processes: Annotated[
        str,
        typer.Option(
            envvar="PERFGATE_PROCESSES", metavar="N|auto", help="Load-generator processes; auto: one per core but one."
        ),
    ] = "1",
    workers: Annotated[
        int,
        typer.Option(
            envvar="PERFGATE_WORKERS", min=0, metavar="N", help="Load from N other machines: see `perfgate worker`."
        ),
    ] = 0,
    master_host: Annotated[
        str, typer.Option(envvar="PERFGATE_MASTER_HOST", metavar="ADDRESS", help="Where --workers connect to.")
    ] = "0.0.0.0",  # noqa: S104 - every address of this machine
    master_port: Annotated[int, typer.Option(envvar="PERFGATE_MASTER_PORT", metavar="PORT", help="The same.")] = 5557,
    out: Annotated[
        Path | None,
        typer.Option(envvar="PERFGATE_OUT", metavar="DIR", help="The run folder. [default: .perfgate/runs/<id>]"),
    ] = None,
    history: HistoryUrl = "",
    save: Annotated[
        bool | None,
        typer.Option(
            "--save/--no-save",
            envvar="PERFGATE_SAVE",
            help="Add the run to the history. [default: yes; in GitHub and GitLab CI not for pull requests and other "
            "branches' pushes]",
            show_default=False,
        ),
    ] = None,
    confirm: Annotated[
        Path | None,
        typer.Option(
            envvar="PERFGATE_CONFIRM",
            metavar="RUN",
            help="A failure counts only if this earlier run (its folder, or its verdict.json) has it too.",
        ),
    ] = None,
    publish: Annotated[
        list[str],
        typer.Option(
            envvar="PERFGATE_PUBLISH",
            metavar="WHERE",
            help="Tell it there: github, gitlab, slack ... See `perfgate publish`.",
        ),
    ] = [],  # noqa: B006
    diagnose: Annotated[
        bool | None,
        typer.Option(
            "--diagnose/--no-diagnose",
            envvar="PERFGATE_DIAGNOSE",
            help="Find out why, in a second pass that is not judged. [default: where something failed]",
            show_default=False,
        ),
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", envvar="PERFGATE_ALLOW_REMOTE", help="Send load to any host.")
    ] = False,
    verbose: Verbose = False,
) -> int:
    """Send the load, judge what came back, report.

    Example: perfgate run --budget budgets.yaml
    """
    signals = Signals().listen()
    from perfgate import loadtest
    from perfgate.cli import not_measured
    from perfgate.cli.exits import exit_code
    from perfgate.cli.publish import deliver, wishes_from_environment
    from perfgate.cli.show import show
    from perfgate.report import diagnosed
    from perfgate.report.facts import Facts
    from perfgate.workflows import run as workflow

    wishes, topic = wishes_from_environment(publish), os.environ.get("PERFGATE_TOPIC", "")
    request = order_of(
        budget,
        out,
        target=target,
        history=history,
        only=tuple(only),
        against=against(base_ref, base, restarts, blocks, target=target, workers=workers),
        processes=processes_of(processes),
        fleet=loadtest.Fleet(workers=workers, host=master_host, port=master_port) if workers else None,
        allow_remote=allow_remote,
        save=save,
        confirm=confirm,
        diagnose=diagnose,
    )
    try:
        outcome = workflow.run(request, reporter())
    except CouldNotMeasure as error:
        if failure := not_measured.record_failure(request, error):
            for where in publish:
                not_measured.deliver(where, failure, budget=budget, wishes=wishes, topic=topic)
        raise
    if outcome.verdict is None or outcome.report is None:
        requests = sum(result.requests for result in outcome.run.endpoints if result.kind == "endpoint")
        say(f"perfgate: interrupted. {requests:,} measured requests are kept in {request.folder}, but not judged.")
        return signals.exit_code or INTERRUPTED
    diagnosis, _ = diagnosed(request.folder)
    facts = Facts(verdict=outcome.verdict, run=outcome.run, past_runs=outcome.past_runs, diagnosis=diagnosis)
    show(facts, verbose=verbose, with_phases=verbose)
    for warning in outcome.report.warnings:
        say(f"perfgate: {warning}")
    say(f"Report: {outcome.report.markdown}")
    for where in publish:
        deliver(
            where,
            facts,
            folder=request.folder,
            budget=budget,
            policy=outcome.policy,
            wishes=wishes,
            topic=topic,
            history=request.history,
        )
    return exit_code(outcome.verdict, outcome.policy)


def order_of(
    budget: Path,
    out: Path | None,
    *,
    target: str,
    against: Against | None,
    allow_remote: bool,
    history: str = "",
    only: tuple[str, ...] = (),
    processes: int = 1,
    fleet: Fleet | None = None,
    save: bool | None = None,
    confirm: Path | None = None,
    diagnose: bool | None = None,
) -> RunRequest:
    """What was asked for, with all that is read from the outside world."""
    from perfgate.ci import credentials, revision
    from perfgate.cli.accepting import gather
    from perfgate.files import run_folder
    from perfgate.workflows.run import RunRequest

    root = Path.cwd()
    code = revision.read(os.environ, root)
    if not code.commit and (trouble := revision.trouble(os.environ, root)):
        say(f"perfgate: commit and branch are not known. git says: {trouble}")
    access = credentials.git_auth_environment(os.environ, root)
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return RunRequest(
        budget=budget,
        root=root,
        environ=with_timing_secret(child_environment()),
        run_id=run_id,
        folder=out or run_folder.runs_folder(root) / run_id,
        revision=code,
        versions={"perfgate": __version__, "locust": version("locust"), "python": python_version()},
        target=target,
        history=history,
        only=only,
        against=against,
        processes=processes,
        fleet=fleet,
        allow_remote=allow_remote,
        save=save,
        confirm=confirm,
        diagnose=diagnose,
        access=access,
        words=lambda branch, last: gather({**os.environ, **access}, root, code, branch=branch, last=last, say=say),
    )


def child_environment() -> dict[str, str]:
    """The environment, with the programs of perfgate's own installation found after all others: a `service` of
    `perfgate demo` works without an activated virtual environment. A token that is for perfgate alone stays out."""
    from perfgate.ci import credentials

    own = str(Path(sys.executable).parent)
    return {
        **credentials.without_secrets(os.environ),
        "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), own]),
    }


def with_timing_secret(environ: dict[str, str]) -> dict[str, str]:
    """With a secret that the service's middleware (`perfgate.middleware`) and the second pass of a diagnosis share."""
    from perfgate.middleware.secret import VARIABLE

    return environ if environ.get(VARIABLE) else {**environ, VARIABLE: secrets.token_hex(16)}


def processes_of(text: str) -> int:
    """Raises UsageError for anything but a number from 1 or `auto`."""
    if text == "auto":
        return max(1, (os.cpu_count() or 2) - 1)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_PROCESSES:
        raise UsageError(f"--processes {text}: give a number from 1 to {MOST_PROCESSES}, or auto", code="PG-U003")
    return int(text)


def reporter() -> ProgressReporter:
    from rich.console import Console

    from perfgate.report.terminal.progress import LoadProgress
    from perfgate.workflows.run import ProgressReporter

    console = Console(stderr=True)

    @contextmanager
    def progress(_: Plan) -> Iterator[Callable[[Progress], None]]:
        with LoadProgress(console) as shown:
            yield shown.update

    return ProgressReporter(say=say, progress=progress)
