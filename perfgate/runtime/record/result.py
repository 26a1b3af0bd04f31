"""What a load test comes to: the windows of all processes, and how the generator itself did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import inf
from pathlib import Path
from typing import Any

from perfgate.recording import histogram
from perfgate.recording.histogram import Histogram
from perfgate.recording.windows import Record
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.recorder import EXAMPLES
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


def summary(collection: Collection, *, started: str, duration: float, due: int, interrupted: bool) -> dict[str, Any]:
    """`load-test.json`: totals over all processes. `due` is the number of arrivals that the plan asks for."""
    tallies = list(collection.tallies.values())
    lateness = _merged(tallies, "lateness")
    delivery = _merged(tallies, "delivery")
    observations = Observations()
    for item in tallies:
        observations.add(item.get("observations", {}))
    observed = observations.as_plain()
    return {
        "started": started,
        "duration": duration,
        "interrupted": interrupted,
        "recorded": sum(item["recorded"] for item in tallies),
        "lost": collection.lost(),
        "unfinished": sum(item["abandoned"] for item in tallies),
        "clock_steps": sum(item["clock_steps"] for item in tallies),
        "examples": _examples(item["examples"] for item in tallies),
        "base_examples": _examples(item["base_examples"] for item in tallies),
        "numbers": max((item["numbers"] for item in tallies), default=0),
        "renewed": sum(item["renewed"] for item in tallies),
        "notes": list(dict.fromkeys(note for item in tallies for note in item["notes"])),
        "redirected": _redirected(item["outcomes"] for item in tallies),
        "base_failures": _statuses(item["base_failures"] for item in tallies),
        "resends": observed["resends"],
        "remarks": observed["remarks"],
        "generator": {
            "due": due,
            "sent": sum(item["sent"] for item in tallies),
            "late": sum(item["late"] for item in tallies),
            "dropped": sum(item["dropped"] for item in tallies),
            "without_rows": sum(item["without_rows"] for item in tallies),
            "lateness_p50": histogram.quantile(lateness, 0.5) or 0.0,
            "lateness_p95": histogram.quantile(lateness, 0.95) or 0.0,
            "lateness_p99": histogram.quantile(lateness, 0.99) or 0.0,
            "delay_p50": histogram.quantile(delivery, 0.5) or 0.0,
            "delay_p99": histogram.quantile(delivery, 0.99) or 0.0,
            "cpu": max((item["cpu"] for item in tallies), default=0.0),
            "users": sum(item["users"] for item in tallies),
            "connections": sum(item["connections"] for item in tallies),
            "resends": observations.resends.total(),
            "unsent": observed["unsent"],
            "addresses": observed["addresses"],
        },
    }


def _examples(matches: Iterable[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """Examples of failures, by endpoint: the first few different ones of all processes."""
    examples: dict[str, list[str]] = {}
    for match in matches:
        for name, texts in match.items():
            known = examples.setdefault(name, [])
            known += [text for text in texts if text not in known][: max(0, EXAMPLES - len(known))]
    return examples


def _redirected(matches: Iterable[Mapping[str, tuple[int, int]]]) -> list[str]:
    """The endpoints whose successes were redirects, all of them."""
    totals: dict[str, tuple[int, int]] = {}
    for match in matches:
        for name, (successes, redirects) in match.items():
            known = totals.get(name, (0, 0))
            totals[name] = known[0] + successes, known[1] + redirects
    return [name for name, (successes, redirects) in totals.items() if successes == redirects]


def _statuses(matches: Iterable[Mapping[str, list[int]]]) -> dict[str, list[int]]:
    """Statuses of failures, by endpoint: the different ones of all processes."""
    statuses: dict[str, set[int]] = {}
    for match in matches:
        for name, numbers in match.items():
            statuses.setdefault(name, set()).update(numbers)
    return {name: sorted(numbers) for name, numbers in statuses.items()}


def _merged(tallies: list[Tally], part: str) -> Any:
    return histogram.merge(Histogram.unpack(item[part]).freeze() for item in tallies)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    scratch = path.with_suffix(".tmp")
    text = json.dumps(data, indent=1, ensure_ascii=False)
    scratch.write_text(text, encoding="utf-8", errors="replace")  # of a hand-written scenario's exceptions
    scratch.replace(path)
