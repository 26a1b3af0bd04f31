"""LoadTest -> Run: merges each endpoint's windows of the measured time and computes its metrics. Nothing is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, cast

from perfgate import histogram, windows
from perfgate.histogram import Histogram
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.plan import Plan
from perfgate.model.run import Conditions, EndpointResult, LoadTest, Revision, Run, Runner
from perfgate.windows import PHASES, Phases, Series, Window


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a run was made of besides its requests. `target` is scheme, host and port; never with credentials."""

    run_id: str
    target: str
    revision: Revision = Revision()
    runner: Runner = Runner()
    clock: str = "user space"
    versions: Mapping[str, str]
    processes: int = 1


def measure(load_test: LoadTest, plan: Plan, circumstances: Circumstances) -> Run:
    """The run that a load test amounts to. Endpoints of the plan that got no samples are in it, with none.

    Raises RecordError when the windows cannot be read.
    """
    record = windows.read(load_test.windows)
    measured: dict[Series, Window] = {}
    warmup_requests = after_requests = 0
    for (kind, name, second), window in record.windows.items():
        if second < 0:
            warmup_requests += window.requests * (kind == "endpoint")
        elif second >= load_test.duration and not (load_test.interrupted or load_test.aborted):
            after_requests += window.requests * (kind == "endpoint")
        else:
            measured.setdefault((kind, name), Window()).merge(window)
    return Run(
        id=circumstances.run_id,
        name=plan.name,
        started=load_test.started,
        duration=load_test.duration,
        target=circumstances.target,
        **asdict(circumstances.revision),
        conditions=_conditions(plan, circumstances),
        generator=replace(load_test.generator, clock=circumstances.clock),
        endpoints=tuple(_results(plan, load_test, measured, record.phases)),
        warmup_requests=warmup_requests,
        after_requests=after_requests,
        unfinished=load_test.unfinished,
        interrupted=load_test.interrupted,
        aborted=load_test.aborted,
        warnings=load_test.warnings,
    )


def _conditions(plan: Plan, circumstances: Circumstances) -> Conditions:
    return Conditions(
        load_digest=plan.digests.load,
        load=plan.load_words,
        endpoint_digests=plan.digests.endpoints,
        runner=circumstances.runner,
        clock=circumstances.clock,
        versions=circumstances.versions,
        processes=circumstances.processes,
    )


def _results(
    plan: Plan, load_test: LoadTest, measured: Mapping[Series, Window], phases: Mapping[Series, Phases]
) -> Iterable[EndpointResult]:
    """In the order of the plan; names that only hand-written scenarios use come last."""
    planned = [("endpoint", endpoint.name) for endpoint in plan.endpoints]
    planned += [("journey", journey.name) for journey in plan.journeys]
    for series in (*planned, *sorted(set(measured) - set(planned))):
        yield _result(series, measured.get(series, Window()), phases.get(series, Phases()), load_test)


def _result(series: Series, window: Window, phases: Phases, load_test: LoadTest) -> EndpointResult:
    kind, name = series
    latency = window.latency.freeze()
    metrics = _metrics(window, load_test.duration)
    return EndpointResult(
        name=name,
        kind=cast(Literal["endpoint", "journey"], kind),
        requests=window.requests,
        failures=window.requests - window.successes,
        failures_by_kind=dict(sorted(window.failures.items())),
        failure_examples=load_test.failure_examples.get(name, ()),
        samples=histogram.count(latency),
        bytes=window.bytes,
        metrics=metrics | (_response_metrics(window, phases) if kind == "endpoint" else {}),
        latency=latency,
        phases={phase: phases.of(phase).freeze() for phase in PHASES if phases.of(phase).buckets},
    )


def _metrics(window: Window, duration: float) -> dict[str, float]:
    """Only what there are samples for: an endpoint that always failed has an error rate and no percentiles."""
    failures = sum(window.failures.values())
    requests = window.successes + failures
    if not requests:
        return {}
    rate = window.successes / duration if duration > 0 else 0.0
    return {"errors": failures / requests, "rate": rate} | _latency_metrics(window.latency)


def _response_metrics(window: Window, phases: Phases) -> dict[str, float]:
    if not window.successes:
        return {}
    first_byte = histogram.quantile(phases.of("first_byte").freeze(), 0.95)
    timed = {} if first_byte is None else {"ttfb_p95": first_byte}  # none at all when the clock was set all the time
    return timed | {"size": window.bytes / window.successes}


def _latency_metrics(latency: Histogram) -> dict[str, float]:
    distribution = latency.freeze()
    if not distribution.buckets:
        return {}
    metrics = {name: histogram.quantile(distribution, q) or 0.0 for name, q in LATENCY_QUANTILES.items()}
    metrics["max"] = distribution.maximum / histogram.NANOSECONDS
    metrics["mean"] = histogram.mean(distribution) or 0.0
    return metrics
