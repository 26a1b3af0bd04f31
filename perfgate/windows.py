"""Windows: one second of one endpoint as counts and histograms. Recorded, shipped between processes, and stored.

A window is plain data that merges by addition, in any order and over any number of processes. The file has one JSON
object a line behind a header line, gzipped.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from perfgate import histogram
from perfgate.histogram import Histogram
from perfgate.model.errors import RecordError

FORMAT, SCHEMA = "perfgate-windows", 1

Key = tuple[str, str, int]  # kind ("endpoint" or "journey"), name, second since the start of the measured time


class Window:
    """One second of one endpoint. Times in nanoseconds."""

    __slots__ = ("bytes", "failures", "first_byte", "latency", "service", "successes")

    def __init__(self) -> None:
        self.latency, self.service, self.first_byte = Histogram(), Histogram(), Histogram()
        self.successes = 0
        self.bytes = 0
        self.failures: dict[str, int] = {}

    def merge(self, other: Window) -> None:
        self.latency.merge(other.latency)
        self.service.merge(other.service)
        self.first_byte.merge(other.first_byte)
        self.successes += other.successes
        self.bytes += other.bytes
        for kind, number in other.failures.items():
            self.failures[kind] = self.failures.get(kind, 0) + number

    def pack(self) -> list[Any]:
        """Plain lists, dicts and numbers, for Locust's messages."""
        return [
            *(histogram.pack() for histogram in (self.latency, self.service, self.first_byte)),
            self.successes,
            self.bytes,
            self.failures,
        ]

    @classmethod
    def unpack(cls, packed: list[Any]) -> Window:
        window = cls()
        window.latency, window.service, window.first_byte = (Histogram.unpack(part) for part in packed[:3])
        window.successes, window.bytes, window.failures = packed[3], packed[4], dict(packed[5])
        return window


def merge_into(windows: dict[Key, Window], more: Iterable[tuple[Key, Window]]) -> None:
    """Adds windows to a growing collection."""
    for key, window in more:
        known = windows.get(key)
        if known is None:
            windows[key] = window
        else:
            known.merge(window)


def write(path: Path, windows: Mapping[Key, Window], *, duration: float) -> None:
    """Seconds before 0 are the warm-up, those from `duration` on are after the measured time."""
    scratch = path.with_suffix(".tmp")
    with gzip.open(scratch, "wt", encoding="utf-8") as file:
        file.write(json.dumps({"format": FORMAT, "schema": SCHEMA, "duration": duration}) + "\n")
        for kind, name, second in sorted(windows, key=lambda key: (key[2], key[0], key[1])):
            window = windows[kind, name, second]
            line = {"kind": kind, "endpoint": name, "second": second, "successes": window.successes}
            line |= {"failures": window.failures, "bytes": window.bytes, "latency": _packed(window.latency)}
            line |= {"service_time": _packed(window.service), "first_byte": _packed(window.first_byte)}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    scratch.replace(path)


def _packed(part: Histogram) -> list[Any]:
    return [histogram.to_text(part.buckets), part.total, part.minimum, part.maximum]


def read(path: Path) -> Iterator[tuple[Key, Window]]:
    """Raises RecordError when the file is missing, cut off, or not of this format."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            header = json.loads(file.readline() or "null")
            if not isinstance(header, dict) or header.get("format") != FORMAT or header.get("schema") != SCHEMA:
                raise RecordError(f"{path} is not a file of perfgate's windows (schema {SCHEMA})")
            for line in file:
                yield _parsed(json.loads(line))
    except OSError as error:
        raise RecordError(f"Cannot read {path}: {error}") from error
    except (EOFError, zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError(f"{path} is cut off or corrupt: {error}") from error


def _parsed(line: dict[str, Any]) -> tuple[Key, Window]:
    window = Window()
    window.successes, window.bytes = _count(line["successes"]), _count(line["bytes"])
    window.failures = {kind: _count(number) for kind, number in dict(line["failures"]).items()}
    window.latency, window.service, window.first_byte = (
        Histogram.unpack([histogram.from_text(str(text)), _count(total), _count(minimum), _count(maximum)])
        for text, total, minimum, maximum in (line["latency"], line["service_time"], line["first_byte"])
    )
    kind, name, second = line["kind"], line["endpoint"], line["second"]
    if not (isinstance(kind, str) and isinstance(name, str) and isinstance(second, int)):
        raise ValueError(f"no window has the key {[kind, name, second]!r:.80}")
    return (kind, name, second), window


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"not a count: {value!r:.40}")
    return value
