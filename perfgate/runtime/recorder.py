"""Recorder: counts every request; imports nothing of Locust.

The hot path only appends numbers to a list (`rows`). Some times a second they are counted into windows, many at once
with numpy: that costs a tenth of counting them one by one, and no time while a request is being measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from perfgate.histogram import BITS, Histogram
from perfgate.windows import Phases, Record, Series, Window

SECOND = 1_000_000_000
EXAMPLES = 5  # different failure texts kept per endpoint
NAMES = 1000  # endpoints told apart; hand-written scenarios that put ids into names would fill the memory
OTHER = "(other names)"
COLUMNS = 6  # began, latency, service, first byte, delivery (all ns), size (bytes)


class Recorder:
    """What one process has recorded and not yet shipped, and totals since the beginning. The names in `endpoints` are
    always told apart. Only what began in the `duration` (ns) from `started` on counts into the phases."""

    def __init__(self, endpoints: Iterable[str] = (), duration: int = 0) -> None:
        self.started = 0  # monotonic ns at which the measured time began or will begin
        self.duration = duration
        self.rows: defaultdict[Series, list[int]] = defaultdict(list)  # of successes: COLUMNS numbers each
        self.delivery = Histogram()  # in the measured time
        self.examples: dict[str, list[str]] = {}
        self._recorded = 0  # besides `rows`
        self._record = Record()
        self._names = set(endpoints)

    @property
    def recorded(self) -> int:
        """Requests since the beginning, shipped or not."""
        return self._recorded + sum(len(numbers) for numbers in self.rows.values()) // COLUMNS

    def dialled(self, series: Series, began: int, phases: tuple[int, int, int]) -> None:
        """A connection had to be made; phases = (dns, connect, tls) in ns."""
        if 0 <= began - self.started < self.duration:
            for phase, took in zip(("dns", "connect", "tls"), phases, strict=True):
                self._phases(self._known(series)).of(phase).add(took)

    def failure(self, series: Series, began: int, why: tuple[str, str], timeout: int = 0) -> None:
        """A request that failed; why = (kind of failure, detail). A timeout counts at `timeout` ns as a latency too:
        leaving it out would improve the percentiles."""
        self._recorded += 1
        kind, name = self._known(series)
        window = self._window((kind, name), (began - self.started) // SECOND)
        window.failures[why[0]] = window.failures.get(why[0], 0) + 1
        if timeout:
            window.latency.add(timeout)
        examples = self.examples.setdefault(name, [])
        if len(examples) < EXAMPLES and (example := _writable(why[1])) not in examples:
            examples.append(example)

    def untimed(self, series: Series, began: int, size: int) -> None:
        """A success that could not be timed, because the clock was set meanwhile."""
        self._recorded += 1
        window = self._window(self._known(series), (began - self.started) // SECOND)
        window.successes += 1
        window.bytes += size

    def take(self, pause: Callable[[], None] = lambda: None) -> Record:
        """Everything recorded since the last call. `pause` is called after each endpoint: counting hundreds of them
        in one go would make arrivals late. Only one call at a time."""
        rows, self.rows = self.rows, defaultdict(list)
        for series, numbers in rows.items():
            self._count(self._known(series), np.array(numbers, dtype=np.int64).reshape(-1, COLUMNS))
            pause()
        record, self._record = self._record, Record()
        return record

    def _count(self, series: Series, table: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
        self._recorded += len(table)
        began, latency, service, first_byte, delivery, size = table.T
        offset = began - self.started
        seconds = offset // SECOND
        for second in np.unique(seconds):
            chosen = seconds == second
            window = self._window(series, int(second))
            window.successes += int(chosen.sum())
            window.bytes += int(size[chosen].sum())
            add_many(window.latency, latency[chosen])
        measured = (offset >= 0) & (offset < self.duration)
        if measured.any():
            phases = self._phases(series)
            add_many(phases.of("service"), service[measured])
            add_many(phases.of("first_byte"), first_byte[measured])
            add_many(phases.of("download"), service[measured] - first_byte[measured])
            add_many(self.delivery, delivery[measured & (delivery > 0)])  # 0 where it is not known

    def _window(self, series: Series, second: int) -> Window:
        key = (*series, second)
        window = self._record.windows.get(key)
        if window is None:
            window = self._record.windows[key] = Window()
        return window

    def _phases(self, series: Series) -> Phases:
        phases = self._record.phases.get(series)
        if phases is None:
            phases = self._record.phases[series] = Phases()
        return phases

    def _known(self, series: Series) -> Series:
        """The name to count under."""
        kind, name = series
        if name not in self._names:
            name = _writable(name)
            if name not in self._names:
                if len(self._names) >= NAMES:
                    return kind, OTHER
                self._names.add(name)
        return kind, name


def add_many(histogram: Histogram, values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    """The same as `histogram.add` of each value (ns, at least 0, below 2**53)."""
    if not len(values):
        return
    values = np.maximum(values, 0)
    exponents = np.maximum(np.frexp(values.astype(np.float64))[1] - BITS - 1, 0)
    buckets, counts = np.unique((exponents << BITS) + (values >> exponents), return_counts=True)
    lowest, highest = int(values.min()), int(values.max())
    histogram.minimum = min(histogram.minimum, lowest) if histogram.buckets else lowest
    histogram.maximum = max(histogram.maximum, highest)
    histogram.total += int(values.sum())
    known = histogram.buckets
    for bucket, count in zip(buckets.tolist(), counts.tolist(), strict=True):
        known[bucket] = known.get(bucket, 0) + count


def _writable(text: str) -> str:
    """Without what UTF-8 cannot hold (half a surrogate pair): it would cost the whole record in the end."""
    return text.encode(errors="replace").decode()
