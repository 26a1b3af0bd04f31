"""Exports beside whatever a verb does: where to, live numbers while a load runs, the verdict at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate import __version__
from perfgate.cli.guard import say
from perfgate.cli.where import budget_file_if_any, own_environment

if TYPE_CHECKING:
    from perfgate.export import Family, LiveTotals, Sender
    from perfgate.model.plan import Plan
    from perfgate.model.run import Progress, Run
    from perfgate.model.verdict import Incident, Verdict
    from perfgate.workflows.steps.request import ProgressReporter

FAILED = "PG-P009"

Keys = Sequence[tuple[str, str]]  # endpoint and metric

Export = Annotated[
    list[str],
    typer.Option(
        envvar="PERFGATE_EXPORT",
        metavar="URL",
        help="Live numbers and the verdict for a monitoring system: otlp+http://HOST:4318, prometheus://HOST:PORT ...; "
        "repeatable, besides the budget file's `export`.",
    ),
]


class Exports:
    """All destinations together; without any, nothing is done."""

    def __init__(self, senders: Sequence[Sender], totals: LiveTotals | None, labels: dict[str, str]) -> None:
        self._senders, self._totals, self._labels = senders, totals, labels
        self._newest: Sequence[Family] = ()  # of a verdict or a round

    def beside(self, reporter: ProgressReporter) -> ProgressReporter:
        """The reporter, whose progress is exported too."""
        if (totals := self._totals) is None:
            return reporter

        @contextmanager
        def progress(plan: Plan) -> Iterator[Callable[[Progress], None]]:
            with reporter.progress(plan) as shown:

                def update(state: Progress) -> None:
                    shown(state)
                    for sender in self._senders if (families := totals.families(state)) else ():
                        sender.update(families)

                yield update

        return replace(reporter, progress=progress, per_endpoint=True)

    def verdict(self, run: Run, verdict: Verdict, more: Sequence[Family] = ()) -> None:
        if self._totals is None:
            return
        from perfgate.export import of_verdict

        families = of_verdict(run, verdict, self._labels, {"version": __version__})
        self._flush((*families, *self._totals.idle(), *more))

    def round(self, run: Run | None, verdict: Verdict | None, incidents: Sequence[Incident], budgets: Keys) -> None:
        """What a round of a watch came to; without run and verdict it could not be measured."""
        if self._totals is None:
            return
        from perfgate.export import of_round

        families = of_round(incidents, budgets, self._labels, is_measured=run is not None)
        if run and verdict:
            self.verdict(run, verdict, families)
        else:
            self._flush(families)

    def repeat(self) -> None:
        """Sends once more what is still true: where values are pushed, old ones count as gone after some minutes."""
        for sender in self._senders if self._newest else ():
            sender.update(self._newest)

    def _flush(self, families: Sequence[Family]) -> None:
        self._newest = families
        if self._senders:
            from perfgate.export import flush

            flush(self._senders, families)


@contextmanager
def exporting(urls: Sequence[str], budget: Path, branch: str) -> Iterator[Exports]:
    """Exports to these and to those of the budget file. Raises UsageError for what is no destination; one that cannot
    be reached is a warning."""
    from perfgate.text import template

    file = budget_file_if_any(budget)
    environ = own_environment() if urls or (file and file.export) else {}
    written = [template.expand(url, environ).strip() for url in (file.export if file else ())]
    wanted = list(dict.fromkeys(filter(None, (*urls, *written))))
    if not wanted:
        yield Exports((), None, {})
        return
    from perfgate import export
    from perfgate.text import export_urls

    labels = {"load_test": export.label(file.name if file else budget.stem), "branch": export.label(branch)}
    with ExitStack() as stack:
        senders = []
        for url in wanted:
            export.check(url)
            place = export_urls.place(url)
            try:
                exporter = export.connect(url, labels, environ, time.time())
            except export.ExportError as error:
                _warn(f"Not exported to {place}: {error.message}. The verdict stands.")
                continue
            sender = export.Sender(place, exporter, time.time, _warn)
            stack.callback(sender.close)
            senders.append(sender)
        yield Exports(senders, export.LiveTotals(labels), labels)


def _warn(text: str) -> None:
    from perfgate.text.notes import note

    say(f"perfgate: {note(FAILED, text)}")
