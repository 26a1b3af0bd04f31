"""`perfgate accept`: a level is the new normal, and somebody says why."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.finding import find_run
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl
from perfgate.cli.where import open_history
from perfgate.model.errors import CouldNotMeasure, UsageError
from perfgate.model.metric import METRICS
from perfgate.model.run import Acceptance, Run

if TYPE_CHECKING:
    from perfgate.history import History

LATEST = "latest"


def accept(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN] [ENDPOINT [METRIC]]", help="The run (latest), an endpoint (all), a metric (all)."
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", envvar="PERFGATE_REASON", metavar="TEXT", help="Why; kept and shown.")
    ] = "",
    author: Annotated[
        str,
        typer.Option(
            "--author",
            envvar="PERFGATE_AUTHOR",
            metavar="NAME",
            help="Who accepts it. [default: who runs this]",
            show_default=False,
        ),
    ] = "",
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
) -> int:
    """Accept a run's level as the new normal.

    Later runs are compared with it.


    Example: perfgate accept latest search p95 --reason "ranks better now"
    """
    words = what or []
    run_name, endpoint, metric = _parsed(words)
    if not reason.strip():
        raise UsageError(
            "Say why: --reason '...'", hint="The reason is kept in the history and shown on the chart.", code="PG-U006"
        )
    with open_history(budget, history) as store:
        run, endpoint = _resolve(run_name, endpoint, words, store)
        _check(run, endpoint, metric)
        _check_level(run, run_name)
        acceptance = Acceptance(
            reason=reason.strip(),
            author=author or os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN") or getpass.getuser(),
            at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            endpoint=endpoint,
            metric=metric,
        )
        store.accept(run.id, acceptance)
    what_text = f"{endpoint} {metric}" if metric else f"every metric of {endpoint}" if endpoint else "every metric"
    print(f"Accepted {what_text} of {run.name}, run {run.id}.")
    print("Later runs on its branch are compared with it and what follows.")
    print("A fixed limit (`p95: 120ms`) stays one: change it in the budget file.")
    return 0


def _parsed(words: list[str]) -> tuple[str, str, str]:
    """(run, endpoint, metric); endpoint and metric are empty when all are meant."""
    if len(words) > 3:
        raise UsageError(
            "perfgate accept [RUN] [ENDPOINT [METRIC]]",
            hint='Quote names with spaces: "list products" p95',
            code="PG-U006",
        )
    if len(words) == 2 and words[0] != LATEST and words[1] in METRICS:
        return LATEST, words[0], words[1]
    run, endpoint, metric = (*(words or [LATEST]), "", "")[:3]
    return run, endpoint, metric


def _resolve(run_name: str, endpoint: str, words: list[str], store: History) -> tuple[Run, str]:
    """The run and the endpoint. A single word that names no run may name an endpoint of the latest one."""
    try:
        return find_run(run_name, store, Path.cwd())[1], endpoint
    except CouldNotMeasure:
        if len(words) != 1 or words == [LATEST]:
            raise
        run = find_run(LATEST, store, Path.cwd())[1]
        if run_name not in [result.name for result in run.endpoints]:
            raise
        return run, run_name


def _check_level(run: Run, name: str) -> None:
    """An A/B run is no level: each arm had half of the load, and it is never a baseline."""
    if not run.arms:
        return
    called = f"{run.id} ({name})" if name != run.id else run.id
    raise UsageError(
        f"Run {called} is an A/B test: later runs are never compared with it, so there is no level to accept",
        hint="Merge the change, then accept the next run of the branch itself; `perfgate history list` names the runs. "
        "For this pull request alone: a trailer or label, see docs/accepting.md.",
        code="PG-U013",
    )


def _check(run: Run, endpoint: str, metric: str) -> None:
    names = [result.name for result in run.endpoints]
    if endpoint and endpoint not in names:
        raise UsageError(
            f"Run {run.id} has no endpoint {endpoint!r}", hint=f"It has: {', '.join(names)}", code="PG-U007"
        )
    if metric and metric not in METRICS:
        raise UsageError(f"There is no metric {metric!r}", hint=f"Known: {', '.join(METRICS)}", code="PG-U002")
