"""Windows: some seconds of one endpoint as counts and a histogram. Recorded, shipped between processes, and stored.

Windows and totals are plain data that merge by addition, in any order and over any number of processes. The file has
one JSON object a line behind a header line, gzipped.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from math import ceil, inf
from pathlib import Path
from typing import Any

from perfgate.model.errors import RecordError
from perfgate.recording import histogram
from perfgate.recording.histogram import Histogram

FORMAT, SCHEMA = "perfgate-windows", 1
BASE, HEAD = "base", "head"  # the arms of an A/B test
PHASES = ("service", "first_byte", "download", "dns", "connect", "tls")

Series = tuple[str, str, str]  # kind ("endpoint" or "journey"), name, arm ("": there are none)
Key = tuple[str, str, str, int]  # a series, and the second since the start of the measured time


class Window:
    """The requests of one endpoint that began in one second (or in `width` seconds of a long run)."""

    __slots__ = ("bytes", "counts", "failures", "latency", "opaque", "successes", "unpacked")

    def __init__(self) -> None:
        self.latency = Histogram()  # of successes and, at their timeout, timeouts
        self.successes = 0
        self.bytes = 0  # of the successes' bodies over the wire
        self.unpacked = 0  # by how much these bodies are larger once unpacked
        self.opaque = 0  # of how many of them that is not known
        self.failures: dict[str, int] = {}
        self.counts: dict[str, tuple[int, float]] = {}  # what budgets count (queries): answers that say it, and the sum

    @property
    def requests(self) -> int:
        return self.successes + sum(self.failures.values())

    def merge(self, other: Window) -> None:
        self.latency.merge(other.latency)
        self.successes += other.successes
        self.bytes += other.bytes
        self.unpacked += other.unpacked
        self.opaque += other.opaque
        for kind, number in other.failures.items():
            self.failures[kind] = self.failures.get(kind, 0) + number
        for metric, (answers, total) in other.counts.items():
            self.count(metric, total, answers)

    def count(self, metric: str, total: float, answers: int = 1) -> None:
        """Adds what some answers say of a metric, their number and their sum."""
        known = self.counts.get(metric, (0, 0.0))
        self.counts[metric] = known[0] + answers, known[1] + total

    def pack(self) -> list[Any]:
        """Plain lists, dicts and numbers, for Locust's messages."""
        packed = [self.latency.pack(), self.successes, self.bytes, self.failures, self.unpacked, self.opaque]
        return [*packed, self.counts] if self.counts else packed

    @classmethod
    def unpack(cls, packed: list[Any]) -> Window:
        window = cls()
        window.latency = Histogram.unpack(packed[0])
        window.successes, window.bytes, window.failures = packed[1], packed[2], dict(packed[3])
        window.unpacked, window.opaque = packed[4], packed[5]
        for metric, (answers, total) in (packed[6] if len(packed) > 6 else {}).items():
            window.count(metric, total, answers)
        return window


class Phases:
    """Where the time of one endpoint's successful requests went, over the whole measured time."""

    __slots__ = PHASES

    def __init__(self) -> None:
        for phase in PHASES:
            setattr(self, phase, Histogram())

    def of(self, phase: str) -> Histogram:
        part: Histogram = getattr(self, phase)
        return part

    def merge(self, other: Phases) -> None:
        for phase in PHASES:
            self.of(phase).merge(other.of(phase))

    def pack(self) -> list[Any]:
        return [self.of(phase).pack() for phase in PHASES]

    @classmethod
    def unpack(cls, packed: list[Any]) -> Phases:
        phases = cls()
        for phase, part in zip(PHASES, packed, strict=True):
            setattr(phases, phase, Histogram.unpack(part))
        return phases


class Record:
    """All windows and phases of a load test, or of a part of it. Windows are `width` seconds wide. What began after
    the measured time, from second `end` on, is never in one window with what began before."""

    def __init__(self, width: int = 1, end: float = inf) -> None:
        self.width, self.end = width, end
        self.windows: dict[Key, Window] = {}
        self.phases: dict[Series, Phases] = {}

    def add(self, key: Key, window: Window) -> None:
        """Takes the window over, or merges it into the one of its time."""
        wide = (*key[:3], self._start(key[3]))
        known = self.windows.get(wide)
        if known is None:
            self.windows[wide] = window
        else:
            known.merge(window)

    def _start(self, second: int) -> int:
        """Start of the window that a second belongs to: a multiple of the width."""
        start = second // self.width * self.width
        return start if second < self.end else max(start, ceil(self.end / self.width) * self.width)

    def add_phases(self, series: Series, phases: Phases) -> None:
        known = self.phases.get(series)
        if known is None:
            self.phases[series] = phases
        else:
            known.merge(phases)

    def merge(self, other: Record) -> None:
        for key, window in other.windows.items():
            self.add(key, window)
        for series, phases in other.phases.items():
            self.add_phases(series, phases)

    @property
    def requests(self) -> int:
        return sum(window.requests for window in self.windows.values())

    def pack(self) -> list[Any]:
        return [
            self.width,
            [[*key, window.pack()] for key, window in self.windows.items()],
            [[*series, phases.pack()] for series, phases in self.phases.items()],
        ]

    @classmethod
    def unpack(cls, packed: list[Any]) -> Record:
        record = cls(packed[0])
        record.windows = {(kind, name, arm, second): Window.unpack(part) for kind, name, arm, second, part in packed[1]}
        record.phases = {(kind, name, arm): Phases.unpack(part) for kind, name, arm, part in packed[2]}
        return record


def write(path: Path, record: Record, *, duration: float) -> None:
    """Seconds before 0 are the warm-up, those from `duration` on are after the measured time."""
    scratch = path.with_suffix(".tmp")
    with gzip.open(scratch, "wt", compresslevel=6, encoding="utf-8") as file:  # 9 takes four times as long
        header = {"format": FORMAT, "schema": SCHEMA, "duration": duration, "width": record.width}
        lines: Iterable[Mapping[str, Any]] = (header, *_window_lines(record), *_phase_lines(record))
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    scratch.replace(path)


def _window_lines(record: Record) -> Iterator[dict[str, Any]]:
    for key in sorted(record.windows, key=lambda key: (key[3], *key[:3])):
        window = record.windows[key]
        line = {**_series_line(*key[:3]), "second": key[3], "successes": window.successes}
        line |= {"failures": window.failures, "bytes": window.bytes, "latency": _packed(window.latency)}
        if window.unpacked or window.opaque:
            line |= {"unpacked": window.unpacked, "opaque": window.opaque}
        if window.counts:
            line |= {"counts": window.counts}
        yield line


def _phase_lines(record: Record) -> Iterator[dict[str, Any]]:
    for series, phases in sorted(record.phases.items()):
        yield {**_series_line(*series), "phases": {phase: _packed(phases.of(phase)) for phase in PHASES}}


def _series_line(kind: str, name: str, arm: str) -> dict[str, str]:
    """An ordinary run has no arms and says nothing of them."""
    return {"kind": kind, "endpoint": name} | ({"arm": arm} if arm else {})


def _packed(part: Histogram) -> list[Any]:
    return [histogram.to_text(part.buckets), part.total, part.minimum, part.maximum]


def read(path: Path) -> Record:
    """Raises RecordError when the file is missing, cut off, or not of this format."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            header = json.loads(file.readline() or "null")
            if not isinstance(header, dict) or header.get("format") != FORMAT or header.get("schema") != SCHEMA:
                raise RecordError(f"{path} is not a file of perfgate's windows (schema {SCHEMA})", code="PG-R003")
            record = Record(_count(header["width"]))
            if not record.width:
                raise ValueError("windows without width")
            for line in file:
                _take(record, json.loads(line))
            return record
    except OSError as error:
        raise RecordError(f"Cannot read {path}: {error}", code="PG-R001") from error
    except (EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(f"{path} is cut off or corrupt: {error}", code="PG-R003") from error


def _take(record: Record, line: dict[str, Any]) -> None:
    series = (line["kind"], line["endpoint"], line.get("arm", ""))
    if not all(isinstance(part, str) for part in series):
        raise ValueError(f"no endpoint is called {series!r:.80}")
    if "phases" in line:
        phases = Phases()
        for phase in PHASES:
            setattr(phases, phase, _unpacked(line["phases"][phase]))
        record.add_phases(series, phases)
        return
    window = Window()
    window.successes, window.bytes = _count(line["successes"]), _count(line["bytes"])
    window.unpacked, window.opaque = int(line.get("unpacked", 0)), _count(line.get("opaque", 0))
    window.failures = {why: _count(number) for why, number in dict(line["failures"]).items()}
    window.latency = _unpacked(line["latency"])
    for metric, (answers, total) in dict(line.get("counts", {})).items():
        window.count(metric, _sum(total), _count(answers))
    second = line["second"]
    if not isinstance(second, int):
        raise ValueError(f"not a second: {second!r:.40}")
    record.add((*series, second), window)


def _unpacked(part: list[Any]) -> Histogram:
    text, total, minimum, maximum = part
    return Histogram.unpack([histogram.from_text(text), _count(total), _count(minimum), _count(maximum)])


def _sum(value: Any) -> float:
    if not isinstance(value, (int, float)) or not 0 <= value < inf:
        raise ValueError(f"not a sum: {value!r:.40}")
    return float(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"not a count: {value!r:.40}")
    return value
