"""Recorder: counts every request; imports nothing of Locust.

The hot path only appends numbers to an array (`rows`). Some times a second they are counted into windows, many at once
with numpy: that costs a tenth of counting them one by one, and no time while a request is being measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from struct import Struct

import numpy as np

from perfgate.recording.counting import add_many
from perfgate.recording.histogram import Histogram
from perfgate.recording.windows import BASE, Phases, Record, Series, Window
from perfgate.runtime.http.responses import UNKNOWN
from perfgate.runtime.record.samples import Samples

NS_PER_SECOND = 1_000_000_000
MAX_FAILURE_EXAMPLES = 5  # different failure texts kept per endpoint
MAX_ENDPOINTS = 1000  # endpoints told apart; hand-written scenarios that put ids into names would fill the memory
OTHER = "(other names)"
Label = tuple[str, str] | Series  # kind and name, and in an A/B test the arm
COLUMNS = 8  # began, latency, service, first byte, delivery (all ns), size, decoded size (bytes), status
ROW = Struct(f"{COLUMNS}q").pack
ROW_BYTES = 8 * COLUMNS
REDIRECTS = (301, 302, 303, 307, 308)
FAILURE_COLUMNS = 3  # began, latency (ns), status
# Kinds whose failures are requests that failed. A message without its reply is not one: its stream may be, and says so
# itself.
WITH_EXAMPLES = ("endpoint", "journey", "completion")


class Recorder:
    """What one process has recorded and not yet shipped, and totals since the beginning. The names in `endpoints` are
    always told apart. Only what began in the `duration` (ns) from `started` on counts into the phases."""

    def __init__(self, endpoints: Iterable[str] = (), duration: int = 0) -> None:
        self.started = 0  # monotonic ns at which the measured time began or will begin
        self.duration = duration
        self.rows: defaultdict[Label, bytearray] = defaultdict(bytearray)  # of successes: a ROW each
        self.delivery = Histogram()  # in the measured time
        self.samples = Samples()  # as they were, of a bounded number of requests
        self.examples: dict[str, list[str]] = {}
        self.base_examples: dict[str, list[str]] = {}  # of the base, in an A/B test
        self.outcomes: dict[str, tuple[int, int]] = {}  # by endpoint: successes, and how many of them were redirects
        self.base_failures: dict[str, set[int]] = {}  # statuses of the base's failures by endpoint, 0: no answer
        self._recorded = 0  # besides `rows`
        self._record = Record()
        self._failed: defaultdict[Series, list[int]] = defaultdict(list)  # FAILURE_COLUMNS numbers each
        self._names = set(endpoints)

    @property
    def recorded(self) -> int:
        """Requests since the beginning, shipped or not."""
        return self._recorded + sum(map(len, self.rows.values())) // ROW_BYTES

    def record_dial(self, label: Label, began: int, phases: tuple[int, int, int]) -> None:
        """A connection had to be made; phases = (dns, connect, tls) in ns."""
        if 0 <= began - self.started < self.duration:
            for phase, took in zip(("dns", "connect", "tls"), phases, strict=True):
                self._phases(self._known(label)).of(phase).add(took)

    def failure(self, label: Label, began: int, why: tuple[str, str], latency: int = 0, status: int = 0) -> None:
        """A request that failed; why = (kind of failure, detail). A timeout counts at `latency` ns among the latencies
        too: leaving it out would improve the percentiles."""
        self._recorded += 1
        series = self._known(label)
        window = self._window(series, (began - self.started) // NS_PER_SECOND)
        window.failures[why[0]] = window.failures.get(why[0], 0) + 1
        if why[0] == "timeout" and latency:
            window.latency.add(latency)
        self._failed[series].extend((began, latency, status))
        if series[2] == BASE:
            self.base_failures.setdefault(series[1], set()).add(status)
        if began < self.started or series[0] not in WITH_EXAMPLES:  # what begins before is of the warm-up
            return
        known = self.base_examples if series[2] == BASE else self.examples
        examples = known.setdefault(series[1], [])
        if len(examples) < MAX_FAILURE_EXAMPLES and (example := _writable(why[1])) not in examples:
            examples.append(example)

    def count(self, label: Label, began: int, counts: Mapping[str, float]) -> None:
        """Adds what a success says of the work that it took."""
        window = self._window(self._known(label), (began - self.started) // NS_PER_SECOND)
        for metric, number in counts.items():
            window.count(metric, number)

    def record_untimed(self, label: Label, began: int, size: int, decoded: int = UNKNOWN) -> None:
        """A success that could not be timed, because the clock was set meanwhile."""
        self._recorded += 1
        window = self._window(self._known(label), (began - self.started) // NS_PER_SECOND)
        window.successes += 1
        window.bytes += size
        if decoded == UNKNOWN:
            window.opaque += 1
        else:
            window.unpacked += decoded - size

    def take(self, pause: Callable[[], None] = lambda: None) -> Record:
        """Everything recorded since the last call. `pause` is called after each endpoint: counting hundreds of them
        in one go would make arrivals late. Only one call at a time."""
        rows, self.rows = self.rows, defaultdict(bytearray)
        for label, packed in rows.items():
            self._count(self._known(label), np.frombuffer(packed, dtype=np.int64).reshape(-1, COLUMNS))
            pause()
        failed, self._failed = self._failed, defaultdict(list)
        for series, numbers in failed.items():
            self._sample(series, np.array(numbers, dtype=np.int64).reshape(-1, FAILURE_COLUMNS))
        record, self._record = self._record, Record()
        return record

    def _count(self, series: Series, table: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
        self._recorded += len(table)
        began, latency, service, first_byte, delivery, size, decoded, status = table.T
        if series[0] == "endpoint":
            successes, redirects = self.outcomes.get(series[1], (0, 0))
            self.outcomes[series[1]] = successes + len(table), redirects + int(np.isin(status, REDIRECTS).sum())
        known = decoded != UNKNOWN
        self._sample(series, table[:, [0, 1, -1]])
        offset = began - self.started
        seconds = offset // NS_PER_SECOND
        for second in np.unique(seconds):
            chosen = seconds == second
            window = self._window(series, int(second))
            window.successes += int(chosen.sum())
            window.bytes += int(size[chosen].sum())
            window.unpacked += int((decoded - size)[chosen & known].sum())
            window.opaque += int((chosen & ~known).sum())
            add_many(window.latency, latency[chosen])
        measured = (offset >= 0) & (offset < self.duration)
        if measured.any():
            phases = self._phases(series)
            add_many(phases.of("service"), service[measured])
            add_many(phases.of("first_byte"), first_byte[measured])
            add_many(phases.of("download"), service[measured] - first_byte[measured])
            add_many(self.delivery, delivery[measured & (delivery > 0)])  # 0 where it is not known

    def _sample(self, series: Series, table: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> None:
        if series[0] == "endpoint":
            self.samples.add(series, table - (self.started, 0, 0))

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

    def _known(self, label: Label) -> Series:
        """What to count under."""
        kind, name, arm = label if len(label) == 3 else (*label, "")
        if name not in self._names:
            name = _writable(name)
            if name not in self._names:
                if len(self._names) >= MAX_ENDPOINTS:
                    return kind, OTHER, arm
                self._names.add(name)
        return kind, name, arm


def _writable(text: str) -> str:
    """The text without what UTF-8 cannot hold (half a surrogate pair): it would cost the whole record in the end."""
    return text.encode(errors="replace").decode()
