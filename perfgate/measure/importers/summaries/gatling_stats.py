"""The statistics behind Gatling's HTML report: js/stats.json. Percentiles are the four of gatling.conf (50, 75, 95 and
99 unless it says otherwise), those of all requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: js/stats.json from the folder of Gatling's HTML report."
METRIC_NAMES = {
    "percentiles1": "p50",
    "percentiles3": "p95",
    "percentiles4": "p99",
    "maxResponseTime": "max",
    "meanResponseTime": "mean",
}


class GatlingStats:
    """See Importer."""

    latency = "Gatling response time (report): with connecting, failures included"
    lacks = (*summary_reading.LACKS, "p90")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return (
            beginning.lstrip().startswith(b"{")
            and b'"numberOfRequests"' in beginning
            and b'"percentiles1"' in beginning
        )

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        whole = summary_reading.document(source, HINT)
        try:
            rows = list(_rows(whole)) or [_row(whole, RequestLabel(""))]
            duration = _span(whole.get("stats", whole))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise useless(source, f"not Gatling's stats.json: {error}", hint=HINT) from error
        yield Summary(rows=rows, duration=duration)


def _rows(node: Mapping[str, Any]) -> Iterator[Row]:
    """Rows of requests, in groups or not."""
    for part in (node.get("contents") or {}).values():
        if part["type"] == "REQUEST":
            yield _row(part["stats"], RequestLabel(part["name"]))
        else:
            yield from _rows(part)


def _span(stats: Mapping[str, Any]) -> float:
    """Seconds of the run, by its requests and their rate; 0 where it does not say so."""
    requests, rate = (
        (stats.get(name) or {}).get("total") for name in ("numberOfRequests", "meanNumberOfRequestsPerSecond")
    )
    if isinstance(requests, int) and isinstance(rate, int | float) and rate > 0:
        return float(requests / rate)
    return 0.0


def _row(stats: Mapping[str, Any], label: RequestLabel) -> Row:
    counts = stats["numberOfRequests"]
    values = {
        name: stats[name]["total"] for name in METRIC_NAMES if name in stats and stats[name]["total"] not in ("-", None)
    }
    return summary_reading.checked(
        Row(
            label=label,
            requests=int(counts["total"]),
            failures=int(counts["ko"]),
            metrics=summary_reading.metrics_among(values, METRIC_NAMES),
        )
    )
