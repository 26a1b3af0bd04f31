"""The rounds of `perfgate watch`, one after the other: a line for each, alerts, exports, and the wait between them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from perfgate.cli.guard import has_colours, say, with_code
from perfgate.cli.where import in_repository, own_environment
from perfgate.model.errors import HistoryError, RecordError
from perfgate.model.publication import When

if TYPE_CHECKING:
    from perfgate.cli.exporting import Exports
    from perfgate.model.publication import Announcement
    from perfgate.report.alerts import Watching
    from perfgate.workflows.steps.request import RunRequest
    from perfgate.workflows.steps.resolving import RunSpec
    from perfgate.workflows.watch import Round, WatchOptions

EXIT_INCIDENT, EXIT_NO_ROUND = 1, 3  # exit codes
REPEAT_S = 60.0  # s after which exports are repeated between two rounds: Prometheus forgets values after 300 s
RED, GREEN = "31;1", "32;1"


class Watcher:
    """`made` counts the rounds; `exit_code` is that of the newest."""

    def __init__(self, options: WatchOptions, chats: tuple[str, ...], exports: Exports) -> None:
        self._options, self._chats, self._exports = options, chats, exports
        self.made = self.exit_code = 0

    def run(self, request: Callable[[], RunRequest], rounds: int) -> None:
        """Makes so many rounds, 0: without end. Mistakes of the budget file end it at once; what may pass does not."""
        began = monotonic()
        for number in count(1):
            self._round(request())
            if number == rounds:
                return
            self._wait(began)

    def _wait(self, began: float) -> None:
        """Waits for the next beginning, which is a whole number of times after the first."""
        every, passed = self._options.every, monotonic() - began
        for pause in pauses(every - passed % every):
            time.sleep(pause)
            self._exports.repeat()

    def _round(self, request: RunRequest) -> None:
        from perfgate.workflows import watch as workflow
        from perfgate.workflows.steps.request import ProgressReporter

        spec = workflow.resolve(request, self._options)
        if not self.made:
            _introduce(spec, self._options)
        try:
            made = workflow.measure_round(spec, self._options, self._exports.beside(ProgressReporter()))
        except (HistoryError, RecordError) as error:
            say(f"perfgate: this round was lost. {with_code(error)}")
            self.exit_code = EXIT_NO_ROUND
            return
        if made is None:
            raise KeyboardInterrupt
        self.made += 1
        self.exit_code = EXIT_INCIDENT if made.open else EXIT_NO_ROUND if made.failure else 0
        self._tell(made, spec)

    def _tell(self, made: Round, spec: RunSpec) -> None:
        from perfgate.report import alerts

        watching = _watching(made, spec, self._options)
        _show(_clock(made.started), _outcome(made), "")
        if made.opened:
            self._alert(alerts.firing(made.opened, watching), RED)
        if made.closed:
            self._alert(alerts.resolved(made.closed, watching), GREEN)
        result = made.result
        budgets = [(item.endpoint, item.metric) for item in spec.budget_file.budgets]
        run, verdict = (result.run, result.verdict) if result else (None, None)
        self._exports.round(run, verdict, made.incidents, budgets)

    def _alert(self, announcement: Announcement, colour: str) -> None:
        from perfgate import publish as publishing
        from perfgate.cli.publish_options import publish_options_from_environment

        _show("", announcement.headline, colour)
        for broken in announcement.occasion.broken:
            _show("", f"  {broken.sentence}", "")
        options = replace(publish_options_from_environment(), when=When.ALWAYS)
        for chat in self._chats:
            published = publishing.publish(announcement, chat, own_environment(), options)
            for line in (*published.messages, *published.warnings):
                say(f"perfgate: {line}")


def pauses(left: float) -> list[float]:
    """Parts of a wait, none longer than exports may go without being repeated."""
    number = int(left // REPEAT_S)
    return [*[REPEAT_S] * number, left - number * REPEAT_S]


def _introduce(spec: RunSpec, options: WatchOptions) -> None:
    often = "once" if options.every == float("inf") else f"every {options.every:g} s"
    alert = options.alert
    print(
        f"Watching {spec.load.target} {often}: {spec.load.plan.load_words}. "
        f"Alert at {alert.failures} of {alert.among} failed rounds, over after {alert.recoveries} good ones.",
        flush=True,
    )


def _watching(made: Round, spec: RunSpec, options: WatchOptions) -> Watching:
    from perfgate.report.alerts import Watching

    return Watching(
        run=made.id,
        name=made.name,
        budget=in_repository(spec.load.budget),
        target=made.target,
        started=made.started,
        url=spec.context.revision.url,
        verdict=made.result.verdict if made.result else None,
        failure=made.failure,
        policy=options.alert,
    )


def _outcome(made: Round) -> str:
    from perfgate.report.facts import Facts
    from perfgate.report.headline import headline

    if made.result is None or made.result.verdict is None:
        text = f"NOT MEASURED: {made.failure}"
    else:
        result = made.result
        assert result.verdict is not None
        text = headline(Facts(verdict=result.verdict, run=result.run, past_runs=result.past_runs))
    others = [item for item in made.open if item not in made.opened]
    return text + (f" (incident open since {_clock(others[0].began)})" if others else "")


def _clock(started: str) -> str:
    """Time of the day, here."""
    with suppress(ValueError):
        return f"{datetime.fromisoformat(started).astimezone():%H:%M:%S}"
    return started


def _show(clock: str, text: str, colour: str) -> None:
    shown = f"\x1b[{colour}m{text}\x1b[0m" if colour and has_colours(sys.stdout) else text
    print(f"{clock:8}  {shown}", flush=True)
