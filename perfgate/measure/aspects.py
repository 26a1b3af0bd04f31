"""Aspects of an endpoint: times besides its latency, such as the completion of its jobs. Each is recorded as a series
of its own, with windows, and known as well as a latency is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeVar

from perfgate.measure import precision
from perfgate.measure.precision import Clock, Parts
from perfgate.model.metric import ASPECTS, LATENCY_QUANTILES, METRICS
from perfgate.model.run import EndpointResult
from perfgate.recording import histogram
from perfgate.recording.windows import Series, Window

AllParts = Mapping[Series, Parts]
Value = TypeVar("Value")
COMPLETION = "completion"
JOB = "job"  # the kind of failure of a request whose job did not come to a good end


class Aspect(NamedTuple):
    """`result` has the metrics of the aspect's distribution under their plain names: `p95`."""

    name: str
    result: EndpointResult
    parts: Parts


def aspects(parts: AllParts, endpoint: str, arm: str, clock: Clock) -> Iterator[Aspect]:
    """What was recorded of an endpoint's aspects."""
    for name in ASPECTS:
        if own := parts.get((name, endpoint, arm)):
            whole = Window()
            for part in own.values():
                whole.merge(part)
            if whole.latency.buckets:
                yield Aspect(name, precision.precise(_result(endpoint, whole), own, clock), own)


def _result(endpoint: str, whole: Window) -> EndpointResult:
    latency = whole.latency.freeze()
    return EndpointResult(
        name=endpoint,
        requests=whole.requests,
        failures=whole.requests - whole.successes,
        failures_by_kind=dict(whole.failures),
        samples=histogram.count(latency),
        latency=latency,
        metrics={name: histogram.quantile(latency, q) or 0.0 for name, q in LATENCY_QUANTILES.items()},
    )


def with_aspects(result: EndpointResult, known: Iterator[Aspect]) -> EndpointResult:
    """The endpoint's result with the metrics of its aspects, `completion_p95`, and their distributions as phases."""
    for aspect in known:
        own = aspect.result
        timeouts = own.failures_by_kind.get("timeout", 0)
        result = replace(
            result,
            metrics={**result.metrics, **_named(aspect.name, own.metrics)},
            intervals={**result.intervals, **_named(aspect.name, own.intervals)},
            design_effects={**result.design_effects, **_named(aspect.name, own.design_effects)},
            phases={**result.phases, aspect.name: own.latency},
            timeouts={**result.timeouts, aspect.name: timeouts} if timeouts else result.timeouts,
        )
    return result


def paired_effects(base: Iterator[Aspect], head: Iterator[Aspect], clock: Clock, pair: int) -> dict[str, float]:
    """Design effects of the aspects' differences between the arms of an A/B test."""
    others = {aspect.name: aspect for aspect in base}
    effects: dict[str, float] = {}
    for aspect in head:
        if other := others.get(aspect.name):
            arms = (
                precision.ArmParts(result=other.result, parts=other.parts),
                precision.ArmParts(result=aspect.result, parts=aspect.parts),
            )
            effects |= _named(aspect.name, precision.paired_effects(arms, clock, pair))
    return effects


def _named(aspect: str, values: Mapping[str, Value]) -> dict[str, Value]:
    names = {name: f"{aspect}_{name}" for name in values}
    return {names[name]: value for name, value in values.items() if names[name] in METRICS}


def with_jobs(parts: Parts, jobs: Parts) -> Parts:
    """The windows of an endpoint in which a request whose job failed is a failure: both began at the same time."""
    if not any(window.failures for window in jobs.values()):
        return parts
    merged = dict(parts)
    for second, job in jobs.items():
        failed = sum(job.failures.values())
        own = merged.get(second)
        if failed and own is not None:
            merged[second] = _with_failures(own, min(failed, own.successes))
    return merged


def _with_failures(window: Window, failed: int) -> Window:
    changed = Window()
    changed.merge(window)
    if failed:
        changed.bytes -= round(window.bytes * failed / window.successes)
        changed.successes -= failed
        changed.failures[JOB] = changed.failures.get(JOB, 0) + failed
    return changed
