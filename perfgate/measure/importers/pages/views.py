"""What page tools have in common: some views of each page, of which the median counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from perfgate.measure.importers.samples import RequestLabel, Row
from perfgate.stats.medians import median_interval

LACKS = ("coverage of scripts and styles", "runner probe")


@dataclass(frozen=True, kw_only=True)
class PageView:
    """One view. `metrics` by perfgate's names, in base units; none of a view that failed."""

    url: str
    metrics: dict[str, float] = field(default_factory=dict)
    failure: str = ""


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
