"""What a tool recorded as several requests because it followed redirects becomes one, as the endpoint's user sees it.

A recording does not say which request followed which. The next hop begins when the answer before it ended, in the same
virtual user, so it is the first one that begins there with a method that fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from perfgate.measure.importers.samples import SampleBatch
from perfgate.measure.matching import Matcher

REDIRECT_STATUSES = (301, 302, 303, 307, 308)
METHOD_KEEPING_STATUSES = (307, 308)  # the method stays
MAX_EARLY_S, MAX_LATE_S = 0.001, 0.25  # s around the end of an answer: rounding, and a connection to make
MAX_HOP_S = 1.0  # s before the end of a part in which a hop may lack the next, which comes with the next part

Indices = NDArray[np.int64]


def joined(parts: Iterable[SampleBatch], match: Matcher) -> Iterator[SampleBatch]:
    """The parts, with the hops of endpoints that follow redirects as one request each."""
    pending: SampleBatch | None = None
    for part in parts:
        if part.phase:
            yield part
            continue
        whole = _together(pending, part) if pending else part
        done, pending = _with_redirects(whole, match)
        if len(done.label):
            yield done
    if pending:
        yield pending


def _with_redirects(samples: SampleBatch, match: Matcher) -> tuple[SampleBatch, SampleBatch | None]:
    """What is whole, and what may go on in the next part."""
    places = [match(label) for label in samples.labels]
    follows = np.array([place is not None and place.follows_redirects for place in places], dtype=bool)
    ended = samples.began + samples.took / 1e9
    hops = _Hops(samples, ended)
    first = np.flatnonzero(follows[samples.label] & np.isin(samples.status, REDIRECT_STATUSES))
    took, status, outcomes = samples.took.copy(), samples.status.copy(), samples.outcomes.copy()
    timed_out = samples.timed_out.copy()
    waiting = np.zeros(len(ended), dtype=bool)
    for row in first[np.argsort(ended[first], kind="stable")].tolist():
        if hops.used[row]:
            continue
        last = hops.last_from(row)
        if status[last] in REDIRECT_STATUSES and ended[last] > ended.max() - MAX_HOP_S:
            waiting[row] = True
        took[row] = max(0, round((ended[last] - samples.began[row]) * 1e9))
        status[row], outcomes[row], timed_out[row] = (
            samples.status[last],
            samples.outcomes[last],
            samples.timed_out[last],
        )
    changed = replace(samples, took=took, status=status, outcomes=outcomes, timed_out=timed_out)
    whole = _rows(changed, np.flatnonzero(~hops.used & ~waiting))
    return whole, _rows(changed, np.flatnonzero(waiting)) if waiting.any() else None


class _Hops:
    """The requests in the order in which they began, and which of them continue another one."""

    def __init__(self, samples: SampleBatch, ended: NDArray[np.float64]) -> None:
        self.used = np.zeros(len(ended), dtype=bool)
        self._samples, self._ended = samples, ended
        self._order = np.argsort(samples.began, kind="stable")
        self._began = samples.began[self._order]

    def last_from(self, row: int) -> int:
        """The last hop of a request, itself where it was not followed. Those between are used up."""
        while int(self._samples.status[row]) in REDIRECT_STATUSES:
            following = self._after(row)
            if following is None:
                return row
            self.used[following] = True
            row = following
        return row

    def _after(self, row: int) -> int | None:
        at = int(np.searchsorted(self._began, self._ended[row] - MAX_EARLY_S))
        for number in range(at, len(self._began)):
            if self._began[number] > self._ended[row] + MAX_LATE_S:
                return None
            other = int(self._order[number])
            if other != row and not self.used[other] and self._fits(row, other):
                return other
        return None

    def _fits(self, row: int, other: int) -> bool:
        """A name that the script gave stays, and so does the method after 307 and 308; else it becomes GET."""
        before, after = (self._samples.labels[int(self._samples.label[item])] for item in (row, other))
        is_named = before.name != before.url or "://" not in before.url
        keeps = int(self._samples.status[row]) in METHOD_KEEPING_STATUSES or before.method.upper() == "HEAD"
        method = before.method if keeps else "GET"
        same_arm = self._samples.arm[row] == self._samples.arm[other]
        return bool(same_arm and after.method.upper() == method.upper() and (not is_named or after.name == before.name))


def _rows(samples: SampleBatch, rows: Indices) -> SampleBatch:
    return replace(
        samples,
        label=samples.label[rows],
        began=samples.began[rows],
        took=samples.took[rows],
        status=samples.status[rows],
        outcomes=samples.outcomes[rows],
        timed_out=samples.timed_out[rows],
        arm=samples.arm[rows],
    )


def _together(item: SampleBatch, other: SampleBatch) -> SampleBatch:
    labels = [*item.labels, *other.labels]
    return replace(
        other,
        labels=labels,
        label=np.concatenate([item.label, other.label + len(item.labels)]),
        began=np.concatenate([item.began, other.began]),
        took=np.concatenate([item.took, other.took]),
        status=np.concatenate([item.status, other.status]),
        outcomes=np.concatenate([item.outcomes, other.outcomes]),
        timed_out=np.concatenate([item.timed_out, other.timed_out]),
        arm=np.concatenate([item.arm, other.arm]),
    )
