"""Locust's statistics: `--csv PREFIX` writes PREFIX_stats.csv. Percentiles are Locust's own, rounded to its
two digits."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: the file ending in _stats.csv that `locust --csv PREFIX` writes (or _requests.csv of old versions)."
METRIC_NAMES = {
    "50%": "p50",
    "90%": "p90",
    "95%": "p95",
    "99%": "p99",
    "Max Response Time": "max",
    "Average Response Time": "mean",
    "Max response time": "max",
    "Average response time": "mean",
    "Median response time": "p50",
}
COUNTS = (("Request Count", "Failure Count"), ("# requests", "# failures"))


class LocustStats:
    """See Importer."""

    latency = "Locust response time (_stats.csv): to last byte, failures included"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        head = summary_reading.head(beginning)
        return (
            "Name," in head
            and ("Request Count,Failure Count" in head or "# requests,# failures" in head)
            and "Timestamp" not in head
        )

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        rows: list[Row] = []
        durations: list[float] = []
        for line, fields in summary_reading.table(source, HINT):
            bad.lines += 1
            if fields.get("Name") in ("Aggregated", "Total"):
                continue
            try:
                row = _row(fields)
                if (rate := float(fields.get("Requests/s") or 0)) > 0:
                    durations.append(row.requests / rate)
            except (ValueError, KeyError) as error:
                bad.add(line, f"not a row of Locust's statistics: {error}")
                continue
            rows.append(row)
        if not rows and not bad.number:
            raise useless(source, "no rows beside the total", hint=HINT)
        yield Summary(rows=rows, duration=max(durations, default=0.0))


def _row(fields: dict[str, str]) -> Row:
    """Raises ValueError or KeyError when it is none."""
    requests, failures = next((pair for pair in COUNTS if pair[0] in fields), COUNTS[0])
    known = {name: value for name, value in fields.items() if value not in ("", "N/A")}
    number = int(fields[requests])
    return summary_reading.checked(
        Row(
            label=RequestLabel(fields["Name"], fields.get("Type") or fields.get("Method") or "", fields["Name"]),
            requests=number,
            failures=int(fields[failures]),
            metrics=summary_reading.metrics_among(known, METRIC_NAMES) if number else {},
        )
    )
