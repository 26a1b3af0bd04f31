"""k6's summary as JSON: `--summary-export FILE`, what `handleSummary(data)` is given, and the machine-readable summary
of newer versions. Endpoints are told apart by sub-metrics such as `http_req_duration{name:search}`, which k6 keeps for
every threshold on one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = (
    "Expected: what `k6 run --summary-export FILE` writes. Each endpoint needs thresholds on http_req_duration and on "
    "http_reqs, like 'http_req_duration{name:search}': ['max>=0']; p99 needs p(99) in --summary-trend-stats."
)
METRIC_NAMES = {
    "med": "p50",
    "p(50)": "p50",
    "p(90)": "p90",
    "p(95)": "p95",
    "p(99)": "p99",
    "max": "max",
    "avg": "mean",
}
TIMES = "http_req_duration"
_SUB = re.compile(r"http_req_duration\{(name|url):\s*(.+)\}")


class K6Summary:
    """See Importer."""

    latency = "k6 http_req_duration (summary): send to last byte, without connecting; failures included"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.lstrip().startswith(b"{") and b'"metrics"' in beginning and b'"http_req' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        whole = summary_reading.document(source, HINT)
        metrics = _metrics(whole)
        if not metrics.get(TIMES):
            raise useless(source, "no values of http_req_duration in this summary", hint=HINT)
        try:
            rows = [
                _row(name, metrics, RequestLabel(tag[2], url=tag[2] if tag[1] == "url" else ""))
                for name in metrics
                if (tag := _SUB.fullmatch(name))
            ]
            rows = rows or [_row(TIMES, metrics, RequestLabel(""))]
        except (ValueError, TypeError, AttributeError) as error:
            raise useless(source, f"not a summary of k6: {error}", hint=HINT) from error
        lost = [row.label.name for row in rows if row.requests == 0]
        if lost and len(lost) == len(rows):
            raise useless(
                source,
                f"how many requests {lost[0] or 'http_req_duration'} had is not in this summary",
                hint="Add a threshold on http_reqs of the same tag, or 'count' to --summary-trend-stats.",
            )
        yield Summary(
            rows=[row for row in rows if row.requests],
            duration=_duration(whole, metrics),
            warnings=(f"Left out, for k6's summary lacks http_reqs of them: {', '.join(lost)}.",) * bool(lost),
        )


def _metrics(whole: Any) -> dict[str, Mapping[str, Any]]:
    """Values by name: directly (`--summary-export`), under "values" (`handleSummary`), or in a list of metrics
    under "results"."""
    if not isinstance(whole, dict):
        return {}
    metrics = whole.get("metrics") or (whole.get("results") or {}).get("metrics") or {}
    if isinstance(metrics, list):
        listed = (metric for metric in metrics if isinstance(metric, dict))
        metrics = {metric["name"]: metric for metric in listed if isinstance(metric.get("name"), str)}
    flat = {name: metric.get("values", metric) for name, metric in metrics.items() if isinstance(metric, dict)}
    return {name: values for name, values in flat.items() if isinstance(values, dict)}


def _row(name: str, metrics: Mapping[str, Mapping[str, Any]], label: RequestLabel) -> Row:
    values, tag = metrics[name], name.removeprefix(TIMES)
    failed = metrics.get(f"http_req_failed{tag}") or {}
    counted = metrics.get(f"http_reqs{tag}") or {}
    bad, good = failed.get("passes", failed.get("matches")), failed.get("fails")
    requests = counted.get("count", values.get("count", (bad or 0) + (good or 0)))
    if bad is None and requests and (share := failed.get("value", failed.get("rate"))) is not None:
        bad = round(float(share) * requests)
    return summary_reading.checked(
        Row(
            label=label,
            requests=int(requests or 0),
            failures=None if bad is None else int(bad),
            metrics=summary_reading.known(values, METRIC_NAMES),
        )
    )


def _duration(whole: Mapping[str, Any], metrics: Mapping[str, Mapping[str, Any]]) -> float:
    """What k6 says, else what its rates imply."""
    outcomes = (whole.get("state") or {}).get("testRunDurationMs")
    if outcomes:
        return float(outcomes) / 1000
    reqs = metrics.get("http_reqs") or {}
    return float(reqs["count"]) / float(reqs["rate"]) if reqs.get("count") and reqs.get("rate") else 0.0
