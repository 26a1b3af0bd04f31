"""`perfgate watch`: a deployment measured again and again; an alert when it became worse, another when it is well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.exporting import Export, exporting
from perfgate.cli.guard import EXIT_INTERRUPTED, Signals, say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, Only, Target, seconds_of
from perfgate.cli.run import AllowRemote
from perfgate.model.errors import UsageError
from perfgate.model.verdict import AlertPolicy

if TYPE_CHECKING:
    from perfgate.workflows.steps.request import RunRequest

CHATS = ("slack", "teams", "webhook")
MAX_WINDOW_ROUNDS = 10_000

Every = Annotated[
    str, typer.Option(envvar="PERFGATE_EVERY", metavar="TIME", help="Time between the starts of two rounds.")
]
Rounds = Annotated[
    int,
    typer.Option(
        envvar="PERFGATE_ROUNDS",
        min=0,
        metavar="N",
        help="Stop after so many rounds. [default: never]",
        show_default=False,
    ),
]
Once = Annotated[bool, typer.Option("--once", envvar="PERFGATE_ONCE", help="One round, for cron and schedules.")]
Rate = Annotated[
    str,
    typer.Option(envvar="PERFGATE_RATE", metavar="RATE", help="Rate of each round, instead of the file's: 2/s"),
]
Duration = Annotated[
    str,
    typer.Option(envvar="PERFGATE_DURATION", metavar="TIME", help="Length of each round, instead of the file's: 30s"),
]
AlertAt = Annotated[
    str,
    typer.Option(
        envvar="PERFGATE_ALERT", metavar="K/N", help="The error budget: alert when K of the last N rounds failed."
    ),
]
RecoverAt = Annotated[
    int,
    typer.Option(envvar="PERFGATE_RECOVER", min=1, metavar="N", help="Close an incident after N good rounds."),
]
Publish = Annotated[
    list[str], typer.Option(envvar="PERFGATE_PUBLISH", metavar="WHERE", help="Alert there: slack, teams, webhook.")
]


def watch(
    budget: Budget = DEFAULT_BUDGET,
    target: Target = "",
    only: Only = [],  # noqa: B006 - typer's way to say "none"
    every: Every = "5m",
    rounds: Rounds = 0,
    once: Once = False,
    rate: Rate = "",
    duration: Duration = "",
    alert: AlertAt = "2/3",
    recover: RecoverAt = 2,
    publish: Publish = [],  # noqa: B006
    export: Export = [],  # noqa: B006
    history: HistoryUrl = "",
    allow_remote: AllowRemote = False,
) -> int:
    """Measure a deployment every few minutes, and alert.

    It alerts when the deployment became worse, and when it is well again.

    The exit code is 1 while an incident is open, 3 when the last round could not be made.

    Example: perfgate watch --every 5m --rate 2/s --publish slack
    """
    signals = Signals().listen()
    from perfgate.cli.context import run_context
    from perfgate.cli.watching import Watcher
    from perfgate.workflows.steps.request import RunRequest
    from perfgate.workflows.watch import BRANCH, WatchOptions

    if unknown := [name for name in publish if name not in CHATS]:
        raise UsageError(
            f"--publish {unknown[0]}: it takes no alerts", hint=f"Known: {', '.join(CHATS)}", code="PG-U002"
        )
    options = WatchOptions(
        every=float("inf") if once else seconds_of("--every", every),
        rate=_rate(rate) if rate else None,
        duration=seconds_of("--duration", duration) if duration else None,
        alert=_policy(alert, recover),
    )

    def request() -> RunRequest:
        return RunRequest(
            budget=budget,
            context=run_context("watch"),
            target=target,
            history=history,
            only=tuple(only),
            allow_remote=allow_remote,
        )

    with exporting(export, budget, BRANCH) as exports:
        watcher = Watcher(options, tuple(publish), exports)
        try:
            watcher.run(request, 1 if once else rounds)
        except KeyboardInterrupt:
            say(f"perfgate: stopped after {watcher.made} rounds; the next watch goes on with the same history.")
            return signals.exit_code or EXIT_INTERRUPTED
    return watcher.exit_code


def _rate(text: str) -> float:
    """Raises UsageError for anything but a rate above 0."""
    from perfgate.text import units

    try:
        rate = units.parse(units.RATE, text)
    except units.UnitError as error:
        raise UsageError(f"--rate {text}: {error.message}", hint=error.hint, code="PG-U003") from error
    if rate <= 0:
        raise UsageError(f"--rate {text}: it must be above 0", code="PG-U003")
    return rate


def _policy(alert: str, recoveries: int) -> AlertPolicy:
    """Raises UsageError for anything but K/N with 1 <= K <= N."""
    match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", alert)
    failures, among = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= failures <= among <= MAX_WINDOW_ROUNDS:
        raise UsageError(
            f"--alert {alert}: give K/N, failed rounds and rounds, for example 2/3; at most {MAX_WINDOW_ROUNDS}.",
            code="PG-U003",
        )
    return AlertPolicy(failures=failures, among=among, recoveries=recoveries)
