"""Requests that come one by one -> Samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perfgate.measure.importers.samples import NO_ARM, NOT_SAID, Phase, RequestLabel, SampleBatch

Integers = NDArray[np.int64]

CHUNK_ROWS = 200_000  # at a time
TIMEOUT_WORDS = ("timeout", "timed out", "deadline exceeded")


class RecordedRequest(NamedTuple):
    """One request. `began` is Unix time; `took`, `first_byte` and `connect` in ms, None: not recorded."""

    label: RequestLabel
    began: float
    took: float
    status: int
    outcomes: int = NOT_SAID
    timed_out: bool = False
    first_byte: float | None = None
    connect: float | None = None


def is_timeout(text: str) -> bool:
    """Whether an error message is about an answer that did not come in time."""
    return any(word in text.lower() for word in TIMEOUT_WORDS)


def to_batches(requests: Iterable[RecordedRequest], rows: int = CHUNK_ROWS) -> Iterator[SampleBatch]:
    """The requests in batches. Times count from the first of them."""
    origin: float | None = None
    batch: list[RecordedRequest] = []
    for request in requests:
        if origin is None:
            origin = request.began
        batch.append(request)
        if len(batch) == rows:
            yield from _together(batch, origin)
            batch = []
    if batch and origin is not None:
        yield from _together(batch, origin)


def _together(batch: Sequence[RecordedRequest], origin: float) -> Iterator[SampleBatch]:
    columns = list(zip(*batch, strict=True))
    labels: dict[RequestLabel, int] = {}
    code = np.array([labels.setdefault(label, len(labels)) for label in columns[0]], dtype=np.int64)
    began = np.array(columns[1], dtype=np.float64) - origin
    status, outcomes = (np.array(column, dtype=np.int64) for column in columns[3:5])
    timed_out = np.array(columns[5], dtype=bool)
    took = milliseconds(np.array(columns[2], dtype=np.float64))
    samples = to_batch(list(labels), code, began, took, AnswerColumns(status, outcomes, timed_out), origin)
    yield samples
    parts: tuple[tuple[Phase, int], ...] = (("first_byte", 6), ("connect", 7))
    for phase, at in parts:
        if all(value is not None for value in columns[at]):
            yield replace(samples, took=milliseconds(np.array(columns[at], dtype=np.float64)), phase=phase)


def milliseconds(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Converts milliseconds to nanoseconds."""
    return np.rint(values * 1e6).astype(np.int64)


class AnswerColumns(NamedTuple):
    """What requests were answered, by columns. None: the tool does not say so."""

    status: NDArray[np.int64]
    outcomes: NDArray[np.int64] | None = None
    timed_out: NDArray[np.bool_] | None = None


def to_batch(
    labels: Sequence[RequestLabel],
    code: NDArray[np.int64],
    began: NDArray[np.float64],
    took: NDArray[np.int64],
    answers: AnswerColumns,
    origin: float | None = None,
) -> SampleBatch:
    """Samples without arms. `origin`: Unix time at which the recording began."""
    status, outcomes, timed_out = answers
    nothing = np.zeros(len(code), dtype=np.int64)
    return SampleBatch(
        labels=labels,
        label=code,
        began=began,
        took=took,
        status=status,
        outcomes=nothing + NOT_SAID if outcomes is None else outcomes,
        timed_out=nothing.astype(bool) if timed_out is None else timed_out,
        arm=nothing + NO_ARM,
        started=None if origin is None else datetime.fromtimestamp(origin, UTC),
    )
