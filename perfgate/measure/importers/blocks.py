"""Tables of text with millions of rows: read in blocks by pandas, and where a block has a mistake, row by row.

A block ends at the end of a row: at a line end that is not within quotes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import count, islice

import pandas as pd

from perfgate.measure.importers.samples import (
    SECOND_HEADER,
    BadLines,
    RecordingSource,
    SampleBatch,
    mistaken,
    second_header,
)

BLOCK_BYTES = 48 << 20  # bytes
PEEKED_BYTES = 1 << 16  # bytes
MAX_PEEKED_ROWS = 100
DELIMITERS = (b",", b";", b"\t", b"|")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which columns are read, by name: where they are, and which of them are numbers. `wrong` says what is wrong with
    the fields of a row, or nothing; `convert` raises ValueError when some row is wrong."""

    positions: Mapping[str, int]
    numbers: frozenset[str]
    wrong: Callable[[Mapping[str, str]], str]
    convert: Callable[[pd.DataFrame], SampleBatch | None]
    delimiter: str = ","
    quoted: bool = True
    decimal: str = "."  # what stands before the fraction of a number

    @property
    def width(self) -> int:
        """Fields that a row must have."""
        return max(self.positions.values()) + 1


def delimiter(source: RecordingSource, name: str) -> str:
    """What stands between the fields of a header with this column."""
    with source.opened() as stream:
        line = stream.readline(1 << 20)
    quoted = re.escape(source.columns.get(name, name).encode())
    match = re.search(rb"(?<!\w)%b\"?\s*([,;\t|])|([,;\t|])\s*\"?%b(?!\w)" % (quoted, quoted), line, re.IGNORECASE)
    return (match[1] or match[2]).decode() if match else ","


def header(source: RecordingSource, delimiter: str = ",") -> list[str]:
    """The fields of the first line."""
    with source.opened() as stream:
        line = stream.readline(1 << 20).removeprefix(_BOM).decode("utf-8", "surrogateescape")
    return next(csv.reader([line], delimiter=delimiter), [])


def first_rows(source: RecordingSource, delimiter: str) -> list[list[str]]:
    """Fields of the rows at the beginning, without the header."""
    with source.opened() as stream:
        beginning = stream.read(PEEKED_BYTES).decode("utf-8", "surrogateescape")
    with suppress(csv.Error):
        return list(islice(csv.reader(StringIO(beginning, newline=""), delimiter=delimiter), 1, MAX_PEEKED_ROWS))
    return []


def located(
    source: RecordingSource, names: Sequence[str], needed: Sequence[str], more: Sequence[str], hint: str
) -> dict[str, int]:
    """Where the columns are in a header. Raises UsageError when one is missing or there twice."""
    plain = [name.strip().lower() for name in names]
    called = {name: source.columns.get(name, name).strip() for name in (*needed, *more)}
    missing = [called[name] for name in (*needed, *source.columns) if called[name].lower() not in plain]
    twice = [name for name in called.values() if plain.count(name.lower()) > 1]
    if missing or twice:
        problem = (
            f"no column {', '.join(dict.fromkeys(missing))}" if missing else f"the column {twice[0]} is there twice"
        )
        have = ", ".join(repr(name)[1:-1][:40] for name in names[:20]) or "nothing"
        raise mistaken(source, [(1, f"{problem}; the header has: {have}")], hint=hint)
    return {name: plain.index(theirs.lower()) for name, theirs in called.items() if theirs.lower() in plain}


def read(
    source: RecordingSource, layout: Layout, bad: BadLines, *, has_header: bool, size: int = BLOCK_BYTES
) -> Iterator[SampleBatch]:
    """The rows in blocks of about `size` bytes."""
    for line, block in _blocks(source, size, layout.quoted):
        first = 1 if has_header and line == 1 else 0
        if first:
            block = block.partition(b"\n")[2]
            bad.lines += 1
        bad.lines += block.count(b"\n")
        if samples := _samples(block, line + first, layout, bad):
            yield samples


def _samples(block: bytes, line: int, layout: Layout, bad: BadLines) -> SampleBatch | None:
    if not block.strip():
        return None
    try:
        frame = _frame(block, layout)
        if not _may_be_short(frame, layout):
            return layout.convert(frame)
    except (ValueError, OverflowError):  # what pandas and `convert` find: numbers, fields, encoding
        pass
    good = _checked(block, line, layout, bad)
    return layout.convert(_frame(good, layout)) if good else None


def _frame(block: bytes, layout: Layout) -> pd.DataFrame:
    names = sorted(layout.positions, key=layout.positions.__getitem__)
    frame = pd.read_csv(
        BytesIO(block),
        engine="c",
        header=None,
        sep=layout.delimiter,
        decimal=layout.decimal,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        usecols=[layout.positions[name] for name in names],
        index_col=False,
        dtype={layout.positions[name]: "float64" if name in layout.numbers else "category" for name in names},
        names=range(layout.width),
        na_filter=False,
        skipinitialspace=True,
        encoding="utf-8",
    )
    frame.columns = names
    return frame


def _may_be_short(frame: pd.DataFrame, layout: Layout) -> bool:
    """Whether some row may lack its last fields: a missing field looks like an empty one."""
    last = frame.columns[-1]
    return last not in layout.numbers and "" in frame[last].cat.categories


def _checked(block: bytes, line: int, layout: Layout, bad: BadLines) -> bytes:
    """The good rows of a block, as a new block. Raises UsageError where a second recording begins."""
    text = block.decode("utf-8", "surrogateescape")
    rows = csv.reader(
        StringIO(text, newline=""),
        delimiter=layout.delimiter,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        skipinitialspace=True,
    )
    out = StringIO(newline="")
    write = (
        csv.writer(out, delimiter=layout.delimiter, lineterminator="\n").writerow
        if layout.quoted
        else _plain_writer(out, layout.delimiter)
    )
    for _ in count():
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            bad.add(line + rows.line_num - 1, str(error))
            continue
        if not any(row):
            continue
        if (what := _wrong(row, layout)) == SECOND_HEADER:
            raise second_header(bad.source, line + rows.line_num - 1)
        if what:
            bad.add(line + rows.line_num - 1, what)
        else:
            write(row[: layout.width])
    return out.getvalue().encode()


def _plain_writer(out: StringIO, delimiter: str) -> Callable[[Sequence[str]], object]:
    return lambda row: out.write(delimiter.join(row) + "\n")


def _wrong(row: Sequence[str], layout: Layout) -> str:
    if len(row) < layout.width:
        return f"{len(row)} fields; {layout.width} expected"
    of = {name: row[position].strip() for name, position in layout.positions.items()}
    if any(_SURROGATE.search(text) for text in row[: layout.width]):
        return "not UTF-8"
    for name in layout.numbers if layout.decimal == "," else ():
        if "." in of[name]:
            return f"{name} is {of[name][:40]!r}; a decimal comma as in the other rows expected"
        of[name] = of[name].replace(",", ".")
    return layout.wrong(of)


def _blocks(source: RecordingSource, size: int, quoted: bool) -> Iterator[tuple[int, bytes]]:
    """(number of the first line, bytes) of parts that end with a row."""
    with source.opened() as stream:
        rest, line = stream.read(3).removeprefix(_BOM), 1
        while part := stream.read(size):
            whole = rest + part
            end = _row_end(whole, quoted)
            if end:
                yield line, whole[:end]
                line += whole.count(b"\n", 0, end)
            rest = whole[end:]
        if rest:
            yield line, rest


def _row_end(part: bytes, quoted: bool) -> int:
    """Just after the last row that is whole; 0 where none is. Too long a quote is none."""
    end = part.rfind(b"\n")
    while quoted and end >= 0 and len(part) - end < BLOCK_BYTES // 4 and part.count(b'"', 0, end) % 2:
        end = part.rfind(b"\n", 0, end)
    return end + 1
