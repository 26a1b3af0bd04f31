"""JMeter's results as CSV, with its header: `jmeter -n -t plan.jmx -l results.jtl`.

`elapsed` is from before the request until its last byte, a connection included. Rows of transaction controllers have a
name of their own and may be a journey's, never an endpoint's where the requests in them have rows of their own. With
"Generate parent sample" they have none. Redirects and embedded resources have rows of their own after that of their
request, `search-0` and so on after `search`: these are parts of it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perfgate.measure.importers import blocks, dates, rows
from perfgate.measure.importers.blocks import Layout
from perfgate.measure.importers.samples import (
    BAD,
    GOOD,
    MAX_REQUEST_MS,
    REJECTED,
    SECOND_HEADER,
    BadLines,
    Phase,
    RecordingSource,
    RequestLabel,
    SampleBatch,
)
from perfgate.measure.importers.timeline import RowTimes

NEEDED = ("timeStamp", "elapsed", "label", "responseCode", "success")
MESSAGE = "responseMessage"
TRANSACTION = "Number of samples in transaction"  # how the message of a transaction controller begins
THREAD = "threadName"
TIMES: Mapping[str, Phase] = {"Latency": "first_byte", "Connect": "connect"}
HINT = (
    "Expected: what `jmeter -n -t plan.jmx -l results.jtl` writes, with its header "
    "(jmeter.save.saveservice.print_field_names=true)."
)
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
MIN_START_MS = 1e11  # ms, in 1973: what is below was written in another unit
_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)
_PART = re.compile(r"(.+)-\d+", re.ASCII)  # the label of a redirect or an embedded resource, since JMeter 5.0


class JMeterCsv:
    """See Importer."""

    latency = "JMeter elapsed: connect to last byte"
    lacks = ("runner probe", "health of the load generator", "response sizes")
    hint = HINT
    has_hops = False

    def __init__(self, size: int = blocks.BLOCK_BYTES) -> None:
        self._size = size

    def recognizes(self, beginning: bytes) -> bool:
        first = beginning.partition(b"\n")[0]
        return b"timeStamp" in first and b"elapsed" in first and not first.lstrip().startswith(b"<")

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        delimiter = blocks.delimiter(source, "timeStamp")
        positions = blocks.located(source, blocks.header(source, delimiter), NEEDED, (MESSAGE, THREAD, *TIMES), HINT)
        table = _JMeterTable()
        dated = _has_dates(source, delimiter, positions["timeStamp"])
        numbers = {"elapsed", *TIMES} if dated else {"timeStamp", "elapsed", *TIMES}
        layout = Layout(
            positions=positions,
            numbers=frozenset(numbers) & positions.keys(),
            wrong=partial(table.wrong, dated=dated),
            convert=table.convert,
            delimiter=delimiter,
        )
        for samples in blocks.read(source, layout, bad, has_header=True, size=self._size):
            yield samples
            yield from table.phases(samples)


def _has_dates(source: RecordingSource, delimiter: str, position: int) -> bool:
    """Whether the first row says when it began as a date and time, as timestamp_format lets JMeter do."""
    with source.opened() as stream:
        stream.readline(1 << 20)
        row = next(csv.reader([stream.readline(1 << 20).decode("utf-8", "surrogateescape")], delimiter=delimiter), [])
    return len(row) > position and dates.looks_dated(row[position])


def _seconds(column: pd.Series) -> NDArray[np.float64]:
    """When rows began, in s since 1970. Raises ValueError."""
    if column.dtype == np.float64:
        return np.asarray(column, dtype=np.float64) / 1000
    return dates.unix_times_of(column)


@dataclass
class _JMeterTable:
    """Blocks become samples; what came with the newest one beside its `elapsed` is kept until `phases`."""

    timeline: RowTimes = field(default_factory=RowTimes)
    times: dict[Phase, np.ndarray[tuple[int], np.dtype[np.float64]]] = field(default_factory=dict)

    def convert(self, frame: pd.DataFrame) -> SampleBatch:
        """Raises ValueError when a row is wrong."""
        began, took = _seconds(frame["timeStamp"]), frame["elapsed"].to_numpy()
        self.timeline.settle(began[began >= MIN_START_MS / 1000])
        self.times = {phase: frame[name].to_numpy() for name, phase in TIMES.items() if name in frame}
        for values in (took, *self.times.values()):
            if not ((values >= 0) & (values <= MAX_REQUEST_MS)).all():
                raise ValueError("a time is out of range")
        if not (began >= MIN_START_MS / 1000).all():
            raise ValueError("timeStamp is no time")
        since = self.timeline.since(began)
        labels, label = _labels(frame, _are_parts(frame, began))
        code, success = (frame[name].cat for name in ("responseCode", "success"))
        codes = [str(text).strip() for text in code.categories]
        good = np.array([_is_true(str(text)) for text in success.categories])[success.codes.to_numpy()]
        number = np.array([int(text) if _STATUS.fullmatch(text) else 0 for text in codes])[code.codes.to_numpy()]
        status = np.where((number == 0) & good, 200, number)  # samplers other than HTTP have no status
        late = np.array([rows.is_timeout(text) for text in codes])[code.codes.to_numpy()]
        outcomes = np.where(good, GOOD, np.where((status > 0) & (status < 400), REJECTED, BAD))
        return rows.to_batch(
            labels,
            label,
            since,
            rows.milliseconds(took),
            rows.AnswerColumns(status, outcomes, late & ~good),
            self.timeline.origin,
        )

    def phases(self, samples: SampleBatch) -> Iterator[SampleBatch]:
        for phase, values in self.times.items():
            yield replace(samples, took=rows.milliseconds(values), phase=phase)

    def wrong(self, of: Mapping[str, str], *, dated: bool) -> str:
        """What is wrong with a row, or nothing."""
        if of["timeStamp"] == "timeStamp":
            return SECOND_HEADER
        try:
            began = _began(of["timeStamp"], dated=dated)
        except ValueError:
            expected = "a date and time as in the first row" if dated else "milliseconds since 1970"
            return f"timeStamp is {of['timeStamp'][:40]!r}; {expected} expected"
        return _wrong(of) or self.timeline.mistake(began)


def _began(text: str, *, dated: bool) -> float:
    """When a row began, in s since 1970. Raises ValueError for what is no such time."""
    if not dated and not _NUMBER.fullmatch(text):
        raise ValueError("no number")
    began = dates.unix_time(text) if dated else float(text) / 1000
    if began < MIN_START_MS / 1000:
        raise ValueError("too long ago")
    return began


def _are_parts(frame: pd.DataFrame, began: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows are redirects or embedded resources: named after another request, and begun before an earlier row of
    their thread ended. `began` in s."""
    label = frame["label"].cat
    names = [str(name).strip() for name in label.categories]
    known = set(names) - {""}
    stems = [match[1] if (match := _PART.fullmatch(name)) else "" for name in names]
    are_parts: NDArray[np.bool_] = np.array([stem in known for stem in stems], dtype=bool)[label.codes.to_numpy()]
    if not are_parts.any():
        return are_parts
    thread = frame[THREAD].cat.codes.to_numpy() if THREAD in frame else np.zeros(len(frame))
    start = np.rint(began * 1000)
    ended = pd.Series(start + frame["elapsed"].to_numpy()).groupby(thread).cummax().groupby(thread).shift(1)
    are_within: NDArray[np.bool_] = start < ended.to_numpy(dtype=np.float64)  # NaN for the first of a thread: it is not
    return are_parts & are_within


def _labels(frame: pd.DataFrame, are_parts: NDArray[np.bool_]) -> tuple[list[RequestLabel], NDArray[np.int64]]:
    """The labels, and which is whose."""
    label = frame["label"].cat
    names, written = [str(name).strip() for name in label.categories], label.codes.to_numpy().astype(np.int64)
    labels, codes = [RequestLabel(name) for name in names], written
    for these, kind in (
        (are_parts, RequestLabel("", is_part=True)),
        (_are_transactions(frame), RequestLabel("", is_transaction=True)),
    ):
        if these.any():
            codes = np.where(these, written + len(labels), codes)
            labels.extend(kind._replace(name=name) for name in names)
    return labels, codes


def _are_transactions(frame: pd.DataFrame) -> NDArray[np.bool_]:
    if MESSAGE not in frame:
        return np.zeros(len(frame), dtype=bool)
    message = frame[MESSAGE].cat
    begins: NDArray[np.bool_] = np.array([str(text).startswith(TRANSACTION) for text in message.categories], dtype=bool)
    each: NDArray[np.bool_] = begins[message.codes.to_numpy()]
    return each


def _is_true(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(f"success {text!r}")
    return text.strip().lower() == "true"


def _wrong(of: Mapping[str, str]) -> str:
    """What is wrong with a row beside when it began, or nothing."""
    shown = {name: repr(text[:40]) for name, text in of.items()}
    for name in ("elapsed", *TIMES):
        if name in of and (not _NUMBER.fullmatch(of[name]) or float(of[name]) > MAX_REQUEST_MS):
            return f"{name} is {shown[name]}; milliseconds expected"
    if of["success"].lower() not in ("true", "false"):
        return f"success is {shown['success']}; true or false expected"
    return ""
