"""Locust's statistics over time: `--csv PREFIX --csv-full-history` writes PREFIX_stats_history.csv.

Its percentiles are those of the last ten seconds, so only the totals of the last row of each name count: requests,
failures, median, mean and maximum.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: what `locust --csv PREFIX --csv-full-history` writes into PREFIX_stats_history.csv."
METRIC_NAMES = {
    "Total Median Response Time": "p50",
    "Total Average Response Time": "mean",
    "Total Max Response Time": "max",
}


class LocustHistory:
    """See Importer."""

    latency = "Locust response time (_stats_history.csv): to last byte, failures included"
    lacks = (*summary_reading.LACKS, "p90, p95 and p99 of the whole run (they are in PREFIX_stats.csv)")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return summary_reading.head(beginning).startswith("Timestamp,User Count,Type,Name,")

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        last: dict[tuple[str, str], Row] = {}
        times: list[int] = []
        for line, fields in summary_reading.table(source, HINT):
            bad.lines += 1
            try:
                times.append(int(fields["Timestamp"]))
                if (name := fields["Name"]) != "Aggregated":
                    last[fields["Type"], name] = _row(fields)
            except (ValueError, KeyError) as error:
                bad.add(line, f"not a row of Locust's history: {error}")
        if not last and not bad.number:
            raise useless(
                source,
                "only the total is in it",
                hint="Run Locust with --csv-full-history, or import PREFIX_stats.csv.",
            )
        began = min(times, default=0)
        yield Summary(
            rows=list(last.values()),
            duration=float(max(times, default=0) - began),
            started=datetime.fromtimestamp(began, UTC) if began else None,
        )


def _row(fields: dict[str, str]) -> Row:
    name, requests = fields["Name"], int(fields["Total Request Count"])
    metrics = summary_reading.metrics_among(fields, METRIC_NAMES) if requests else {}
    return summary_reading.checked(
        Row(
            label=RequestLabel(name, fields["Type"], name),
            requests=requests,
            failures=int(fields["Total Failure Count"]),
            metrics=metrics,
        )
    )
