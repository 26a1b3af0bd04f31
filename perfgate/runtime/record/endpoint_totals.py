"""Totals of each endpoint while the load runs, for monitoring systems: made of what is counted anyway."""

from __future__ import annotations

import os
from bisect import bisect_left
from functools import cache
from typing import Any

from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.run import LATENCY_BOUNDS
from perfgate.recording import histogram
from perfgate.recording.histogram import NS_PER_SECOND, Histogram, value_of
from perfgate.recording.windows import Record, Series, Window

REPORT_INTERVAL_S = 5.0  # s between two reports
RECENT = ("p50", "p95", "p99")


class _Total:
    def __init__(self) -> None:
        self.requests = self.nanoseconds = 0
        self.failures: dict[str, int] = {}
        self.buckets = [0] * (len(LATENCY_BOUNDS) + 1)
        self.recent = Histogram()

    def add(self, window: Window) -> None:
        self.requests += window.requests
        for why, number in window.failures.items():
            self.failures[why] = self.failures.get(why, 0) + number
        for bucket, number in window.latency.buckets.items():
            self.buckets[_place(bucket)] += number
        self.nanoseconds += window.latency.total
        self.recent.merge(window.latency)


class EndpointTotals:
    """What every endpoint came to so far. `load` tells one load from the next."""

    def __init__(self) -> None:
        self.load = int.from_bytes(os.urandom(6))
        self._totals: dict[Series, _Total] = {}
        self._reported = 0.0

    def add(self, record: Record) -> None:
        for (*series, _), window in record.windows.items():
            kind, name, arm = series
            self._totals.setdefault((kind, name, arm), _Total()).add(window)

    def report(self, elapsed: float, *, is_last: bool) -> list[dict[str, Any]]:
        """Plain data of model.EndpointProgress, every few seconds and at the end; nothing in between."""
        if elapsed < self._reported + REPORT_INTERVAL_S and not is_last:
            return []
        self._reported = elapsed
        return [_plain(series, total) for series, total in self._totals.items()]


def _plain(series: Series, total: _Total) -> dict[str, Any]:
    recent, total.recent = total.recent.freeze(), Histogram()
    quantiles = {name: histogram.quantile(recent, LATENCY_QUANTILES[name]) for name in RECENT}
    return {
        "kind": series[0],
        "name": series[1],
        "arm": series[2],
        "requests": total.requests,
        "failures": total.failures,
        "buckets": total.buckets,
        "seconds": total.nanoseconds / NS_PER_SECOND,
        "recent": {name: value for name, value in quantiles.items() if value is not None},
    }


@cache
def _place(bucket: int) -> int:
    """Which of LATENCY_BOUNDS the values of a histogram's bucket count to."""
    return bisect_left(LATENCY_BOUNDS, value_of(bucket) / NS_PER_SECOND)
