"""`perfgate calibrate`: how noisy this runner is, what a gate on it can find, and limits that it can keep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.guard import EXIT_INTERRUPTED, Signals, say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, Only, Target, seconds_of

MIN_RUNS, MAX_RUNS = 3, 1000


def calibrate(
    budget: Budget = DEFAULT_BUDGET,
    runs: Annotated[
        int,
        typer.Option(envvar="PERFGATE_RUNS", min=MIN_RUNS, max=MAX_RUNS, metavar="N", help="Runs of the same code."),
    ] = 10,
    ab_runs: Annotated[
        int | None,
        typer.Option(
            envvar="PERFGATE_AB_RUNS",
            min=0,
            max=MAX_RUNS,
            metavar="N",
            help="A/B runs besides, with the service started twice. [default: a third of --runs, where that works]",
        ),
    ] = None,
    duration: Annotated[
        str,
        typer.Option(envvar="PERFGATE_DURATION", metavar="TIME", help="Length of each run, instead of the file's: 1m"),
    ] = "",
    target: Target = "",
    only: Only = [],  # noqa: B006 - typer's way to say "none"
    processes: Annotated[
        str, typer.Option(envvar="PERFGATE_PROCESSES", metavar="N|auto", help="Load-generator processes, as for `run`.")
    ] = "1",
    out: Annotated[
        Path | None,
        typer.Option(
            envvar="PERFGATE_OUT", metavar="DIR", help="The folder for results. [default: .perfgate/calibrations/<id>]"
        ),
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", envvar="PERFGATE_ALLOW_REMOTE", help="Send load to any host.")
    ] = False,
) -> int:
    """Measure unchanged code again and again.

    Proposes limits, and a duration, that this machine can keep.

    Example: perfgate calibrate --runs 10 --budget budgets.yaml
    """
    signals = Signals().listen()
    from rich.console import Console

    from perfgate import report
    from perfgate.cli.context import processes_of, run_context
    from perfgate.cli.progress import reporter
    from perfgate.workflows import calibrate as calibrating
    from perfgate.workflows.steps.request import RunRequest

    request = RunRequest(
        budget=budget,
        context=run_context("calibrations", out),
        target=target,
        only=tuple(only),
        processes=processes_of(processes),
        allow_remote=allow_remote,
        save=False,
    )
    options = calibrating.CalibrationOptions(
        runs=runs, pairs=ab_runs, duration=seconds_of("--duration", duration) if duration else None
    )
    calibration, complete = calibrating.calibrate(request, options, reporter())
    picture, warnings = report.picture_of(calibration, request.context.folder)
    report.show_calibration(calibration, Console())
    for warning in warnings:
        say(f"perfgate: {warning}")
    say(f"Calibration: {request.context.folder / calibrating.FILE}" + (f", picture: {picture}" if picture else ""))
    if not complete:
        say(f"perfgate: interrupted; this is what {calibration.runs} runs say.")
        return signals.exit_code or EXIT_INTERRUPTED
    return 0
