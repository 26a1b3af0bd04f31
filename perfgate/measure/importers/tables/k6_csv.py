"""k6's points as CSV: `k6 run --out csv=FILE`. The same requests as in its JSON stream (k6_stream.py).

Times are whole seconds unless K6_CSV_TIME_FORMAT says otherwise (unix_milli, unix_micro, unix_nano, rfc3339 ...), so
hops of redirects are joined only with one of these.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from io import TextIOWrapper

from perfgate.measure.importers import blocks
from perfgate.measure.importers.k6_outcomes import METRICS, K6Outcomes
from perfgate.measure.importers.k6_stream import (
    MAX_POINTS,
    MAX_REMEMBERED_TAGS,
    PHASE_OF_METRIC,
    Point,
    Tags,
    tags_of,
    to_batches,
)
from perfgate.measure.importers.samples import (
    MAX_REQUEST_MS,
    SECOND_HEADER,
    BadLines,
    RecordingSource,
    SampleBatch,
    ToolReport,
    second_header,
)
from perfgate.measure.importers.timeline import UNITS, settled

NEEDED = ("metric_name", "timestamp", "metric_value", "status")
MORE = ("name", "url", "method", "group", "error_code", "expected_response", "extra_tags", "check", "scenario")
HINT = "Expected: what `k6 run --out csv=FILE` writes; K6_CSV_TIME_FORMAT=unix_milli gives its times more digits."


class K6Csv:
    """See Importer."""

    latency = "k6 http_req_duration (CSV): send to last byte, without connecting"
    lacks = ("runner probe", "health of the load generator", "response sizes")
    hint = HINT
    has_hops = True

    def __init__(self, points: int = MAX_POINTS) -> None:
        self._points = points

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.startswith(b"metric_name,timestamp,metric_value")

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch | ToolReport]:
        positions = blocks.located(source, blocks.header(source), NEEDED, MORE, HINT)
        outcomes = K6Outcomes()
        yield from to_batches(_points(source, positions, bad, outcomes), self._points)
        yield ToolReport(generator=outcomes.generator, warnings=tuple(outcomes.warnings()))


def _points(
    source: RecordingSource, positions: Mapping[str, int], bad: BadLines, outcomes: K6Outcomes
) -> Iterator[Point]:
    known: dict[tuple[str, ...], Tags | None] = {}
    timeline = settled(source, partial(_ended, positions))
    with source.opened() as stream:
        text = TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        table = csv.reader(text)
        next(table, None)
        while True:
            try:
                row = next(table)
                point = _point(row, positions, known, outcomes) if row else None
                if point is not None:
                    timeline.check(point[1])
            except StopIteration:
                break
            except (ValueError, IndexError, csv.Error, OSError) as error:
                if isinstance(error, OSError):
                    raise
                if str(error) == SECOND_HEADER:
                    raise second_header(source, table.line_num) from error
                what = "fields are missing" if isinstance(error, IndexError) else str(error)
                bad.add(table.line_num, f"not a row of k6: {what}")
                continue
            if point is not None:
                yield point
        bad.lines += table.line_num
        text.detach()


def _ended(positions: Mapping[str, int], line: bytes) -> float | None:
    """When the request of a line ended, as Unix time."""
    row = next(csv.reader([line.decode()]), [])
    return moment(row[positions["timestamp"]]) if row and row[positions["metric_name"]] in PHASE_OF_METRIC else None


def _point(
    row: Sequence[str],
    positions: Mapping[str, int],
    known: dict[tuple[str, ...], Tags | None],
    outcomes: K6Outcomes,
) -> Point | None:
    """None for what is no request. Raises ValueError or IndexError when the row is not k6's."""
    metric = row[positions["metric_name"]]
    if metric == "metric_name":
        raise ValueError(SECOND_HEADER)
    if metric in METRICS:
        names = [name for name in ("check", "scenario") if name in positions]
        outcomes.add(metric, float(row[positions["metric_value"]]), {name: row[positions[name]] for name in names})
    if metric not in PHASE_OF_METRIC:
        return None
    key = tuple(row[positions[name]] for name in (*MORE, "status") if name in positions)
    if key not in known:
        if len(known) >= MAX_REMEMBERED_TAGS:
            known.clear()
        known[key] = _tags(row, positions)
    took = float(row[positions["metric_value"]])
    if not 0 <= took <= MAX_REQUEST_MS:
        raise ValueError(f"{metric} is {took} ms")
    tags = known[key]
    return None if tags is None else (metric, moment(row[positions["timestamp"]]), took, tags)


def _tags(row: Sequence[str], positions: Mapping[str, int]) -> Tags | None:
    tags = {name: row[at] for name, at in positions.items() if name not in NEEDED[:3] and row[at]}
    more = [part.partition("=") for part in tags.pop("extra_tags", "").split("&") if part]
    return tags_of({name: value for name, _, value in more} | tags)


def moment(text: str) -> float:
    """The Unix time of a timestamp in any of k6's formats. Raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        return datetime.fromisoformat(text[:26] + text[26:].lstrip("0123456789") if "." in text else text).timestamp()
    if not 0 < number < 1e20:
        raise ValueError(f"timestamp is {text[:40]}")
    return next(number * unit for least, unit in UNITS if number >= least)
