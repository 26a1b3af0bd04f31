"""What JMeter reports of a whole run: statistics.json of its HTML dashboard, and the table that its listeners Aggregate
Report and Summary Report save as CSV.

Rows are labels; those of transaction controllers look like the others. The total is left out: it has no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import (
    BadLines,
    RecordingSource,
    RequestLabel,
    Row,
    Summary,
    ToolReport,
    useless,
)

WINDOW = 20_000  # requests of a name, whose last ones JMeter's dashboard computes percentiles from
OF_THE_LAST = (
    f"JMeter's dashboard computes percentiles from the last {WINDOW:,} requests of a name, and some have more. Import "
    "results.jtl, or make the dashboard with -Jjmeter.reportgenerator.statistic_window=-1."
)
DASHBOARD_NAMES = {
    "medianResTime": "p50",
    "pct1ResTime": "p90",
    "pct2ResTime": "p95",
    "pct3ResTime": "p99",
    "maxResTime": "max",
    "meanResTime": "mean",
}
DASHBOARD_HINT = "Expected: statistics.json of the dashboard that `jmeter -g results.jtl -o DIR` makes."
COLUMN_NAMES = {"average": "mean", "median": "p50", "max": "max"}
LABEL, COUNT, ERRORS, RATE = "label", "# samples", "error %", "throughput"
TABLE_HINT = 'Expected: the table of JMeter\'s Aggregate Report, by "Save Table Data" with its header.'
# of the table that plug-ins write without the window: the keys of its headings
_KEYS = {"sampler_label": LABEL, "aggregate_report_count": COUNT, "aggregate_report_rate": RATE}
_LOCAL = re.compile(r"(\d*),(\d{3}%|\d{5})")  # of a rate or share: JMeter writes the decimal sign of its machine
_LINE = re.compile(r"(\d+(?:\.\d+)?)%[ _]line")


class JMeterStatistics:
    """See Importer."""

    latency = "JMeter elapsed (dashboard): connect to last byte, failures included"
    lacks = (*summary_reading.LACKS, "names of its percentiles (taken for 90, 95 and 99, as JMeter has them)")
    hint = DASHBOARD_HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.lstrip().startswith(b"{") and b'"sampleCount"' in beginning and b'"pct1ResTime"' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        whole = summary_reading.document(source, DASHBOARD_HINT)
        try:
            rows = [_dashboard_row(str(name), stats) for name, stats in whole.items()]
            spans = [_span(row, stats.get("throughput")) for row, stats in zip(rows, whole.values(), strict=True)]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not JMeter's statistics.json: {error}", hint=DASHBOARD_HINT) from error
        named = _named(rows)
        is_long = any(row.requests > WINDOW for row in named)
        report = ToolReport(warnings=(OF_THE_LAST,) if is_long else ())
        yield Summary(rows=named, duration=max(spans, default=0.0), report=report)


class JMeterAggregate:
    """See Importer."""

    latency = "JMeter elapsed (aggregate report): connect to last byte, to 1 ms, failures included"
    lacks = summary_reading.LACKS
    hint = TABLE_HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return {LABEL, COUNT, ERRORS} <= set(_plain(summary_reading.head(beginning).split(",")))

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        rows: list[Row] = []
        spans: list[float] = []
        for line, written in summary_reading.table(source, TABLE_HINT):
            bad.lines += 1
            fields = dict(zip(_plain(written), written.values(), strict=True))
            fields |= {name: _LOCAL.sub(r"\1.\2", fields[name]) for name in (ERRORS, RATE) if name in fields}
            try:
                rows.append(_table_row(fields))
                spans.append(_span(rows[-1], fields.get(RATE)))
            except (ValueError, KeyError) as error:
                bad.add(line, f"not a row of JMeter's report: {error}")
        if not rows and not bad.number:
            raise useless(source, "no rows in it", hint=TABLE_HINT)
        yield Summary(rows=_named(rows), duration=max(spans, default=0.0))


def _named(rows: Sequence[Row]) -> list[Row]:
    """Without the total; or that alone, without a name, where there is nothing else."""
    named = [row for row in rows if row.label.name.lower() != "total"]
    return named or [
        Row(label=RequestLabel(""), requests=row.requests, failures=row.failures, metrics=row.metrics) for row in rows
    ]


def _span(row: Row, rate: Any) -> float:
    """Seconds in which the requests of a row began, by their rate; 0 where it is not known."""
    try:
        per_second = float(rate)
    except (TypeError, ValueError):
        return 0.0
    return row.requests / per_second if 0 < per_second < float("inf") else 0.0


def _dashboard_row(name: str, stats: Mapping[str, Any]) -> Row:
    requests = int(stats["sampleCount"])
    metrics = summary_reading.metrics_among(stats, DASHBOARD_NAMES) if requests else {}
    ordered = [metrics[metric] for metric in ("p50", "p90", "p95", "p99", "max") if metric in metrics]
    if ordered != sorted(ordered):
        raise ValueError("its percentiles do not rise: aggregate_rpt_pct1, 2 and 3 have to be 90, 95 and 99")
    return _row(name, requests, int(stats["errorCount"]), metrics)


def _table_row(fields: Mapping[str, str]) -> Row:
    requests = int(fields[COUNT])
    percentiles = {match[1]: value for name, value in fields.items() if (match := _LINE.search(name))}
    metrics = summary_reading.metrics_among(fields, COLUMN_NAMES) | summary_reading.metrics_among(
        percentiles, summary_reading.METRIC_OF
    )
    return _row(fields[LABEL], requests, round(_share(fields[ERRORS]) * requests), metrics if requests else {})


def _row(name: str, requests: int, failures: int, metrics: Mapping[str, float]) -> Row:
    return summary_reading.checked(
        Row(label=RequestLabel(name.strip()), requests=requests, failures=failures, metrics=metrics)
    )


def _share(text: str) -> float:
    """Share of failed requests: "47.853%", or without the sign 0.47853. Raises ValueError."""
    share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= share <= 1:
        raise ValueError(f"{ERRORS} is {text!r}")
    return share


def _plain(names: Sequence[str] | Mapping[str, str]) -> list[str]:
    """Headings as the window shows them, in small letters."""
    lower = [name.strip().lower() for name in names]
    return [_KEYS.get(name, name.removeprefix("aggregate_report_").replace("error%", ERRORS)) for name in lower]
