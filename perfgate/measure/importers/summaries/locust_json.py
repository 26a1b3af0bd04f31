"""Locust's statistics as JSON: `locust --json`. Percentiles are computed from its rounded response times, as
Locust does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless
from perfgate.model.metric import LATENCY_QUANTILES

HINT = "Expected: what `locust --headless --json` prints."


class LocustJson:
    """See Importer."""

    latency = "Locust response time (JSON): to last byte, failures included"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return (
            beginning.lstrip().startswith(b"[") and b'"num_requests"' in beginning and b'"response_times"' in beginning
        )

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        try:
            entries = list(summary_reading.documents(source, HINT))  # a worker process prints an empty list of its own
            rows = [_row(entry) for entry in entries]
            if len({row.label for row in rows}) < len(rows):
                raise useless(source, "several results are in it", hint="Import each by itself: one file per result.")
            began = min((float(entry["start_time"]) for entry in entries), default=0.0)
            ended = max((float(entry["last_request_timestamp"] or 0) for entry in entries), default=0.0)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not Locust's statistics: {error}", hint=HINT) from error
        started = datetime.fromtimestamp(began, UTC) if began else None
        yield Summary(rows=rows, duration=max(0.0, ended - began), started=started)


def _row(entry: Mapping[str, Any]) -> Row:
    number = int(entry["num_requests"])
    times = sorted((float(took), int(count)) for took, count in entry["response_times"].items())
    metrics = {}
    if times and number:
        metrics = {name: percentile(times, q) / 1000 for name, q in LATENCY_QUANTILES.items()}
        metrics["max"] = float(entry["max_response_time"]) / 1000
        metrics["mean"] = float(entry["total_response_time"]) / number / 1000
    return summary_reading.checked(
        Row(
            label=RequestLabel(entry["name"], entry["method"] or "", entry["name"]),
            requests=number,
            failures=int(entry["num_failures"]),
            metrics=metrics,
        )
    )


def percentile(times: list[tuple[float, int]], q: float) -> float:
    """Locust's percentile of (value, count), ascending: the largest value with at most int(n q) values below."""
    total = sum(count for _, count in times)
    below = total
    for value, count in reversed(times):
        below -= count
        if below <= int(total * q):
            return value
    return 0.0
