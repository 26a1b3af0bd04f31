"""k6's summary as JSON: `--summary-export FILE`, what `handleSummary(data)` is given, and the machine-readable summary
of newer versions. Endpoints are told apart by sub-metrics such as `http_req_duration{name:search}`, which k6 keeps for
every threshold on one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from perfgate.measure.importers import k6_outcomes, summary_reading
from perfgate.measure.importers.k6_outcomes import K6Outcomes
from perfgate.measure.importers.k6_stream import NOT_LOAD
from perfgate.measure.importers.samples import (
    BadLines,
    RecordingSource,
    RequestLabel,
    Row,
    Summary,
    ToolReport,
    useless,
)
from perfgate.text.plurals import and_more

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
TIMES, REQUESTS, FAILED = "http_req_duration", "http_reqs", "http_req_failed"
TAGS = (("name", "url"), ("group",), ("scenario",))  # the first of which there is any tells endpoints apart
MIN_COVERED_SHARE = 0.95  # of the requests; the others may be those of setup() and teardown()
MAX_SHOWN = 5
_SUB = re.compile(r"http_req_duration\{(\w+):\s*(.+)\}")

Values = Mapping[str, Mapping[str, Any]]  # by metric, then by name


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
        metrics = _by_name(whole)
        duration = _duration(whole) if metrics else 0.0
        yield summary(source, _values(metrics), duration, _started(whole, duration), list(k6_outcomes.crossed(metrics)))


def summary(
    source: RecordingSource, metrics: Values, duration: float, started: datetime | None, crossed: Sequence[str]
) -> Summary:
    """The summary of k6's values. `crossed`: its own thresholds that were. Raises UsageError when they hold none."""
    if not metrics.get(TIMES):
        raise useless(source, "no values of http_req_duration in this summary", hint=HINT)
    try:
        return _summary(source, metrics, duration, started, crossed)
    except (ValueError, TypeError, AttributeError) as error:
        raise useless(source, f"not a summary of k6: {error}", hint=HINT) from error


def _summary(
    source: RecordingSource, metrics: Values, duration: float, started: datetime | None, crossed: Sequence[str]
) -> Summary:
    rows = [_row(name, metrics, label) for name, label in _labels(metrics).items()]
    outcomes = _outcomes(metrics)
    counted = [row for row in rows if row.requests]
    if not counted:
        raise useless(
            source,
            f"how many requests {next((row.label.name for row in rows), '') or TIMES} had is not in this summary",
            hint="Add a threshold on http_reqs of the same tag, or 'count' to --summary-trend-stats.",
        )
    warnings = (*_warnings(rows, metrics, crossed), *outcomes.warnings())
    rates = metrics.get(REQUESTS) or {}
    is_rated = rates.get("rate") and rates.get("count") is not None
    return Summary(
        rows=counted,
        duration=duration or (float(rates["count"]) / float(rates["rate"]) if is_rated else 0.0),
        started=started,
        report=ToolReport(generator=outcomes.generator, warnings=warnings),
    )


def _by_name(whole: Any) -> dict[str, Mapping[str, Any]]:
    """Metrics by name: directly, or in a list under "results"."""
    if not isinstance(whole, dict):
        return {}
    metrics = whole.get("metrics") or (whole.get("results") or {}).get("metrics") or {}
    if isinstance(metrics, list):
        checks = (whole["results"].get("checks") or {}).get("metrics") or ()
        listed = (metric for metric in (*metrics, *checks) if isinstance(metric, dict))
        metrics = {metric["name"]: metric for metric in listed if isinstance(metric.get("name"), str)}
    return {name: metric for name, metric in metrics.items() if isinstance(metric, dict)}


def _values(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What was measured: directly (`--summary-export`), or under "values"."""
    flat = {name: metric.get("values", metric) for name, metric in metrics.items()}
    return {name: values for name, values in flat.items() if isinstance(values, dict)}


def _labels(metrics: Values) -> dict[str, RequestLabel]:
    """The sub-metrics that tell endpoints apart, and whose they are; the whole where there are none. Groups and
    scenarios do where nearly all requests are in one."""
    tagged = {name: match for name in metrics if (match := _SUB.fullmatch(name))}
    for tags in TAGS:
        fitting = {name: match for name, match in tagged.items() if match[1] in tags}
        if fitting and ("name" in tags or _covered_share(fitting, metrics) >= MIN_COVERED_SHARE):
            return {
                name: RequestLabel(_name(match[1], match[2]), url=match[2] if match[1] == "url" else "")
                for name, match in fitting.items()
                if match[2] not in NOT_LOAD
            }
    return {TIMES: RequestLabel("")}


def _name(tag: str, value: str) -> str:
    """A group's own name, without those around it (`::visit::cart`)."""
    return value.rpartition("::")[2] if tag == "group" else value


def _covered_share(names: Iterable[str], metrics: Values) -> float:
    counts = [_row(name, metrics, RequestLabel("")).requests for name in (*names, TIMES)]
    return sum(counts[:-1]) / counts[-1] if counts[-1] else 0.0


def _row(name: str, metrics: Values, label: RequestLabel) -> Row:
    values, tag = metrics[name], name.removeprefix(TIMES)
    failed = metrics.get(f"{FAILED}{tag}") or {}
    counted = metrics.get(f"{REQUESTS}{tag}") or {}
    bad, good = failed.get("passes", failed.get("matches")), failed.get("fails")
    requests = counted.get("count", values.get("count", failed.get("total", (bad or 0) + (good or 0))))
    if bad is None and requests and (share := failed.get("value", failed.get("rate"))) is not None:
        bad = round(float(share) * requests)
    if bad is None:
        bad = _implied_failures(metrics, requests or 0)
    times = summary_reading.metrics_among(values, METRIC_NAMES)
    return summary_reading.checked(
        Row(
            label=label,
            requests=int(requests or 0),
            failures=None if bad is None else int(bad),
            metrics=times if any(times.values()) else {},  # all 0 ms: none was answered
        )
    )


def _implied_failures(metrics: Values, requests: int) -> int | None:
    """How many of some of the requests failed, where none or all of the run's did; None otherwise."""
    whole = metrics.get(FAILED) or {}
    bad = whole.get("passes", whole.get("matches"))
    good = whole.get("fails", None if bad is None else whole.get("total", 0) - bad)
    if bad is None or good is None or bad + good != (metrics.get(REQUESTS) or {}).get("count"):
        return None  # k6 did not say of each request whether it failed
    return 0 if not bad else requests if not good else None


def _outcomes(metrics: Values) -> K6Outcomes:
    checks, rates = metrics.get("checks") or {}, metrics.get("checks_failed") or {}
    failed = int(checks.get("fails", rates.get("matches", 0)))
    total = int(checks.get("passes", 0)) + failed if checks else int(rates.get("total", 0))
    return K6Outcomes(
        checks=total,
        failed=Counter({"": failed}),
        iterations=Counter({"": round((metrics.get("iterations") or {}).get("count", 0))}),
        dropped=Counter({"": round((metrics.get("dropped_iterations") or {}).get("count", 0))}),
    )


def _warnings(rows: Sequence[Row], metrics: Values, crossed: Sequence[str]) -> Iterator[str]:
    if lost := [row.label.name for row in rows if not row.requests]:
        yield f"Left out, for k6's summary lacks http_reqs of them: {_listed(lost)}."
    known, total = sum(row.requests for row in rows), round((metrics.get(REQUESTS) or {}).get("count", 0))
    if known < total:
        yield f"Not judged: {total - known:,} of {total:,} requests, which no sub-metric of an endpoint has."
    if unsaid := [row.label.name or TIMES for row in rows if row.requests and row.failures is None]:
        yield (
            f"How many requests failed is not in k6's summary, of: {_listed(unsaid)}. "
            "A threshold on http_req_failed of the same tag tells it."
        )
    if crossed:
        yield f"k6's own thresholds were crossed: {_listed(crossed)}. perfgate judges by the budgets alone."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name[:80] for name in names[:MAX_SHOWN]) + and_more(len(names), MAX_SHOWN)


def _duration(whole: Mapping[str, Any]) -> float:
    """Seconds, as far as k6 says it."""
    state, config = whole.get("state") or {}, whole.get("config") or {}
    return float(state.get("testRunDurationMs") or 0) / 1000 or float(config.get("duration") or 0)


def _started(whole: Any, duration: float) -> datetime | None:
    """The moment of the summary less its length; None where it has none."""
    written = (whole.get("metadata") or {}).get("generatedAt") if isinstance(whole, dict) else None
    return datetime.fromisoformat(written) - timedelta(seconds=duration) if isinstance(written, str) else None
