"""Samples of a recording -> windows: counts requests by endpoint and second, some hundred thousand at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from perfgate.measure.importers.samples import BASE, NO_ARM, REJECTED, RequestLabel, SampleBatch
from perfgate.measure.matching import CountedAs, Matcher
from perfgate.recording import counting
from perfgate.recording.windows import BASE as BASE_ARM
from perfgate.recording.windows import HEAD as HEAD_ARM
from perfgate.recording.windows import Phases, Record, Series, Window

MAX_WINDOWS = 120  # per endpoint: windows get wider in a longer recording, so that it needs little memory
MAX_FAILURE_EXAMPLES = 5  # different failures told per endpoint
MISSING = -1  # a request of no endpoint of the budget file

Bits = NDArray[np.bool_]
Integers = NDArray[np.int64]


class Tally:
    """What has been counted of a recording. Seconds before `skip` count as warm-up, before second 0."""

    def __init__(self, match: Matcher, skip: float = 0.0) -> None:
        self.record = Record()
        self.counted = 0  # requests with an endpoint, warm-up included
        self.last = float("-inf")  # when the last of them began, s after `skip`
        self.unmatched: Counter[str] = Counter()  # requests by name
        self.has_only_transactions = True  # as JMeter writes with "Generate parent sample"
        self.arms: set[str] = set()
        self.examples: dict[str, dict[str, list[str]]] = {}  # by arm, then endpoint
        self._match = match
        self._skip = skip
        self._places: dict[RequestLabel, CountedAs | None] = {}

    def add(self, samples: SampleBatch) -> None:
        places = [self._place(label) for label in samples.labels]
        names = list(dict.fromkeys(place for place in places if place is not None))
        codes = np.array([MISSING if place is None else names.index(place) for place in places], dtype=np.int64)
        place = codes[samples.label]
        known = place != MISSING
        if not samples.phase:
            self._forget(samples, ~known)
            self.has_only_transactions = self.has_only_transactions and _are_transactions(samples)
        if not known.any():
            return
        table = _TallyTable(samples, place, known, self._skip)
        good, timed_out = table.judged(names)
        if samples.phase:
            self._add_phases(samples.phase, table, names, good)
            return
        self.counted += len(table.place)
        self.last = max(self.last, float(table.began.max()))
        self._widen(self.last)
        self._add_windows(table, names, good, timed_out)
        self._add_failures(table, names, good, timed_out)

    def _place(self, label: RequestLabel) -> CountedAs | None:
        if label not in self._places:
            self._places[label] = self._match(label)
        return self._places[label]

    def _forget(self, samples: SampleBatch, these: Bits) -> None:
        numbers = np.bincount(samples.label[these], minlength=len(samples.labels))
        for label, number in zip(samples.labels, numbers.tolist(), strict=True):
            if number:
                self.unmatched[f"{label.name} (transaction)" if label.is_transaction else label.name] += number

    def _widen(self, seconds: float) -> None:
        while seconds >= MAX_WINDOWS * self.record.width:
            wider = Record(self.record.width * 2)
            wider.merge(self.record)
            self.record = wider

    def _add_windows(self, table: _TallyTable, names: list[CountedAs], good: Bits, timed_out: Bits) -> None:
        """Rows sorted by window, latencies counted a window at a time."""
        key = table.window_keys(self.record.width)
        for first, rows in _groups(key):
            ok, late = good[rows], timed_out[rows]
            window = Window()
            window.successes = int(ok.sum())
            counting.add_many(window.latency, table.took[rows][ok | late])
            if len(rows) > window.successes:
                rejected = table.rejected[rows]
                window.failures = {
                    kind: int(number)
                    for kind, number in (
                        ("timeout", late.sum()),
                        ("connection", ((table.status[rows] == 0) & ~late).sum()),
                        ("status", ((table.status[rows] != 0) & ~ok & ~late & ~rejected).sum()),
                        ("expectation", (rejected & ~late).sum()),
                    )
                    if number
                }
            series = self._series(names, table, first)
            self.record.add((*series, int(np.floor(table.began[first]))), window)

    def _add_failures(self, table: _TallyTable, names: list[CountedAs], good: Bits, timed_out: Bits) -> None:
        """One example of each kind of failure."""
        bad = np.flatnonzero(~good)
        series = (table.place[bad] * 4 + table.arm[bad] + 1) * table.statuses + table.status[bad] - table.lowest_status
        key = (series * 2 + timed_out[bad]) * 2 + table.rejected[bad]
        for row in bad[np.unique(key, return_index=True)[1]].tolist():
            _, name, arm = self._series(names, table, row)
            known = self.examples.setdefault(arm, {}).setdefault(name, [])
            status = int(table.status[row])
            text = f"status: {status}" if status else "no answer in time" if timed_out[row] else "no answer"
            text = "a check of the load tool failed" if table.rejected[row] else text
            if text not in known and len(known) < MAX_FAILURE_EXAMPLES:
                known.append(text)

    def _add_phases(self, phase: str, table: _TallyTable, names: list[CountedAs], good: Bits) -> None:
        """Adds phases of successes of the measured time; a connection that was there already is not counted."""
        counts = good & (table.began >= 0) & ((table.took > 0) | (phase not in ("connect", "tls")))
        for first, rows in _groups(np.where(counts, table.place * 4 + table.arm + 1, -1)):
            if counts[first]:
                series = self._series(names, table, first)
                phases = self.record.phases.setdefault(series, Phases())
                counting.add_many(phases.of(phase), table.took[rows])

    def _series(self, names: list[CountedAs], table: _TallyTable, row: int) -> Series:
        arm = {NO_ARM: "", BASE: BASE_ARM}.get(int(table.arm[row]), HEAD_ARM)
        self.arms.add(arm)
        place = names[int(table.place[row])]
        return place.kind, place.name, arm


class _TallyTable:
    """The rows of samples that have an endpoint."""

    def __init__(self, samples: SampleBatch, place: Integers, known: Bits, skip: float) -> None:
        self.place = place[known]
        self.began = samples.began[known] - skip
        self.took = samples.took[known]
        self.status = samples.status[known]
        self.outcomes = samples.outcomes[known]
        self.arm = samples.arm[known]
        self.lowest_status = int(self.status.min())  # whatever a recording says: some have more than three digits
        self.statuses = int(self.status.max()) - self.lowest_status + 1  # how many there may be
        self.rejected = (self.outcomes == REJECTED) & (self.status != 0)
        self._timed_out = samples.timed_out[known]

    def judged(self, names: list[CountedAs]) -> tuple[Bits, Bits]:
        """(success, timeout) of each row. Without an answer until the endpoint's timeout, it timed out."""
        key = (self.place * self.statuses + self.status - self.lowest_status) * 4 + self.outcomes + 1
        _, rows, back = np.unique(key, return_index=True, return_inverse=True)
        accepted = [
            names[int(self.place[row])].accepts(int(self.status[row]), int(self.outcomes[row])) for row in rows.tolist()
        ]
        good = np.array(accepted, dtype=bool)[back]
        timeout = np.array([place.timeout * 1e9 for place in names])[self.place]
        return good, ~good & (self._timed_out | ((self.status == 0) & (self.took >= timeout)))

    def window_keys(self, width: int) -> Integers:
        """A number for each row that is the same in one window of one endpoint and arm."""
        second = np.floor(self.began).astype(np.int64) // width
        second -= second.min()
        return (self.place * 4 + self.arm + 1) * (int(second.max()) + 1) + second


def _are_transactions(samples: SampleBatch) -> bool:
    if not any(label.is_transaction for label in samples.labels):
        return False
    numbers = np.bincount(samples.label, minlength=len(samples.labels)).tolist()
    return all(label.is_transaction or not number for label, number in zip(samples.labels, numbers, strict=True))


def _groups(key: Integers) -> Iterator[tuple[int, Integers]]:
    """(first row, rows) of each value of `key`."""
    order = np.argsort(key, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        yield int(rows[0]), rows
