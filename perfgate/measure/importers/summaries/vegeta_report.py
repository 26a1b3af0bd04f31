"""Vegeta's report: `vegeta report -type json results.bin`. One for the whole attack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless
from perfgate.measure.importers.streams.vegeta_json import moment

HINT = "Expected: what `vegeta report -type json results.bin` writes."
METRIC_NAMES = {"50th": "p50", "90th": "p90", "95th": "p95", "99th": "p99", "max": "max", "mean": "mean"}


class VegetaReport:
    """See Importer."""

    latency = "Vegeta latency (report): send to last byte, failures included"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.lstrip().startswith(b"{") and b'"latencies"' in beginning and b'"status_codes"' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        try:
            whole = summary_reading.document(source, HINT)
            requests = int(whole["requests"])
            failures = requests - round(float(whole["success"]) * requests)
            metrics = summary_reading.metrics_among(whole["latencies"], METRIC_NAMES, 1e-9)
            row = summary_reading.checked(
                Row(label=RequestLabel(""), requests=requests, failures=failures, metrics=metrics)
            )
            yield Summary(
                rows=[row],
                duration=float(whole["duration"]) / 1e9,
                started=_datetime(moment(whole["earliest"])),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not a report of Vegeta: {error}", hint=HINT) from error


def _datetime(unix: float) -> datetime | None:
    return datetime.fromtimestamp(unix, UTC) if unix > 0 else None
