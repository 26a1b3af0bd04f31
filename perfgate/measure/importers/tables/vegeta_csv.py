"""Vegeta's results as CSV: `vegeta encode --to csv results.bin`. No header; the columns are Vegeta's own, from the Unix
time in ns to method and URL (those since version 12.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perfgate.measure.importers import blocks, rows
from perfgate.measure.importers.blocks import Layout
from perfgate.measure.importers.samples import MAX_REQUEST_MS, BadLines, RecordingSource, RequestLabel, SampleBatch
from perfgate.measure.importers.timeline import RowTimes

COLUMNS = {"timestamp": 0, "code": 1, "latency": 2, "error": 5, "attack": 7}
MORE = {"method": 9, "url": 10}
HINT = "Expected: what `vegeta encode --to csv results.bin` writes."
_BEGINNING = re.compile(rb"\d{18,19},\d{1,3},\d+,\d+,\d+,")
_NUMBER = re.compile(r"\d+", re.ASCII)


class VegetaCsv:
    """See Importer."""

    latency = "Vegeta latency (CSV): send to last byte"
    lacks = ("runner probe", "health of the load generator", "response sizes", "times to the first byte")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return _BEGINNING.match(beginning) is not None

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        has_url = len(blocks.header(source)) > max(MORE.values())
        table = _VegetaTable()
        layout = Layout(
            positions=COLUMNS | (MORE if has_url else {}),
            numbers=frozenset({"code", "latency"}),
            wrong=table.wrong,
            convert=table.convert,
        )
        yield from blocks.read(source, layout, bad, has_header=False)


class _VegetaTable:
    def __init__(self) -> None:
        self._timeline = RowTimes()

    def convert(self, frame: pd.DataFrame) -> SampleBatch:
        """Raises ValueError when a row is wrong."""
        text = frame["timestamp"].astype(str)
        began = text.to_numpy(dtype=np.int64)
        since = self._timeline.since(began / 1e9)
        took, code = frame["latency"].to_numpy(), frame["code"].to_numpy()
        if not (((took >= 0) & (took <= MAX_REQUEST_MS * 1e6)).all() and ((code >= 0) & (code < 600)).all()):
            raise ValueError("latency or code is out of range")
        labels, label = _labels(frame)
        error = frame["error"].cat
        late = np.array([rows.is_timeout(str(category)) for category in error.categories])[error.codes.to_numpy()]
        return rows.to_batch(
            labels,
            label,
            since,
            took.astype(np.int64),
            rows.AnswerColumns(code.astype(np.int64), timed_out=late & (code == 0)),
            self._timeline.origin,
        )

    def wrong(self, of: Mapping[str, str]) -> str:
        """What is wrong with a row, or nothing."""
        for name, unit in (("timestamp", "ns since 1970"), ("code", "an HTTP status, or 0"), ("latency", "ns")):
            if not _NUMBER.fullmatch(of[name]):
                return f"{name} is {of[name][:40]!r}; {unit} expected"
        if int(of["code"]) > 599 or int(of["latency"]) > MAX_REQUEST_MS * 1e6:
            return "code or latency is out of range"
        return self._timeline.mistake(int(of["timestamp"]) / 1e9)


def _labels(frame: pd.DataFrame) -> tuple[list[RequestLabel], NDArray[np.int64]]:
    """The labels, and which is whose."""
    names = [name for name in ("attack", "method", "url") if name in frame]
    key = np.zeros(len(frame), dtype=np.int64)
    for name in names:
        key = key * len(frame[name].cat.categories) + frame[name].cat.codes.to_numpy()
    _, first, label = np.unique(key, return_index=True, return_inverse=True)
    requests = [[str(frame[name].iloc[row]) for name in names] for row in first.tolist()]
    return [_label(*parts) for parts in requests], label.astype(np.int64)


def _label(attack: str, method: str = "", url: str = "") -> RequestLabel:
    return RequestLabel(attack or url, method, url)
