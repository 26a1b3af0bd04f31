"""CSV with a header: `t,endpoint,ms,status`, and `arm` for an A/B run.

It is read in blocks, so that ten million rows need little memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from perfgate.measure.importers import blocks
from perfgate.measure.importers.blocks import Layout
from perfgate.measure.importers.samples import (
    ARMS,
    MAX_REQUEST_MS,
    NO_ARM,
    NOT_SAID,
    BadLines,
    RecordingSource,
    RequestLabel,
    SampleBatch,
)

NEEDED = ("t", "endpoint", "ms", "status")
MAX_OFFSET_S = 10_000_000  # s: later than 115 days is a clock time
HINT = (
    "Expected: a header with t, endpoint, ms and status (and arm), then for each request t in seconds since the start, "
    "its endpoint, ms in milliseconds, and the HTTP status (0 or nothing: no answer)."
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_STATUS = re.compile(r"(|0|[1-5]\d\d)(\.0)?")  # "200.0" is what spreadsheets make of a column with gaps


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
        return b"," in beginning or not beginning.strip()

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        positions = blocks.located(source, blocks.header(source), NEEDED, ("arm",), HINT)
        layout = Layout(positions=positions, numbers=frozenset({"t", "ms"}), wrong=_wrong, convert=converted)
        yield from blocks.read(source, layout, bad, has_header=True, size=self._size)


def converted(frame: pd.DataFrame) -> SampleBatch:
    """Raises ValueError when a row is wrong; which one, `_wrong` says."""
    t, ms = (frame[name].to_numpy(dtype=np.float64) for name in ("t", "ms"))
    if not (((t >= 0) & (t < MAX_OFFSET_S)).all() and ((ms >= 0) & (ms <= MAX_REQUEST_MS)).all()):
        raise ValueError("t or ms is out of range")
    endpoint, status = frame["endpoint"].cat, frame["status"].cat
    names = [str(name).strip() for name in endpoint.categories]
    if "" in names:
        raise ValueError("an endpoint is empty")
    statuses = np.array([_status(str(text)) for text in status.categories], dtype=np.int64)
    arms = np.array([_arm(str(text)) for text in frame["arm"].cat.categories] if "arm" in frame else [NO_ARM])
    nothing = np.zeros(len(frame), dtype=np.int64)
    return SampleBatch(
        labels=[RequestLabel(name) for name in names],
        label=endpoint.codes.to_numpy().astype(np.int64),
        began=t,
        took=np.rint(ms * 1e6).astype(np.int64),
        status=statuses[status.codes.to_numpy()],
        outcomes=nothing + NOT_SAID,
        timed_out=nothing.astype(bool),
        arm=arms[frame["arm"].cat.codes.to_numpy() if "arm" in frame else nothing],
    )


def _status(text: str) -> int:
    if not _STATUS.fullmatch(text.strip()):
        raise ValueError(f"status {text!r}")
    return int(float(text.strip() or 0))


def _arm(text: str) -> int:
    if text.strip().lower() not in ARMS:
        raise ValueError(f"arm {text!r}")
    return ARMS[text.strip().lower()]


def _wrong(of: Mapping[str, str]) -> str:
    """What is wrong with a row, or nothing."""
    shown = {name: repr(text[:40]) for name, text in of.items()}
    for name, highest, unit in (("t", MAX_OFFSET_S, "seconds since the start"), ("ms", MAX_REQUEST_MS, "milliseconds")):
        if not _NUMBER.fullmatch(of[name]) or not 0 <= float(of[name]) <= highest:
            return f"{name} is {shown[name]}; {unit} expected, from 0 to {highest:,}"
    if not of["endpoint"]:
        return "endpoint is empty; a name expected"
    if not _STATUS.fullmatch(of["status"]):
        return f"status is {shown['status']}; an HTTP status expected, or 0 or nothing for no answer"
    if "arm" in of and of["arm"].lower() not in ARMS:
        return f"arm is {shown['arm']}; base or head expected (or A, B)"
    return ""
