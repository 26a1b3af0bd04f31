"""`perfgate run`: the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.against import BaseRef, BaseUrl, Blocks, Restarts, against
from perfgate.cli.exporting import Export, exporting
from perfgate.cli.guard import EXIT_INTERRUPTED, Signals, say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, Only, Target, Verbose
from perfgate.model.errors import CouldNotMeasure

if TYPE_CHECKING:
    from perfgate.cli.delivery import Destinations
    from perfgate.workflows.run import RunResult
    from perfgate.workflows.steps.request import ProgressReporter, RunRequest

Processes = Annotated[
    str,
    typer.Option(
        envvar="PERFGATE_PROCESSES", metavar="N|auto", help="Load-generator processes; auto: one per core but one."
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        envvar="PERFGATE_WORKERS", min=0, metavar="N", help="Load from N other machines: see `perfgate worker`."
    ),
]
MasterHost = Annotated[
    str, typer.Option(envvar="PERFGATE_MASTER_HOST", metavar="ADDRESS", help="Where --workers connect to.")
]
MasterPort = Annotated[
    int, typer.Option(envvar="PERFGATE_MASTER_PORT", metavar="PORT", help="The port they connect to.")
]
Out = Annotated[
    Path | None,
    typer.Option(envvar="PERFGATE_OUT", metavar="DIR", help="The run folder. [default: .perfgate/runs/<id>]"),
]
Save = Annotated[
    bool | None,
    typer.Option(
        "--save/--no-save",
        envvar="PERFGATE_SAVE",
        help="Add the run to the history. [default: yes; in CI not for pull requests, on GitHub and GitLab nor "
        "for pushes to other branches than the baseline's]",
        show_default=False,
    ),
]
Confirm = Annotated[
    Path | None,
    typer.Option(
        envvar="PERFGATE_CONFIRM",
        metavar="RUN",
        help="A failure counts only if this earlier run (its folder, or its verdict.json) has it too.",
    ),
]
Publish = Annotated[
    list[str],
    typer.Option(
        envvar="PERFGATE_PUBLISH",
        metavar="WHERE",
        help="Publish the verdict to: github, gitlab, slack ... See `perfgate publish`.",
    ),
]
Diagnose = Annotated[
    bool | None,
    typer.Option(
        "--diagnose/--no-diagnose",
        envvar="PERFGATE_DIAGNOSE",
        help="Find out why, in a second pass that is not judged. [default: where something failed]",
        show_default=False,
    ),
]
AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", envvar="PERFGATE_ALLOW_REMOTE", help="Send load to any host.")
]


def run(
    budget: Budget = DEFAULT_BUDGET,
    target: Target = "",
    only: Only = [],  # noqa: B006 - typer's way to say "none"
    base_ref: BaseRef = "",
    base: BaseUrl = "",
    restarts: Restarts = None,
    blocks: Blocks = "",
    processes: Processes = "1",
    workers: Workers = 0,
    master_host: MasterHost = "0.0.0.0",  # noqa: S104 - every address of this machine
    master_port: MasterPort = 5557,
    out: Out = None,
    history: HistoryUrl = "",
    save: Save = None,
    confirm: Confirm = None,
    publish: Publish = [],  # noqa: B006
    export: Export = [],  # noqa: B006
    diagnose: Diagnose = None,
    allow_remote: AllowRemote = False,
    verbose: Verbose = False,
) -> int:
    """Send the load, judge what came back, report.

    Examples: perfgate run · perfgate run --only search · perfgate run --base-ref auto
    """
    signals = Signals().listen()
    from perfgate.cli.context import processes_of, remembered_run_context
    from perfgate.cli.delivery import destinations_from_environment
    from perfgate.cli.progress import reporter
    from perfgate.model.fleet import Fleet
    from perfgate.workflows.steps.request import RunRequest

    destinations = destinations_from_environment(publish, budget, history)
    compared = against(base_ref, base, restarts, blocks, target=target, workers=workers)
    request = RunRequest(
        budget=budget,
        context=remembered_run_context(out),
        target=target,
        history=history,
        only=tuple(only),
        against=compared,
        processes=processes_of(processes),
        fleet=Fleet(workers=workers, host=master_host, port=master_port) if workers else None,
        allow_remote=allow_remote,
        save=save,
        confirm=confirm,
        diagnose=diagnose,
    )
    with exporting(export, budget, request.context.revision.branch) as exports:
        result = _measure(request, destinations, exports.beside(reporter()))
        if result.verdict is not None:
            exports.verdict(result.run, result.verdict)
    if result.verdict is None:
        requests = sum(endpoint.requests for endpoint in result.run.endpoints if endpoint.kind == "endpoint")
        folder = request.context.folder
        say(f"perfgate: interrupted. {requests:,} measured requests are kept in {folder}, but not judged.")
        return signals.exit_code or EXIT_INTERRUPTED
    return _tell(result, request.context.folder, destinations, verbose=verbose)


def _measure(request: RunRequest, destinations: Destinations, reporter: ProgressReporter) -> RunResult:
    """Where nothing could be measured, comments that still show an earlier verdict say so."""
    from perfgate.cli import not_measured
    from perfgate.workflows import run as workflow
    from perfgate.workflows.steps.failures import record_failure

    try:
        return workflow.run(request, reporter)
    except CouldNotMeasure as error:
        if failure := record_failure(request, error):
            for where in destinations.names:
                not_measured.deliver(where, failure, destinations)
        raise


def _tell(result: RunResult, folder: Path, destinations: Destinations, *, verbose: bool) -> int:
    """The verdict on stdout and wherever it is published; returns the exit code."""
    from perfgate.cli.delivery import deliver
    from perfgate.cli.exits import exit_code
    from perfgate.cli.show import show
    from perfgate.report import read_diagnosis
    from perfgate.report.facts import Facts

    assert result.verdict is not None, "it was judged"
    assert result.report is not None, "it was judged"
    diagnosis, _ = read_diagnosis(folder)
    facts = Facts(verdict=result.verdict, run=result.run, past_runs=result.past_runs, diagnosis=diagnosis)
    show(facts, verbose=verbose, with_phases=verbose)
    for warning in result.report.warnings:
        say(f"perfgate: {warning}")
    say(f"Report: {result.report.markdown}")
    for where in destinations.names:
        deliver(where, facts, folder, result.policy, destinations)
    return exit_code(result.verdict, result.policy)
