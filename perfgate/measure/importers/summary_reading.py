"""What the summaries of many tools have in common: a small file, units in texts, names of percentiles."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from perfgate.measure.importers.samples import RecordingSource, Row, useless

MAX_FILE_BYTES = 64 << 20  # bytes
LACKS = ("single requests", "runner probe", "health of the load generator")
UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "secs": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "10 sec": 10.0,  # oha takes the largest unit below its slowest request
    "min": 60.0,
    "10 min": 600.0,
    "hr": 3600.0,
}
TIME = r"([\d.]+) ?(ns|us|µs|μs|ms|secs|sec|s|m|h|10 sec|min|10 min|hr)\b"
_NUMBER = re.compile(r"-?[0-9]+[.,][0-9]+%?")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")
METRIC_OF = {"50": "p50", "90": "p90", "95": "p95", "99": "p99"}  # by percent as text


def text(source: RecordingSource, hint: str) -> str:
    """The whole file. Raises UsageError when it is too large for a summary."""
    with source.opened() as stream:
        content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise useless(source, "too large for a summary", hint=hint)
    return content.decode("utf-8-sig", "replace")


def single(source: RecordingSource, mark: re.Pattern[str], hint: str) -> str:
    """The whole file, in which `mark` begins a result. Raises UsageError when there are several."""
    whole = text(source, hint)
    if (number := len(mark.findall(whole))) > 1:
        raise useless(source, f"{number} results are in it", hint="Import each by itself: one file per result.")
    return whole


def document(source: RecordingSource, hint: str) -> Any:
    """The JSON value that the file is. Raises UsageError."""
    try:
        return json.loads(text(source, hint))
    except (ValueError, RecursionError) as error:
        raise useless(source, f"not JSON: {error}", hint=hint) from error


def documents(source: RecordingSource, hint: str) -> Iterator[Any]:
    """The JSON values of a file, one after the other, as `cat` joins them; those of a list one by one."""
    whole, decoder, at = text(source, hint), json.JSONDecoder(), 0
    try:
        while at < len(whole):
            if whole[at].isspace():
                at += 1
                continue
            value, at = decoder.raw_decode(whole, at)
            yield from value if isinstance(value, list) else [value]
    except (ValueError, RecursionError) as error:
        raise useless(source, f"not JSON: {error}", hint=hint) from error


def head(beginning: bytes) -> str:
    """The header of a table, its names without quotes and with commas between them, whatever divides them."""
    line = beginning.partition(b"\n")[0].decode(errors="replace").replace('"', "").strip()
    return line if "," in line else re.sub(r"[;\t]", ",", line)


def table(source: RecordingSource, hint: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, fields by name) of each row under the header. Where no comma divides the fields, as spreadsheets of many
    countries save them, numbers may have a decimal comma; a comma between thousands is left in its field."""
    lines = text(source, hint).splitlines()
    first = lines[0] if lines else ""
    delimiter = "," if "," in first else max(";\t", key=first.count)
    has_comma = delimiter != "," and _has_decimal_comma(csv.reader(lines[1:], delimiter=delimiter))
    rows = csv.DictReader(lines, delimiter=delimiter)
    for row in rows:
        if all(name == value for name, value in row.items()):
            raise useless(source, f"line {rows.line_num} is a second header", hint="Import each result by itself.")
        fields = {name: value or "" for name, value in row.items() if isinstance(name, str)}
        yield rows.line_num, {name: _point(value) for name, value in fields.items()} if has_comma else fields


def _has_decimal_comma(rows: Iterable[Sequence[str]]) -> bool:
    """Whether the comma in a table's numbers stands before decimals. It may stand between thousands where some number
    has a point, or three digits follow it in all of them."""
    numbers = {field for row in rows for field in row if _NUMBER.fullmatch(field)}
    with_comma = [number for number in numbers if "," in number]
    return len(with_comma) == len(numbers) and not all(map(_THOUSANDS.fullmatch, with_comma))


def _point(field: str) -> str:
    """A number with a decimal comma, with a point."""
    return field.replace(",", ".") if _NUMBER.fullmatch(field) else field


def seconds(number: str, unit: str) -> float:
    return float(number) * UNITS[unit]


def percentile_name(percent: str) -> str | None:
    """The metric that a percentile is: of "95", "95.00", "0.95" none but the first two."""
    plain = re.sub(r"\.0*$", "", percent.strip())
    return METRIC_OF.get(plain)


def metrics_among(values: Mapping[str, Any], names: Mapping[str, str], scale: float = 1e-3) -> dict[str, float]:
    """The metrics among a tool's values: `names` says which of its names is which metric. Raises ValueError for what is
    no number."""
    metrics = {}
    for name, metric in names.items():
        if (value := values.get(name)) is not None:
            number = float(value) * scale
            if not 0 <= number < 1e6:
                raise ValueError(f"{name} is {value}")
            metrics[metric] = number
    return metrics


def checked(row: Row) -> Row:
    """The row, if its numbers can be. Raises ValueError."""
    if row.requests < 0 or not 0 <= (row.failures or 0) <= row.requests:
        raise ValueError(f"{row.failures} failures of {row.requests} requests")
    return row
