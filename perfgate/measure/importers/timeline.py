"""When the requests of a recording began: times that cannot be of one recording are mistakes in their lines."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from perfgate.measure.importers.samples import RecordingSource

MAX_UNIX_TIME_S = 4e9  # Unix time, in the year 2096: what is later is no time of a request
UNITS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (0.0, 1.0))  # from this on, a Unix time is in that unit
MAX_PEEKED_LINES = 100
MAX_PEEKED_BYTES = 1 << 20  # of a line
MAX_SPAN_S = 10_000_000.0  # s, 115 days: no recording is longer


class RowTimes:
    """Times of one recording, in s since 1970. `origin` is that of its first row that is not alone with its time."""

    def __init__(self) -> None:
        self.origin: float | None = None

    def check(self, began: float) -> None:
        """Raises ValueError when no request of this recording can have begun then."""
        if not 0 < began < MAX_UNIX_TIME_S:
            raise ValueError(f"it began {began:.6g} s after 1970: a wrong clock, or another unit")
        if self.origin is None:
            self.origin = began
        elif abs(began - self.origin) > MAX_SPAN_S:
            side = "after" if began > self.origin else "before"
            raise ValueError(f"it began on {_day(began)}, months {side} the first row ({_day(self.origin)})")

    def mistake(self, began: float) -> str:
        """What is wrong with it, or nothing."""
        try:
            self.check(began)
        except ValueError as error:
            return str(error)
        return ""

    def settle(self, began: NDArray[np.float64]) -> None:
        """Takes the first row near the middle one of the first block for the origin."""
        if self.origin is None and len(usual := began[(began > 0) & (began < MAX_UNIX_TIME_S)]):
            self.origin = float(usual[np.abs(usual - middle(usual)) <= MAX_SPAN_S][0])

    def since(self, began: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds since the first row; negative for those that began before it. Raises ValueError as `check` does."""
        self.settle(began)
        if len(began):
            for moment in (began[0], began.min(), began.max()):
                self.check(float(moment))
        return began - (self.origin or 0.0)


def settled(source: RecordingSource, began: Callable[[bytes], float | None]) -> RowTimes:
    """The times of a recording whose first lines began when `began` says; None, or an exception, for what is none."""
    times = []
    with source.opened() as stream:
        for line in islice(iter(lambda: stream.readline(MAX_PEEKED_BYTES), b""), MAX_PEEKED_LINES):
            with suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError, csv.Error):
                times.append(began(line))
    timeline = RowTimes()
    timeline.settle(np.array([time for time in times if time is not None], dtype=np.float64))
    return timeline


def middle(values: NDArray[np.float64]) -> float:
    """The lower median, which is one of the values."""
    return float(np.partition(values, (len(values) - 1) // 2)[(len(values) - 1) // 2])


def _day(unix: float) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d}"
