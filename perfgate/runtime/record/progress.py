"""A line of progress a few times a second, for perfgate to show while the load runs."""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from perfgate.recording import histogram
from perfgate.recording.histogram import Histogram
from perfgate.recording.windows import Record
from perfgate.runtime.record.endpoint_totals import EndpointTotals

RATE_SPAN_S = 5  # s over which rate and p95 are shown


class ProgressWriter:
    """Appends JSON lines of model.Progress to a file; with `totals` every few seconds those of each endpoint."""

    def __init__(self, path: Path, *, warmup: float, duration: float, totals: EndpointTotals | None = None) -> None:
        self._path, self._warmup, self._duration, self._totals = path, warmup, duration, totals
        self._recent: deque[tuple[float, int, Histogram]] = deque()  # elapsed, requests, latencies
        self._requests = self._failures = 0

    def add(self, elapsed: float, record: Record) -> None:
        """What is new, `elapsed` s after the start of the warm-up."""
        if self._totals:
            self._totals.add(record)
        latencies, requests = Histogram(), 0
        for (kind, *_), window in record.windows.items():
            if kind == "endpoint":
                requests += window.requests
                self._failures += window.requests - window.successes
                latencies.merge(window.latency)
        self._requests += requests
        self._recent.append((elapsed, requests, latencies))
        while self._recent and self._recent[0][0] < elapsed - RATE_SPAN_S:
            self._recent.popleft()

    def write(self, elapsed: float, *, draining: bool, in_flight: int, users: int) -> None:
        span = min(elapsed, RATE_SPAN_S)
        latencies = histogram.merge(part.freeze() for _, _, part in self._recent)
        phase = "draining" if draining else "warm-up" if elapsed < self._warmup else "measuring"
        line: dict[str, Any] = {
            "elapsed": round(elapsed, 1),
            "total": self._warmup + self._duration,
            "phase": phase,
            "requests": self._requests,
            "failures": self._failures,
            "rate": sum(number for _, number, _ in self._recent) / span if span > 0 else 0.0,
            "p95": histogram.quantile(latencies, 0.95),
            "in_flight": in_flight,
            "users": users,
        }
        if self._totals and (endpoints := self._totals.report(elapsed, is_last=draining)):
            line |= {"load": self._totals.load, "endpoints": endpoints}
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:  # a full disk must not end the load
            file.write(json.dumps(line) + "\n")
