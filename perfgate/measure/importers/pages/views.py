"""What page tools have in common: some views of each page, of which the median counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import RecordingSource, RequestLabel, Row, useless
from perfgate.stats.medians import median_interval

LACKS = ("coverage of scripts and styles", "runner probe")


@dataclass(frozen=True, kw_only=True)
class PageView:
    """One view. `metrics` by perfgate's names, in base units; none of a view that failed."""

    url: str
    metrics: dict[str, float] = field(default_factory=dict)
    failure: str = ""


def documents(source: RecordingSource, hint: str) -> Iterator[Any]:
    """The JSON values of a file, one after the other, as `cat` joins them; those of a list one by one."""
    text, decoder, at = summary_reading.text(source, hint), json.JSONDecoder(), 0
    try:
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            value, at = decoder.raw_decode(text, at)
            yield from value if isinstance(value, list) else [value]
    except (ValueError, RecursionError) as error:
        raise useless(source, f"not JSON: {error}", hint=hint) from error


def rows(views: Iterable[PageView]) -> list[Row]:
    """One row for each URL: the median of its views."""
    by_url: dict[str, list[PageView]] = {}
    for view in views:
        by_url.setdefault(view.url, []).append(view)
    return [_row(url, known) for url, known in by_url.items()]


def _row(url: str, views: list[PageView]) -> Row:
    failed = [view.failure for view in views if view.failure]
    names = sorted({name for view in views for name in view.metrics})
    columns = {name: [view.metrics[name] for view in views if name in view.metrics] for name in names}
    intervals = {name: median_interval(column) for name, column in columns.items()}
    return Row(
        label=RequestLabel(url, url=url),
        requests=len(views),
        failures=len(failed),
        metrics={name: float(median(column)) for name, column in columns.items()},
        intervals={name: interval for name, interval in intervals.items() if interval},
        examples=tuple(dict.fromkeys(failed))[:5],
    )
