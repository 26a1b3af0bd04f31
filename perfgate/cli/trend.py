"""`perfgate trend`: one metric over the remembered runs, as a table or a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl
from perfgate.cli.where import budget_file_if_any, name_of, open_history
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.metric import METRICS

if TYPE_CHECKING:
    from perfgate.model.run import PastRun


def trend(
    endpoint: Annotated[
        str, typer.Argument(metavar="ENDPOINT", help="An endpoint or journey. [default: all, one after the other]")
    ] = "",
    metric: Annotated[
        str, typer.Option(envvar="PERFGATE_METRIC", metavar="NAME", help=f"One of {', '.join(METRICS)}.")
    ] = "p95",
    branch: Annotated[
        str,
        typer.Option(
            envvar="PERFGATE_BRANCH", metavar="NAME", help="Only runs of this branch. [default: all branches]"
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", envvar="PERFGATE_OUTPUT", metavar="FILE", help="Write a picture: .png or .svg."),
    ] = None,
    dark: Annotated[bool, typer.Option(help="Draw it for dark pages.")] = False,
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
) -> int:
    """Show a metric over the remembered runs.

    Examples: perfgate trend · perfgate trend search --metric p95 --output search.png
    """
    if metric not in METRICS:
        raise UsageError(
            f"--metric {metric}: there is no such metric", hint=f"Known: {', '.join(METRICS)}", code="PG-U002"
        )
    with open_history(budget, history) as store:
        past_runs = store.runs(name_of(budget, store), branch=branch or None)
    endpoints = _endpoints(past_runs, endpoint)
    if output is not None:
        _draw(past_runs, endpoints, metric, output, budget=budget, dark=dark)
        return 0
    from rich.console import Console

    from perfgate.report.terminal import trends

    for name in endpoints:
        trends.show(trends.table(past_runs[::-1], name, metric), name, metric, Console())
    return 0


def _endpoints(past_runs: tuple[PastRun, ...], chosen: str) -> list[str]:
    """Raises RecordError when there is nothing to show."""
    if not past_runs:
        raise RecordError(
            "No runs are remembered yet.", hint="Make one: perfgate run --budget budgets.yaml", code="PG-R009"
        )
    known = list(dict.fromkeys(result.name for past in past_runs for result in past.run.endpoints))
    if chosen and chosen not in known:
        raise UsageError(
            f"No remembered run has an endpoint {chosen!r}", hint=f"Known: {', '.join(known)}", code="PG-U007"
        )
    return [chosen] if chosen else known


def _draw(
    past_runs: tuple[PastRun, ...], endpoints: list[str], metric: str, output: Path, *, budget: Path, dark: bool
) -> None:
    from perfgate.report.charts import gallery
    from perfgate.workflows.steps import judging

    if len(endpoints) != 1:
        raise UsageError(
            "A picture shows one endpoint: name it.", hint=f"Known: {', '.join(endpoints)}", code="PG-U006"
        )
    file = budget_file_if_any(budget)
    chosen = judging.budgets_of(file, past_runs[0].run) if file else ()
    limits = [item for item in chosen if (item.endpoint, item.metric) == (endpoints[0], metric)]
    gallery.draw_trend(past_runs, endpoints[0], metric, output, budget=limits[0] if limits else None, dark=dark)
    say(f"Wrote {output}")
