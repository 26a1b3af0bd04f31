"""`perfgate diagnose`: which layer an endpoint's time goes to, without a load test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perfgate.cli.against import BaseRef, BaseUrl, against
from perfgate.cli.guard import Signals, say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, Target
from perfgate.model.errors import UsageError


def diagnose(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="An endpoint of the budget file.")],
    budget: Budget = DEFAULT_BUDGET,
    target: Target = "",
    base_ref: BaseRef = "",
    base: BaseUrl = "",
    metric: Annotated[
        str, typer.Option(envvar="PERFGATE_METRIC", metavar="NAME", help="What is split: p50, p90, p95, p99 or mean.")
    ] = "p95",
    out: Annotated[
        Path | None,
        typer.Option(envvar="PERFGATE_OUT", metavar="DIR", help="For diagnosis.json. [default: .perfgate/runs/<id>]"),
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", envvar="PERFGATE_ALLOW_REMOTE", help="Send requests to any host.")
    ] = False,
) -> int:
    """Say which layer an endpoint's time goes to, and why. Nothing is judged.

    Example: perfgate diagnose "list products" --base-ref main
    """
    Signals().listen()
    from perfgate.cli.context import remembered_run_context
    from perfgate.cli.progress import reporter
    from perfgate.files import codec, run_folder
    from perfgate.report import diagnosis_text, trace_text
    from perfgate.workflows import explain
    from perfgate.workflows.steps.request import RunRequest

    if metric not in explain.SPLIT_METRICS:
        known = ", ".join(explain.SPLIT_METRICS)
        raise UsageError(f"--metric {metric}: it has no split into layers", hint=f"Known: {known}", code="PG-U002")
    compared = against(base_ref, base, None, "", target=target, workers=0)
    context = remembered_run_context(out)
    request = RunRequest(budget=budget, context=context, target=target, against=compared, allow_remote=allow_remote)
    diagnosis = explain.explain_endpoint(request, reporter(), endpoint, metric)
    codec.write(diagnosis, context.folder / run_folder.DIAGNOSIS)
    for line, remedy in diagnosis_text.lines(diagnosis):
        print(line)
        if remedy:
            print(f"  {remedy}")
    for line in trace_text.lines(diagnosis):
        print(line)
    for table in diagnosis_text.tables(diagnosis):
        print(table)
    for doubt in diagnosis.warnings:
        say(f"perfgate: {doubt}")
    say(f"All of it: {context.folder / run_folder.DIAGNOSIS}")
    return 0
