"""hey's requests as CSV: `hey -o csv URL`. All of one address, which it does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from perfgate.measure.importers import blocks, rows
from perfgate.measure.importers.blocks import SECOND_HEADER, Layout
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, SampleBatch
from perfgate.measure.importers.timeline import MAX_SPAN_S

NEEDED = ("response-time", "status-code", "offset")
HINT = "Expected: what `hey -o csv URL` writes."
MAX_REQUEST_S = 86_400.0
_NUMBER = re.compile(r"\d+(\.\d+)?")
_STATUS = re.compile(r"[1-5]\d\d")


class HeyCsv:
    """See Importer."""

    latency = "hey response-time: connect to last byte, to 0.1 ms"
    lacks = (
        "runner probe",
        "health of the load generator",
        "response sizes",
        "times to the first byte",
        "requests without an answer (hey leaves them out)",
    )
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.startswith(b"response-time,DNS+dialup,")

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        positions = blocks.located(source, blocks.header(source), NEEDED, (), HINT)
        layout = Layout(
            positions=positions, numbers=frozenset({"response-time", "offset"}), wrong=_wrong, convert=_convert
        )
        yield from blocks.read(source, layout, bad, has_header=True)


def _convert(frame: pd.DataFrame) -> SampleBatch:
    """Raises ValueError when a row is wrong."""
    took, began = frame["response-time"].to_numpy(), frame["offset"].to_numpy()
    if not (((took >= 0) & (took <= MAX_REQUEST_S)).all() and ((began >= 0) & (began <= MAX_SPAN_S)).all()):
        raise ValueError("a time is out of range")
    status = frame["status-code"].astype(str).to_numpy(dtype=np.int64)
    if not ((status >= 100) & (status < 600)).all():
        raise ValueError("a status is out of range")
    zeros = np.zeros(len(took), dtype=np.int64)
    return rows.to_batch([RequestLabel("")], zeros, began, rows.milliseconds(took * 1e3), rows.AnswerColumns(status))


def _wrong(of: Mapping[str, str]) -> str:
    """What is wrong with a row, or nothing."""
    if of["offset"] == "offset":
        return SECOND_HEADER
    for name, highest in (("response-time", MAX_REQUEST_S), ("offset", MAX_SPAN_S)):
        if not _NUMBER.fullmatch(of[name]) or float(of[name]) > highest:
            return f"{name} is {of[name][:40]!r}; seconds expected"
    return "" if _STATUS.fullmatch(of["status-code"]) else f"status-code is {of['status-code'][:40]!r}"
