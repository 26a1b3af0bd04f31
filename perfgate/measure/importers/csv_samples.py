"""CSV with a header: `t,endpoint,ms,status`, and `arm` for an A/B run.

pandas reads it in parts, so that ten million rows need little memory. It does not say where a mistake is: when there
is one, the file is read once more, slowly, to find its line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper

import numpy as np
import pandas as pd

from perfgate.measure.importers.samples import (
    ARMS,
    LONGEST,
    MISTAKES,
    NO_ARM,
    NOT_SAID,
    Label,
    Samples,
    Source,
    mistaken,
)

ROWS = 500_000  # read at a time
NEEDED = ("t", "endpoint", "ms", "status")
LATEST = 10_000_000  # s: later than 115 days is a clock time
HINT = (
    "Expected: a header with t, endpoint, ms and status (and arm), then for each request t in seconds since the start, "
    "its endpoint, ms in milliseconds, and the HTTP status (0 or nothing: no answer)."
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_STATUS = re.compile(r"(|0|[1-5]\d\d)(\.0)?")  # "200.0" is what spreadsheets make of a column with gaps
_SURROGATE = re.compile("[\ud800-\udfff]")


class CsvSamples:
    """See Importer."""

    latency = "as recorded in the CSV file"
    lacks = ("runner probe", "health of the load generator", "response sizes", "times to the first byte")
    has_hops = False

    def __init__(self, rows: int = ROWS) -> None:
        self._rows = rows

    def read(self, source: Source) -> Iterator[Samples]:
        columns = _columns(source)
        may_be_short = False  # a missing last field looks like an empty one, which means that there was no answer
        try:
            with source.opened() as stream:
                for frame in pd.read_csv(
                    stream,
                    engine="c",
                    encoding="utf-8-sig",
                    header=0,
                    usecols=list(columns.values()),
                    index_col=False,
                    dtype={position: _kind(name) for name, position in columns.items()},
                    na_filter=False,
                    skipinitialspace=True,
                    chunksize=self._rows,
                ):
                    if len(frame):
                        frame.columns = sorted(columns, key=columns.__getitem__)
                        may_be_short |= frame.columns[-1] == "status" and "" in frame["status"].cat.categories
                        yield _samples(frame)
            if may_be_short and (short := list(_mistakes(source, columns))):
                raise mistaken(source, short, hint=HINT)
        except ValueError as error:  # what pandas and `_samples` find: numbers, fields, encoding
            found = list(_mistakes(source, columns))
            raise mistaken(source, found or [(0, str(error))], hint=HINT) from error


def _kind(name: str) -> str:
    return "float64" if name in ("t", "ms") else "category"


def _columns(source: Source) -> Mapping[str, int]:
    """Where the columns are. Raises UsageError when one is missing or there twice."""
    with source.opened() as stream:
        header = next(csv.reader(TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape")), [])
    names = [name.strip().lower() for name in header]
    wanted = (*NEEDED, "arm")
    missing = [name for name in NEEDED if name not in names]
    twice = [name for name in wanted if names.count(name) > 1]
    if missing or twice:
        problem = f"no column {', '.join(missing)}" if missing else f"the column {twice[0]} is there twice"
        have = ", ".join(repr(name)[1:-1][:40] for name in header[:20]) or "nothing"
        raise mistaken(source, [(1, f"{problem}; the header has: {have}")], hint=HINT)
    return {name: names.index(name) for name in wanted if name in names}


def _samples(frame: pd.DataFrame) -> Samples:
    """Raises ValueError when a row is wrong; which one, `_mistakes` says."""
    t, ms = (frame[name].to_numpy(dtype=np.float64) for name in ("t", "ms"))
    if not (((t >= 0) & (t < LATEST)).all() and ((ms >= 0) & (ms <= LONGEST)).all()):
        raise ValueError("t or ms is out of range")
    endpoint, status = frame["endpoint"].cat, frame["status"].cat
    names = [str(name).strip() for name in endpoint.categories]
    if "" in names:
        raise ValueError("an endpoint is empty")
    statuses = np.array([_status(str(text)) for text in status.categories], dtype=np.int64)
    arms = np.array([_arm(str(text)) for text in frame["arm"].cat.categories] if "arm" in frame else [NO_ARM])
    nothing = np.zeros(len(frame), dtype=np.int64)
    return Samples(
        labels=[Label(name) for name in names],
        label=endpoint.codes.to_numpy().astype(np.int64),
        began=t,
        took=np.rint(ms * 1e6).astype(np.int64),
        status=statuses[status.codes.to_numpy()],
        said=nothing + NOT_SAID,
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


def _mistakes(source: Source, columns: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """The first mistakes with their lines."""
    with source.opened() as stream:
        rows = csv.reader(TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline=""))
        found = 0
        try:
            next(rows, None)
            for row in rows:
                if row and (what := _wrong(row, columns)):
                    yield rows.line_num, what
                    found += 1
                    if found > MISTAKES:
                        return
        except csv.Error as error:
            yield rows.line_num, str(error)


def _wrong(row: Sequence[str], columns: Mapping[str, int]) -> str:
    """What is wrong with a row, or nothing."""
    if len(row) <= max(columns.values()):
        return f"{len(row)} fields; {max(columns.values()) + 1} expected"
    of = {name: row[position].strip() for name, position in columns.items()}
    shown = {name: repr(text[:40]) for name, text in of.items()}
    if any(_SURROGATE.search(text) for text in of.values()):
        return "not UTF-8"
    for name, highest, unit in (("t", LATEST, "seconds since the start"), ("ms", LONGEST, "milliseconds")):
        if not _NUMBER.fullmatch(of[name]) or not 0 <= float(of[name]) <= highest:
            return f"{name} is {shown[name]}; {unit} expected, from 0 to {highest:,}"
    if not of["endpoint"]:
        return "endpoint is empty; a name expected"
    if not _STATUS.fullmatch(of["status"]):
        return f"status is {shown['status']}; an HTTP status expected, or 0 or nothing for no answer"
    if "arm" in of and of["arm"].lower() not in ARMS:
        return f"arm is {shown['arm']}; base or head expected (or A, B)"
    return ""
