"""Summary of a tool -> results of endpoints: its figures as they are. Percentiles of several of its rows are never
joined: they have none in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from perfgate.measure.importers.samples import MAX_REQUEST_MS, Row, Summary
from perfgate.measure.importers.timeline import MAX_SPAN_S
from perfgate.measure.matching import Matcher
from perfgate.model.metric import ResultKind
from perfgate.model.run import EndpointResult
from perfgate.text.plurals import named

MAX_NAMED = 5  # endpoints in one warning
MIN_SPAN_S = 1e-6  # s
RISING = ("p50", "p90", "p95", "p99", "max")
MAX_ROUNDING, MAX_ROUNDING_S = 0.1, 0.002  # share and s by which a tool may round one of them above the next


@dataclass(frozen=True, kw_only=True)
class Summarized:
    results: tuple[EndpointResult, ...]
    requests: int
    unmatched: Counter[str]  # requests by name
    warnings: tuple[str, ...] = ()


def problem_of(summary: Summary) -> str:
    """Which of a summary's figures cannot be, or nothing."""
    if summary.duration and not MIN_SPAN_S <= summary.duration <= MAX_SPAN_S:
        return f"its duration is {summary.duration:g} s"
    return next(filter(None, (_problem_of_row(row, is_page=summary.is_of_pages) for row in summary.rows)), "")


def _problem_of_row(row: Row, *, is_page: bool) -> str:
    name = row.label.name[:80] or "the whole"
    if not 0 <= (row.failures or 0) <= row.requests:
        return f"{name} has {row.failures} failures of {row.requests} requests"
    most = float("inf") if is_page else MAX_REQUEST_MS / 1000
    for metric, value in row.metrics.items():
        if not isfinite(value) or not 0 <= value <= most:
            return f"{metric} of {name} is {value:g}"
    for (lower, value), (higher, limit) in pairwise((key, row.metrics[key]) for key in RISING if key in row.metrics):
        if value > limit * (1 + MAX_ROUNDING) + MAX_ROUNDING_S:
            return f"{lower} of {name} is {value * 1000:g} ms, and {higher} is {limit * 1000:g} ms"
    return ""


def summarized(summary: Summary, match: Matcher) -> Summarized:
    """The rows by the endpoint that they belong to."""
    rows: dict[tuple[ResultKind, str], list[Row]] = {}
    unmatched: Counter[str] = Counter()
    for row in summary.rows:
        place = match(row.label)
        if place is None:
            unmatched[row.label.name] += row.requests
        elif row.requests:
            rows.setdefault((place.kind, place.name), []).append(row)
    results = tuple(_result(kind, name, group, summary.duration) for (kind, name), group in rows.items())
    return Summarized(
        results=results,
        requests=sum(result.requests for result in results),
        unmatched=unmatched,
        warnings=tuple(_warnings({name: group for (_, name), group in rows.items()})),
    )


def _warnings(rows: dict[str, list[Row]]) -> Iterator[str]:
    joined = [f"{name} ({len(group)})" for name, group in rows.items() if len(group) > 1]
    if joined:
        yield (
            f"No percentiles of {named(joined, MAX_NAMED)}: requests of several names, whose percentiles cannot be "
            "joined. Give the requests of an endpoint one name in the load tool."
        )


def _result(kind: ResultKind, name: str, rows: Sequence[Row], duration: float) -> EndpointResult:
    requests = sum(row.requests for row in rows)
    known = [row.failures for row in rows if row.failures is not None]
    failures, counts_failures = sum(known), len(known) == len(rows)
    metrics = dict(rows[0].metrics) if len(rows) == 1 else _joined(rows)
    if counts_failures:
        metrics["errors"] = failures / requests
    if duration and kind != "page" and counts_failures:
        metrics["rate"] = (requests - failures) / duration
    return EndpointResult(
        name=name,
        kind=kind,
        requests=requests,
        failures=failures,
        failure_examples=tuple(text for row in rows for text in row.examples)[:5],
        samples=requests,
        metrics=metrics,
        intervals=dict(rows[0].intervals) if len(rows) == 1 else {},
    )


def _joined(rows: Sequence[Row]) -> dict[str, float]:
    """What several rows have together."""
    metrics = {}
    if all("mean" in row.metrics for row in rows):
        metrics["mean"] = sum(row.metrics["mean"] * row.requests for row in rows) / sum(row.requests for row in rows)
    if all("max" in row.metrics for row in rows):
        metrics["max"] = max(row.metrics["max"] for row in rows)
    return metrics
