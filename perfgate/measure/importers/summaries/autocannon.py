"""autocannon's result: `autocannon --json URL`. It has p90, p97.5 and p99, and no p95."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: what `autocannon --json URL` prints."
METRIC_NAMES = {"p50": "p50", "p90": "p90", "p99": "p99", "max": "max", "mean": "mean"}


class Autocannon:
    """See Importer."""

    latency = "autocannon latency: send to last byte, to 1 ms"
    lacks = (*summary_reading.LACKS, "p95 (autocannon has p90, p97.5 and p99)")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.lstrip().startswith(b"{") and b'"p97_5"' in beginning and b'"non2xx"' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        try:
            whole = summary_reading.document(source, HINT)
            lost = int(whole["errors"])  # timeouts among them
            requests, other = int(whole["requests"]["total"]) + lost, int(whole["non2xx"])
            redirects = int(whole.get("3xx", 0))
            unexpected = int(whole.get("mismatches", 0))  # other bodies than --expectBody, mostly with a good status
            row = summary_reading.checked(
                Row(
                    label=RequestLabel(whole["url"], url=whole["url"]),
                    requests=requests,
                    failures=min(requests, max(0, other - redirects) + lost + unexpected),
                    metrics=summary_reading.metrics_among(whole["latency"], METRIC_NAMES),
                )
            )
            yield Summary(rows=[row], duration=float(whole["duration"]), started=datetime.fromisoformat(whole["start"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not a result of autocannon: {error}", hint=HINT) from error
