"""What a load test comes to: the windows of all processes, and how the generator itself did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from perfgate.model.run import Generator
from perfgate.recording import histogram
from perfgate.recording.handover import LoadResult, ScenarioError
from perfgate.recording.histogram import Histogram
from perfgate.recording.windows import Record
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.recorder import MAX_FAILURE_EXAMPLES
from perfgate.runtime.record.samples import Samples
from perfgate.runtime.scenario.values import share

Tally = dict[str, Any]  # what one process knows at its end, as plain data


def tally(load: Load, cpu: float) -> Tally:
    """`cpu` is the share of one core that this process used."""
    return {
        "recorded": load.recorder.recorded,
        "examples": load.recorder.examples,
        "base_examples": load.recorder.base_examples,
        "base_failures": {name: sorted(statuses) for name, statuses in load.recorder.base_failures.items()},
        "sent": load.sent,
        "late": load.late,
        "dropped": load.dropped + load.waiting,
        "abandoned": load.abandoned + load.in_flight,
        "users": load.most_users,
        "connections": load.connections,
        "clock_steps": load.clock_steps,
        "without_rows": load.without_rows,
        "renewed": load.renewed,
        "notes": list(load.notes),
        "outcomes": load.recorder.outcomes,
        "numbers": share.end,
        "observations": load.observations.as_plain(),
        "lateness": load.lateness.pack(),
        "delivery": load.recorder.delivery.pack(),
        "cpu": cpu,
    }


class Collection:
    """The records and tallies of all processes, on the one that leads."""

    def __init__(self, width: int, end: float = inf) -> None:
        self.record = Record(width, end)
        self.samples = Samples()
        self.received: dict[str, int] = {}  # process -> requests in the records it sent
        self.tallies: dict[str, Tally] = {}

    def add(self, process: str, part: Record) -> None:
        self.received[process] = self.received.get(process, 0) + part.requests
        self.record.merge(part)

    def lost(self) -> int:
        """Requests that a process recorded and that never arrived here."""
        return sum(tally["recorded"] - self.received.get(process, 0) for process, tally in self.tallies.items())


@dataclass(frozen=True, kw_only=True)
class LoadEnd:
    """What the process that leads knows of the end, beside the tallies. Times as in LoadResult."""

    started: str
    began: float = 0.0
    duration: float
    due: int = 0  # arrivals that the plan asks for until then
    interrupted: bool
    aborted: str = ""
    seed: int = 0
    exceptions: tuple[ScenarioError, ...] = ()
    workers: frozenset[str] = frozenset()  # processes that took part besides the leading one
    cpu_pressure: float = 0.0
    cpu_stolen: float = 0.0


def summary(collection: Collection, end: LoadEnd) -> LoadResult:
    """Totals over all processes."""
    tallies = list(collection.tallies.values())
    observations = Observations()
    for item in tallies:
        observations.add(item.get("observations", {}))
    return LoadResult(
        started=end.started,
        began=end.began,
        duration=end.duration,
        interrupted=end.interrupted,
        aborted=end.aborted,
        seed=end.seed,
        numbers=max((item["numbers"] for item in tallies), default=0),
        recorded=_sum(tallies, "recorded"),
        lost=collection.lost(),
        unfinished=_sum(tallies, "abandoned"),
        clock_steps=_sum(tallies, "clock_steps"),
        renewed=_sum(tallies, "renewed"),
        redirected=_redirected(item["outcomes"] for item in tallies),
        notes=tuple(dict.fromkeys(note for item in tallies for note in item["notes"])),
        examples=_examples(item["examples"] for item in tallies),
        base_examples=_examples(item["base_examples"] for item in tallies),
        base_failures=_statuses(item["base_failures"] for item in tallies),
        resends=dict(observations.resends),
        remarks=tuple((*remark, count) for remark, count in observations.remarks.items()),
        exceptions=end.exceptions,
        generator=_generator(collection, observations, end),
    )


def _generator(collection: Collection, observations: Observations, end: LoadEnd) -> Generator:
    tallies = list(collection.tallies.values())
    lateness, delivery = (_merged(tallies, part) for part in ("lateness", "delivery"))
    return Generator(
        due=end.due,
        sent=_sum(tallies, "sent"),
        late=_sum(tallies, "late"),
        dropped=_sum(tallies, "dropped"),
        without_rows=_sum(tallies, "without_rows"),
        exceptions=sum(row.count for row in end.exceptions),
        lateness_p50=histogram.quantile(lateness, 0.5) or 0.0,
        lateness_p95=histogram.quantile(lateness, 0.95) or 0.0,
        lateness_p99=histogram.quantile(lateness, 0.99) or 0.0,
        delay_p50=histogram.quantile(delivery, 0.5) or 0.0,
        delay_p99=histogram.quantile(delivery, 0.99) or 0.0,
        cpu=max((item["cpu"] for item in tallies), default=0.0),
        users=_sum(tallies, "users"),
        connections=_sum(tallies, "connections"),
        resends=observations.resends.total(),
        unsent=dict(observations.unsent),
        addresses=dict(observations.addresses),
        workers=len(end.workers),
        workers_lost=len(end.workers - set(collection.tallies)),
        cpu_pressure=end.cpu_pressure,
        cpu_stolen=end.cpu_stolen,
    )


def _sum(tallies: Iterable[Tally], part: str) -> int:
    return sum(item[part] for item in tallies)


def _examples(parts: Iterable[Mapping[str, list[str]]]) -> dict[str, tuple[str, ...]]:
    """Examples of failures, by endpoint: the first few different ones of all processes."""
    examples: dict[str, list[str]] = {}
    for part in parts:
        for name, texts in part.items():
            known = examples.setdefault(name, [])
            known += [text for text in texts if text not in known][: max(0, MAX_FAILURE_EXAMPLES - len(known))]
    return {name: tuple(texts) for name, texts in examples.items()}


def _redirected(parts: Iterable[Mapping[str, tuple[int, int]]]) -> tuple[str, ...]:
    """The endpoints whose successes were redirects, all of them."""
    totals: dict[str, tuple[int, int]] = {}
    for part in parts:
        for name, (successes, redirects) in part.items():
            known = totals.get(name, (0, 0))
            totals[name] = known[0] + successes, known[1] + redirects
    return tuple(name for name, (successes, redirects) in totals.items() if successes == redirects)


def _statuses(parts: Iterable[Mapping[str, list[int]]]) -> dict[str, tuple[int, ...]]:
    """Statuses of failures, by endpoint: the different ones of all processes."""
    statuses: dict[str, set[int]] = {}
    for part in parts:
        for name, numbers in part.items():
            statuses.setdefault(name, set()).update(numbers)
    return {name: tuple(sorted(numbers)) for name, numbers in statuses.items()}


def _merged(tallies: list[Tally], part: str) -> Any:
    return histogram.merge(Histogram.unpack(item[part]).freeze() for item in tallies)
