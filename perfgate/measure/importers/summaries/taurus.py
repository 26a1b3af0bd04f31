"""Taurus' final statistics as CSV: `reporting: [{module: final-stats, dump-csv: FILE}]`. Times in seconds."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: the CSV of Taurus' final-stats: `reporting: [{module: final-stats, dump-csv: stats.csv}]`."
METRIC_NAMES = {
    "perc_50.0": "p50",
    "perc_90.0": "p90",
    "perc_95.0": "p95",
    "perc_99.0": "p99",
    "perc_100.0": "max",
    "avg_rt": "mean",
}


class Taurus:
    """See Importer."""

    latency = "Taurus response time: as its executor measures it, failures included"
    lacks = (*summary_reading.LACKS, "duration")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        head = beginning.partition(b"\n")[0]
        return b"avg_rt" in head and b"perc_" in head and b"succ" in head

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        rows: list[Row] = []
        total: list[Row] = []
        for line, fields in summary_reading.table(source, HINT):
            bad.lines += 1
            try:
                row = _row(fields)
            except (ValueError, KeyError) as error:
                bad.add(line, f"not a row of Taurus: {error}")
                continue
            (rows if row.label.name else total).append(row)
        if not rows and not total and not bad.number:
            raise useless(source, "no rows in it", hint=HINT)
        yield Summary(rows=rows or total)


def _row(fields: dict[str, str]) -> Row:
    good, failed = int(fields["succ"]), int(fields["fail"])
    name = fields["label"]
    url = name if "://" in name else ""
    return summary_reading.checked(
        Row(
            label=RequestLabel(name, url=url),
            requests=good + failed,
            failures=failed,
            metrics=summary_reading.metrics_among(
                {name: value for name, value in fields.items() if value}, METRIC_NAMES, 1.0
            ),
        )
    )
