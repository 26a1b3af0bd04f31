"""What answers say of the work that they took, for the endpoints whose budgets limit it: queries, CPU, cache hits.

Only these endpoints' answers are read. Their headers are parsed once the answer has been timed and recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from perfgate.model.metric import CountSource, metrics_counted_by
from perfgate.recording.handover import Settings
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.recorder import Label, Recorder
from perfgate.text import server_timing
from perfgate.text.cache_headers import is_hit

Record: TypeAlias = "Callable[[Label, int, Response, Failure | None], None]"
TIMED = frozenset(metrics_counted_by(CountSource.SERVER_TIMING))


def counting(record: Record, recorder: Recorder, settings: Settings) -> Record:
    """`record`, which then counts what the settings want counted."""
    names, counted = settings.server_timing, {("endpoint", name): what for name, what in settings.counted.items()}

    def recording(label: Label, began: int, response: Response, failure: Failure | None) -> None:
        record(label, began, response, failure)
        metrics = counted.get(label[:2])
        if metrics is not None and failure is None and response.head:
            recorder.count(label, began, counts(response, metrics, names))

    return recording


def counts(response: Response, metrics: Collection[str], names: Mapping[str, str]) -> dict[str, float]:
    """What is known of these metrics, of one answer. Seconds, shares as 0 or 1."""
    headers = response.headers
    header = headers.get("server-timing", "") if not TIMED.isdisjoint(metrics) else ""
    timing = server_timing.read(header, names) if header else server_timing.ServerTiming()
    known: dict[str, float | None] = {}
    if "queries" in metrics:
        known["queries"] = timing.calls.get("database")
    if "cpu" in metrics:
        known["cpu"] = timing.seconds.get("cpu")
    if "cache_hits" in metrics:
        known["cache_hits"] = is_hit(headers, timing.descriptions.get("cache", ""))
    if "compressed" in metrics and response.size:
        known["compressed"] = headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
    return {metric: float(number) for metric, number in known.items() if number is not None}
