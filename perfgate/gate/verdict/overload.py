"""Whether the target could not keep up with the load, which endpoint is the likely cause, and which only waited.

In the open model requests are due whether or not the target keeps up. Where it answers fewer than arrive, those in
flight become more and more, and every endpoint waits: then the slowest finding is rarely the cause. What waits is the
same for all, so the cause is the endpoint whose fastest answers became slower by most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, median

from perfgate.gate.absolute import distribution_of
from perfgate.model.metric import METRICS, Unit
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Run
from perfgate.model.verdict import Baseline, Finding, Overload
from perfgate.recording.curves import curve
from perfgate.text.units import format_value

FIFTHS = 5
MIN_GROWTH_FACTOR = 3.0  # times as many requests in flight in the last fifth of the run as in the first
MAX_IN_FLIGHT = 1e7  # requests in flight that a figure from outside may claim
MIN_GROWTH_REQUESTS = 10.0  # by which they must have grown
MIN_MIDDLE_SHARE = 0.2  # of the growth that the middle fifth must show: else it is a stall at the end
MIN_LAST_SHARE = 0.9  # of the most of any fifth that the last must have: else the target recovered
FAST_QUANTILE = 0.05  # quantile of latency that is hardly waiting
MIN_LEAD_FACTOR = 1.2  # times as much as any other endpoint grew: else all grew alike
MIN_GROWTH_S = 0.001  # s
CONCERNED = (Outcome.FAIL, Outcome.WARN, Outcome.INCONCLUSIVE)


def sentence(overload: Overload) -> str:
    text = f"The target could not keep up: requests in flight rose from {overload.before:.0f} to {overload.after:.0f}."
    if not overload.cause:
        return text
    why = "it takes most of the target's time"
    if overload.growth is not None:
        why = f"+{format_value(Unit.SECONDS, overload.growth)} even at its fastest"
    waited = {0: "", 1: "; the other waited behind it"}.get(overload.others, "; the others waited behind it")
    return f"{text} Likely cause: `{overload.cause}` ({why}){waited}."


def overload_of(run: Run, baseline: Baseline) -> Overload | None:
    """Returns None where the target kept up, or where nobody knows."""
    means = _fifths(run.in_flight)
    if not run.generator.due or not means or not _is_growing(means):
        return None
    ends = [endpoint for endpoint in run.endpoints if endpoint.kind == "endpoint" and endpoint.latency.buckets]
    overload = Overload(before=means[0], after=means[-1], others=len(ends) - 1)
    growth = _growth(run, ends, baseline)
    if growth:
        cause = _outstanding(growth)
        return replace(overload, cause=cause, growth=growth[cause]) if cause else overload
    return replace(overload, cause=_busiest(ends))


def with_waiting(findings: Iterable[Finding], overload: Overload | None, run: Run) -> tuple[Finding, ...]:
    """The findings; those about latencies of endpoints that only waited say so."""
    if overload is None or not overload.cause:
        return tuple(findings)
    kinds = {endpoint.name: endpoint.kind for endpoint in run.endpoints}
    return tuple(
        replace(finding, sentence=f"{finding.sentence} It probably waited behind `{overload.cause}`.")
        if finding.endpoint != overload.cause
        and kinds.get(finding.endpoint) == "endpoint"
        and finding.outcome in CONCERNED
        and finding.metric in METRICS
        and METRICS[finding.metric].is_latency
        else finding
        for finding in findings
    )


def _fifths(values: Sequence[float]) -> tuple[float, ...]:
    """The means of five equal parts; none of fewer values, nor of figures that nobody measured."""
    if len(values) < FIFTHS or not all(0 <= value <= MAX_IN_FLIGHT for value in values):
        return ()
    edges = [round(at * len(values) / FIFTHS) for at in range(FIFTHS + 1)]
    return tuple(fmean(values[low:high]) for low, high in pairwise(edges))


def _is_growing(means: Sequence[float]) -> bool:
    """Steadily, and to several times as many."""
    first, last = means[0], means[-1]
    is_more = last >= MIN_GROWTH_FACTOR * first and last - first >= MIN_GROWTH_REQUESTS
    is_steady = means[2] - first >= MIN_MIDDLE_SHARE * (last - first) and last >= MIN_LAST_SHARE * max(means)
    return is_more and is_steady


def _growth(run: Run, ends: Sequence[EndpointResult], baseline: Baseline) -> dict[str, float]:
    """Growth by endpoint: how much slower its fastest answers became, in seconds; only of those that have a
    baseline."""
    before = _base(run) if run.arms else _usual(baseline, {end.name for end in ends})
    return {end.name: _fastest(end) - before[end.name] for end in ends if end.name in before}


def _base(run: Run) -> dict[str, float]:
    return {endpoint.name: _fastest(endpoint) for endpoint in run.arms[0].endpoints if endpoint.latency.buckets}


def _usual(baseline: Baseline, names: set[str]) -> dict[str, float]:
    """The median over the runs that any series of an endpoint is compared with."""
    by_run: dict[str, dict[str, float]] = {}
    for (name, _), runs in baseline.runs.items():
        if name in names:
            results = {
                past.run.id: endpoint for past in runs for endpoint in past.run.endpoints if endpoint.name == name
            }
            values = {run_id: _fastest(result) for run_id, result in results.items() if result.latency.buckets}
            by_run.setdefault(name, {}).update(values)
    return {name: median(values.values()) for name, values in by_run.items() if values}


def _fastest(result: EndpointResult) -> float:
    return curve(distribution_of(result, "p50")).quantile(FAST_QUANTILE)


def _busiest(ends: Sequence[EndpointResult]) -> str:
    """The endpoint that takes most of the target's time. What the fastest answers of all endpoints have in common is
    waiting."""
    if len(ends) == 1:
        return ends[0].name
    waiting = min((_fastest(end) for end in ends), default=0.0)
    return _outstanding({end.name: (_fastest(end) - waiting) * end.requests for end in ends}) if ends else ""


def _outstanding(amounts: Mapping[str, float]) -> str:
    """The name of what is most by far; empty where nothing is."""
    first, *rest = sorted(amounts, key=lambda name: amounts[name], reverse=True)
    least = max(MIN_GROWTH_S, MIN_LEAD_FACTOR * amounts[rest[0]] if rest else 0.0)
    return first if amounts[first] >= least else ""
