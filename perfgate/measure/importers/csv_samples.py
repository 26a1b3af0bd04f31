"""CSV with a header: `t,endpoint,ms,status`, and `arm` for an A/B run.

It is read in blocks, so that ten million rows need little memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perfgate.measure.importers import blocks, dates, rows
from perfgate.measure.importers.blocks import Layout
from perfgate.measure.importers.samples import (
    ARMS,
    MAX_REQUEST_MS,
    NO_ARM,
    SECOND_HEADER,
    BadLines,
    RecordingSource,
    RequestLabel,
    SampleBatch,
)
from perfgate.measure.importers.timeline import MAX_SPAN_S, UNITS, RowTimes, middle

NEEDED = ("t", "endpoint", "ms", "status")
SECONDS = "seconds since the start expected"
HINT = (
    "Expected: a header with t, endpoint, ms and status (and arm), then for each request t in seconds since the start "
    "(or as Unix time, or as a date with its time), its endpoint, ms in milliseconds, and the HTTP status (0 or "
    "nothing: no answer). Other names and units: --columns t=when,endpoint=name,ms=took,status=code --unit s"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WITH_COMMA = re.compile(r"\d+,\d+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
_STATUS = re.compile(r"(|0|[1-5]\d\d)(\.0)?", re.ASCII)  # "200.0" is what spreadsheets make of a column with gaps


class CsvSamples:
    """See Importer."""

    latency = "as recorded in the CSV file"
    lacks = ("runner probe", "health of the load generator", "response sizes", "times to the first byte")
    hint = HINT
    has_hops = False

    def __init__(self, size: int = blocks.BLOCK_BYTES) -> None:
        self._size = size

    def recognizes(self, beginning: bytes) -> bool:
        """The last to be asked: what is nothing else is this, but for JSON, XML and what is no text."""
        if beginning.lstrip()[:1] in (b"{", b"[", b"<") or b"\0" in beginning:
            return False
        return any(delimiter in beginning.partition(b"\n")[0] for delimiter in blocks.DELIMITERS)

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        delimiter = blocks.delimiter(source, "endpoint")
        positions = blocks.located(source, blocks.header(source, delimiter), NEEDED, ("arm",), HINT)
        is_dated = _has_dates(source, delimiter, positions["t"])
        table = CsvTable(source, is_dated=is_dated)
        numbers = ("ms",) if is_dated else ("t", "ms")
        layout = Layout(
            positions=positions,
            numbers=frozenset(numbers),
            wrong=table.wrong,
            convert=table.convert,
            delimiter=delimiter,
            decimal=_decimal(source, delimiter, [positions[name] for name in numbers]),
        )
        yield from blocks.read(source, layout, bad, has_header=True, size=self._size)


class CsvTable:
    """Rows of one recording. Whether `t` is a Unix time, and in which unit, the middle row of its first block says,
    unless `t` is a date."""

    def __init__(self, source: RecordingSource, *, is_dated: bool = False) -> None:
        self._is_dated = is_dated
        self._unit = 1.0 if is_dated else None  # s; 0: `t` counts from the start
        self._timeline = RowTimes()
        self._to_ms = 1.0 if source.unit is None else source.unit * 1000

    def convert(self, frame: pd.DataFrame) -> SampleBatch:
        """Raises ValueError when a row is wrong; which one, `wrong` says."""
        t = dates.unix_times_of(frame["t"]) if self._is_dated else frame["t"].to_numpy(dtype=np.float64)
        ms = frame["ms"].to_numpy(dtype=np.float64) * self._to_ms
        since = self._since(t)
        if not ((ms >= 0) & (ms <= MAX_REQUEST_MS)).all():
            raise ValueError("ms is out of range")
        endpoint, status = frame["endpoint"].cat, frame["status"].cat
        names = [str(name).strip() for name in endpoint.categories]
        if "" in names:
            raise ValueError("an endpoint is empty")
        statuses = np.array([_status(str(text)) for text in status.categories], dtype=np.int64)
        arms = np.array([_arm(str(text)) for text in frame["arm"].cat.categories] if "arm" in frame else [NO_ARM])
        arm = frame["arm"].cat.codes.to_numpy() if "arm" in frame else np.zeros(len(frame), dtype=np.int64)
        return replace(
            rows.to_batch(
                [RequestLabel(name) for name in names],
                endpoint.codes.to_numpy().astype(np.int64),
                since,
                rows.milliseconds(ms),
                rows.AnswerColumns(statuses[status.codes.to_numpy()]),
                self._timeline.origin,
            ),
            arm=arms[arm],
        )

    def _since(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._unit is None and len(usual := t[(t >= 0) & np.isfinite(t)]):
            self._unit = _unit(middle(usual))
        if self._unit:
            return self._timeline.since(t * self._unit)
        if not ((t >= 0) & (t <= MAX_SPAN_S)).all():
            raise ValueError("t is out of range")
        return t

    def wrong(self, of: Mapping[str, str]) -> str:
        """What is wrong with a row, or nothing."""
        if of["t"] == "t" and of["ms"] == "ms":
            return SECOND_HEADER
        try:
            t = dates.unix_time(of["t"]) if self._is_dated else _time(of["t"])
        except ValueError:
            number = f"{SECONDS}, or a Unix time{_hint(of['t'])}"
            expected = "a date and time as in the other rows expected" if self._is_dated else number
            return f"t is {of['t'][:40]!r}; {expected}"
        if what := _wrong(of, self._to_ms):
            return what
        if self._unit is None and isfinite(t):
            self._unit = _unit(t)
        if self._unit:
            return self._timeline.mistake(t * self._unit)
        return "" if t <= MAX_SPAN_S else f"t is {of['t'][:40]!r}; {SECONDS}, from 0 to {MAX_SPAN_S:,.0f}"


def _unit(t: float) -> float:
    """The unit of a Unix time in s; 0 for what is a time since the start."""
    return next(unit for least, unit in UNITS if t >= least) if t > MAX_SPAN_S else 0.0


def _status(text: str) -> int:
    if not _STATUS.fullmatch(text.strip()):
        raise ValueError(f"status {text!r}")
    return int(float(text.strip() or 0))


def _arm(text: str) -> int:
    if text.strip().lower() not in ARMS:
        raise ValueError(f"arm {text!r}")
    return ARMS[text.strip().lower()]


def _hint(number: str) -> str:
    return ", with a decimal point" if _WITH_COMMA.fullmatch(number) else ""


def _decimal(source: RecordingSource, delimiter: str, positions: Sequence[int]) -> str:
    """A comma where the first rows have numbers with one, as spreadsheets of many countries write them. It may stand
    between thousands where three digits follow it in all of them."""
    rows = blocks.first_rows(source, delimiter) if delimiter != "," else []
    numbers = [row[at].strip() for row in rows for at in positions if at < len(row)]
    with_comma = [number for number in numbers if _WITH_COMMA.fullmatch(number)]
    is_clear = not all(map(_THOUSANDS.fullmatch, with_comma))
    return "," if is_clear and len(with_comma) > sum("." in number for number in numbers) else "."


def _has_dates(source: RecordingSource, delimiter: str, position: int) -> bool:
    """Whether `t` of the first rows is rather a date with a time than a number."""
    rows = blocks.first_rows(source, delimiter)
    dated = sum(len(row) > position and dates.looks_dated(row[position]) for row in rows)
    return 2 * dated > len(rows)


def _time(text: str) -> float:
    """Raises ValueError for what is no number, or negative."""
    if not _NUMBER.fullmatch(text) or float(text) < 0:
        raise ValueError("no time")
    return float(text)


def _wrong(of: Mapping[str, str], to_ms: float) -> str:
    """What is wrong with a row beside its `t`, or nothing."""
    shown = {name: repr(text[:40]) for name, text in of.items()}
    if not _NUMBER.fullmatch(of["ms"]) or not 0 <= float(of["ms"]) * to_ms <= MAX_REQUEST_MS:
        unit = "milliseconds" if to_ms == 1 else "a time"
        return f"ms is {shown['ms']}; {unit} expected, from 0 to {MAX_REQUEST_MS / to_ms:,.0f}{_hint(of['ms'])}"
    if not of["endpoint"]:
        return "endpoint is empty; a name expected"
    if not _STATUS.fullmatch(of["status"]):
        return f"status is {shown['status']}; an HTTP status expected, or 0 or nothing for no answer"
    if "arm" in of and of["arm"].lower() not in ARMS:
        return f"arm is {shown['arm']}; base or head expected (or A, B)"
    return ""
