"""Requests of hey and of oha as CSV: `hey -o csv URL`, `oha --no-tui --output-format csv URL`. All of one address,
which neither names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from perfgate.measure.importers import blocks, rows
from perfgate.measure.importers.blocks import Layout
from perfgate.measure.importers.samples import SECOND_HEADER, BadLines, RecordingSource, RequestLabel, SampleBatch
from perfgate.measure.importers.timeline import MAX_SPAN_S

MAX_REQUEST_S = 86_400.0
_NUMBER = re.compile(r"\d+(\.\d+)?([eE]-\d+)?", re.ASCII)
_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)


class Columns(NamedTuple):
    """Their names: how long a request took and when it began, both in s, and its status."""

    took: str
    began: str
    status: str


class HeyCsv:
    """See Importer."""

    latency = "hey response-time: connect to last byte, to 0.1 ms"
    lacks = (
        "runner probe",
        "health of the load generator",
        "response sizes",
        "times to the first byte",
        "requests without an answer (they are left out)",
    )
    hint = "Expected: what `hey -o csv URL` writes."
    has_hops = False
    columns = Columns(took="response-time", began="offset", status="status-code")

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.startswith(b"response-time,DNS+dialup,")

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        columns = self.columns
        layout = Layout(
            positions=blocks.located(source, blocks.header(source), columns, (), self.hint),
            numbers=frozenset({columns.took, columns.began}),
            wrong=partial(_wrong, columns),
            convert=partial(_convert, columns),
        )
        yield from blocks.read(source, layout, bad, has_header=True)


class OhaCsv(HeyCsv):
    """See Importer."""

    latency = "oha request-duration: connect to last byte"
    hint = "Expected: what `oha --no-tui --output-format csv URL` writes."
    columns = Columns(took="request-duration", began="request-start", status="status")

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.startswith(b"request-start,DNS,DNS+dialup,")


def _convert(columns: Columns, frame: pd.DataFrame) -> SampleBatch:
    """Raises ValueError when a row is wrong."""
    took, began = frame[columns.took].to_numpy(), frame[columns.began].to_numpy()
    if not (((took >= 0) & (took <= MAX_REQUEST_S)).all() and ((began >= 0) & (began <= MAX_SPAN_S)).all()):
        raise ValueError("a time is out of range")
    status = frame[columns.status].astype(str).to_numpy(dtype=np.int64)
    if not ((status >= 100) & (status < 600)).all():
        raise ValueError("a status is out of range")
    zeros = np.zeros(len(took), dtype=np.int64)
    return rows.to_batch([RequestLabel("")], zeros, began, rows.milliseconds(took * 1e3), rows.AnswerColumns(status))


def _wrong(columns: Columns, of: Mapping[str, str]) -> str:
    """What is wrong with a row, or nothing."""
    if of[columns.began] == columns.began:
        return SECOND_HEADER
    for name, highest in ((columns.took, MAX_REQUEST_S), (columns.began, MAX_SPAN_S)):
        if not _NUMBER.fullmatch(of[name]) or float(of[name]) > highest:
            return f"{name} is {of[name][:40]!r}; seconds expected"
    return "" if _STATUS.fullmatch(of[columns.status]) else f"{columns.status} is {of[columns.status][:40]!r}"
