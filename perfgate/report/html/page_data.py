"""What report.html draws, as plain data of bounded size: windows of the run, distributions, and metrics over the runs.

Seconds, bytes and ratios, to four digits; the page's script says them in people's units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from statistics import median
from typing import Any

from perfgate.model.metric import LATENCY_QUANTILES, metric_of
from perfgate.model.run import Distribution, EndpointResult, PastRun, Run
from perfgate.model.verdict import Finding
from perfgate.recording import histogram
from perfgate.recording.windows import BASE, HEAD, Record, Window
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.report.facts import AB, Facts, accepted, by_name, finite, value_in

MAX_WINDOWS = 60  # of one endpoint over the run
MAX_TREND_RUNS = 60  # of a trend
TREND_METRICS = ("p50", "p95", "p99", "errors", "rate")  # metrics of a trend, besides those with budgets
LEVELS = (*(n / 20 for n in range(1, 18)), 0.87, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999, 1.0)
MAX_NAME_CHARS, MAX_TEXT_CHARS = 120, 200

Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Line:
    """Runs, oldest first, that trends are drawn of."""

    runs: tuple[PastRun, ...]

    @cached_property
    def results(self) -> tuple[Mapping[str, EndpointResult], ...]:
        return tuple(by_name(past.run) for past in self.runs)


def number(value: float | None) -> float | None:
    """A number to four digits: what a picture can show."""
    value = finite(value)
    return None if value is None else float(f"{value:.4g}")


def runs(line: Iterable[PastRun]) -> list[Data]:
    return [
        {
            "id": plain(past.run.id, 60),
            "commit": plain(past.run.commit)[:7] if past.run.commit else words.NOTHING,
            "at": plain(past.run.started[:16].replace("T", " "), 16),
            "branch": plain(past.run.branch, 40) if past.run.branch else "",
            "outcome": past.outcome.value,
            "kind": AB if past.run.arms else "",
        }
        for past in line
    ]


def trend(line: Line, endpoint: str, metric: str, finding: Finding | None) -> Data | None:
    """One metric over the runs, oldest first; None where it was never measured."""
    values = [number(value_in(results.get(endpoint), metric)) for results in line.results]
    if all(value is None for value in values):
        return None
    known = metric_of(metric)
    notes = {at: word for at, past in enumerate(line.runs) if (word := accepted(past, endpoint, metric))}
    failed = [at for at, past in enumerate(line.runs) if (endpoint, metric) in past.failed and at not in notes]
    return {
        "metric": plain(metric, 40),
        "unit": known.unit.value if known else "",
        "values": values,
        "failed": failed,
        "accepted": {
            at: f"accepted by {plain(word.author, 40)}: {plain(word.reason, MAX_TEXT_CHARS)}"
            for at, word in notes.items()
        },
        "levels": _levels(finding) if finding else [],
    }


def _levels(finding: Finding) -> list[Data]:
    levels = [
        {"value": number(value), "text": words.limit(finding, criterion), "kind": "limit"}
        for criterion in finding.criteria
        if (value := words.limit_value(criterion, finding.baseline)) is not None
    ]
    if (baseline := number(finding.baseline)) is not None:
        text = f"baseline {words.value(finding.metric, finding.baseline)}"
        levels.append({"value": baseline, "text": text, "kind": "baseline"})
    return levels


def trends(line: Line, endpoint: str, findings: Sequence[Finding]) -> list[Data]:
    """The metrics with budgets first, worst first."""
    by_metric = {finding.metric: finding for finding in reversed(findings)}
    metrics = dict.fromkeys((*(finding.metric for finding in findings), *TREND_METRICS))
    drawn = (trend(line, endpoint, metric, by_metric.get(metric)) for metric in metrics)
    return [item for item in drawn if item]


def distribution(facts: Facts, endpoint: str, findings: Sequence[Finding]) -> Data | None:
    """How many were at most how slow, now and before: as a whole where it is known (the base of an A/B test), else the
    quantiles of the baseline's runs."""
    result = facts.results.get(endpoint)
    if result is None or not result.latency.buckets:
        return None
    base = next((arm for arm in facts.run.arms if arm.name == BASE), None)
    before = next((item for item in base.endpoints if item.name == endpoint), None) if base else None
    return {
        "now": curve(result.latency),
        "base": curve(before.latency) if before and before.latency.buckets else None,
        "marks": [] if before else _marks(facts, endpoint, findings),
    }


def curve(latency: Distribution) -> list[float]:
    """The nearest-rank quantiles at LEVELS, after the minimum; in seconds."""
    total, observed, quantiles = histogram.count(latency), 0, [latency.minimum / histogram.NS_PER_SECOND]
    ranks = [max(1, ceil(level * total - 1e-9)) for level in LEVELS[:-1]]
    for bucket in sorted(latency.buckets):
        observed += latency.buckets[bucket]
        while len(quantiles) <= len(ranks) and observed >= ranks[len(quantiles) - 1]:
            value = min(max(histogram.value_of(bucket), latency.minimum), latency.maximum)
            quantiles.append(value / histogram.NS_PER_SECOND)
    return [float(f"{value:.4g}") for value in (*quantiles, latency.maximum / histogram.NS_PER_SECOND)]


def _marks(facts: Facts, endpoint: str, findings: Sequence[Finding]) -> list[Data]:
    """Median, least and most of each quantile over the baseline's runs; without one, over none."""
    compared = max((facts.baseline_runs(finding) for finding in findings), key=len, default=())
    results = [by_name(past.run).get(endpoint) for past in compared]
    marks = []
    for metric, level in LATENCY_QUANTILES.items():
        values = [value for result in results if (value := value_in(result, metric)) is not None]
        if values:
            spread = [number(median(values)), number(min(values)), number(max(values))]
            marks.append({"metric": metric, "level": level, "value": spread, "runs": len(values)})
    return marks


def over_the_run(record: Record, run: Run) -> Mapping[str, Data]:
    """Curves by endpoint or journey: p50, p95, requests and failures of at most MAX_WINDOWS stretches of the measured
    time; in an A/B test of the head, with the base's p95."""
    width = max(1, ceil(run.duration / MAX_WINDOWS / record.width)) * record.width
    kinds = {(result.kind, result.name) for result in run.endpoints}
    merged: dict[tuple[str, str, int], Window] = {}
    for (kind, name, arm, second), window in record.windows.items():
        if 0 <= second < run.duration and (kind, name) in kinds:
            at = second // width * width
            merged.setdefault((name, arm, at), Window()).merge(window)
    places = range(0, ceil(run.duration), width)
    arms = {arm for _, arm, _ in merged}
    head = HEAD if HEAD in arms else ""
    names = {name for name, _, _ in merged}
    return {name: _stretches(merged, name, head, places, with_base=BASE in arms) for name in names}


def _stretches(
    merged: Mapping[tuple[str, str, int], Window], name: str, head: str, places: range, *, with_base: bool
) -> Data:
    def of(arm: str, q: float) -> list[float | None]:
        there = (merged.get((name, arm, at)) for at in places)
        return [number(histogram.quantile(window.latency.freeze(), q)) if window else None for window in there]

    windows = [merged.get((name, head, at)) or Window() for at in places]
    context: Data = {
        "width": places.step,
        "p50": of(head, 0.5),
        "p95": of(head, 0.95),
        "requests": [window.requests for window in windows],
        "failures": [sum(window.failures.values()) for window in windows],
    }
    return context | ({"base": of(BASE, 0.95)} if with_base else {})


def failures(result: EndpointResult | None, max_shown: int = 3) -> tuple[str, ...]:
    """Examples of failed requests."""
    return tuple(plain(text, MAX_TEXT_CHARS) for text in result.failure_examples[:max_shown]) if result else ()
