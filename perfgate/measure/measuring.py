"""LoadTest -> Run: merges each endpoint's windows of the measured time and computes its metrics. Nothing is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, cast

from perfgate.measure import precision
from perfgate.measure.aspects import COMPLETION, aspects, with_aspects, with_jobs
from perfgate.measure.aspects import paired_effects as aspect_effects
from perfgate.measure.counted import counted, with_memory
from perfgate.measure.in_flight import in_flight
from perfgate.measure.outage import outages
from perfgate.measure.probed import probed
from perfgate.model.budget_file import Send
from perfgate.model.metric import ASPECTS, LATENCY_QUANTILES
from perfgate.model.note import Note
from perfgate.model.plan import Plan
from perfgate.model.revision import Revision
from perfgate.model.run import Arm, Conditions, EndpointResult, LoadTest, Run, Runner
from perfgate.recording import histogram, windows
from perfgate.recording.histogram import Histogram
from perfgate.recording.windows import BASE, HEAD, PHASES, Key, Phases, Series, Window

UNKNOWN_PATH = frozenset({404, 405})  # what a service answers to requests that it does not know


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a run was made of besides its requests. `target` is scheme, host and port; never with credentials.
    `arms` are base and head of an A/B test, whose results are still to be measured. `host` and `file`: see the run."""

    run_id: str
    target: str
    revision: Revision = Revision()
    runner: Runner = Runner()
    clock: str = "user space"
    versions: Mapping[str, str]
    processes: int = 1
    arms: tuple[Arm, ...] = ()
    host: str = ""
    file: str = ""
    warnings: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The windows of the measured time, by series and second."""

    parts: Mapping[Series, Mapping[int, Window]]
    phases: Mapping[Series, Phases]
    clock: precision.Clock


def measure(load_test: LoadTest, plan: Plan, circumstances: Circumstances) -> Run:
    """The run that a load test amounts to. Endpoints of the plan that got no samples are in it, with none.

    Raises RecordError when the windows cannot be read.
    """
    record = windows.read(load_test.windows)
    parts, warmup_requests, after_requests = _split(record.windows, load_test)
    arms = circumstances.arms
    clock = precision.Clock(width=record.width, duration=load_test.duration)
    measured = Measured(parts=parts, phases=record.phases, clock=clock)
    base = with_memory(tuple(_results(plan, load_test, measured, BASE)), load_test, BASE) if arms else ()
    endpoints = tuple(_results(plan, load_test, measured, HEAD if arms else ""))
    endpoints = with_memory(endpoints, load_test, HEAD if arms else "")
    return Run(
        id=circumstances.run_id,
        name=plan.name,
        started=load_test.started,
        duration=load_test.duration,
        target=circumstances.target,
        **asdict(circumstances.revision),
        file=circumstances.file,
        conditions=conditions(plan, circumstances),
        generator=replace(load_test.generator, clock=circumstances.clock),
        endpoints=tuple(_beside(base, endpoints, measured)) if arms else endpoints,
        warmup_requests=warmup_requests,
        after_requests=after_requests,
        unfinished=load_test.unfinished,
        in_flight=in_flight(
            record.windows,
            plan.load,
            width=record.width,
            duration=load_test.duration,
            unfinished=load_test.unfinished,
        ),
        interrupted=load_test.interrupted,
        aborted=load_test.aborted,
        probe=probed(load_test),
        arms=tuple(_arm(arm, base, load_test, plan) if arm.name == BASE else arm for arm in arms),
        restarts=load_test.restarts,
        seed=load_test.seed,
        warnings=(
            *circumstances.warnings,
            *load_test.warnings,
            *outages(record.windows, width=record.width, duration=load_test.duration),
        ),
    )


def _split(every: Mapping[Key, Window], load_test: LoadTest) -> tuple[Mapping[Series, Mapping[int, Window]], int, int]:
    """The windows of the measured time by series and second, and the number of requests before and after it."""
    parts: dict[Series, dict[int, Window]] = {}
    before = after = 0
    for (kind, name, arm, second), window in every.items():
        if second < 0:
            before += window.requests * (kind == "endpoint")
        elif second >= load_test.duration and not (load_test.interrupted or load_test.aborted):
            after += window.requests * (kind == "endpoint")
        else:
            parts.setdefault((kind, name, arm), {})[second] = window
    return parts, before, after


def _arm(base: Arm, results: tuple[EndpointResult, ...], load_test: LoadTest, plan: Plan) -> Arm:
    """The base with its results, and with what it does not have."""
    absent = {
        result.name
        for result in results
        if result.requests == result.failures > 0
        and UNKNOWN_PATH.issuperset(load_test.base_failures.get(result.name, (0,)))
    }
    journeys = {
        journey.name
        for journey in plan.journeys
        if any(isinstance(step, Send) and step.endpoint in absent for step in journey.steps)
    }
    return replace(base, endpoints=results, absent=tuple(sorted(absent | journeys)))


def conditions(plan: Plan, circumstances: Circumstances) -> Conditions:
    return Conditions(
        load_digest=plan.digests.load,
        load=plan.load_words,
        endpoint_digests=plan.digests.endpoints,
        runner=circumstances.runner,
        clock=circumstances.clock,
        versions=circumstances.versions,
        processes=circumstances.processes,
        host=circumstances.host,
        rates=plan.rates,
    )


def _results(plan: Plan, load_test: LoadTest, measured: Measured, arm: str) -> Iterable[EndpointResult]:
    """Results of one arm, in the order of the plan; names that only hand-written scenarios use come last."""
    planned = [("endpoint", endpoint.name, arm) for endpoint in plan.endpoints]
    planned += [("journey", journey.name, arm) for journey in plan.journeys]
    observed_series = {series for series in measured.parts if series[2] == arm and series[0] not in ASPECTS}
    for series in (*planned, *sorted(observed_series - set(planned))):
        jobs = measured.parts.get((COMPLETION, *series[1:]), {})
        parts = with_jobs(measured.parts.get(series, {}), jobs)
        window = Window()
        for part in parts.values():
            window.merge(part)
        result = _result(series, window, measured.phases.get(series, Phases()), load_test)
        result = precision.precise(result, parts, measured.clock)
        result = with_aspects(result, aspects(measured.parts, series[1], arm, measured.clock))
        yield counted(result, window, parts, measured.clock)


def _beside(
    base: Iterable[EndpointResult], head: Iterable[EndpointResult], measured: Measured
) -> Iterable[EndpointResult]:
    """The head's results, with what its difference to the base's is known by."""
    others = {(item.kind, item.name): item for item in base}
    pair = precision.windows_per_pair(
        *(
            precision.requests([parts for series, parts in measured.parts.items() if series[2] == arm], measured.clock)
            for arm in (BASE, HEAD)
        )
    )
    for item in head:
        other = others.get((item.kind, item.name), EndpointResult(name=item.name))
        arms = (
            precision.ArmParts(result=other, parts=measured.parts.get((item.kind, item.name, BASE), {})),
            precision.ArmParts(result=item, parts=measured.parts.get((item.kind, item.name, HEAD), {})),
        )
        effects = precision.paired_effects(arms, measured.clock, pair)
        base_aspects, head_aspects = (aspects(measured.parts, item.name, arm, measured.clock) for arm in (BASE, HEAD))
        effects |= aspect_effects(base_aspects, head_aspects, measured.clock, pair)
        yield replace(item, paired_effects=effects)


def _result(series: Series, window: Window, phases: Phases, load_test: LoadTest) -> EndpointResult:
    kind, name, arm = series
    examples = load_test.base_examples if arm == BASE else load_test.failure_examples
    failed = window.requests - window.successes
    latency = window.latency.freeze()
    metrics = _metrics(window, load_test.duration)
    return EndpointResult(
        name=name,
        kind=cast(Literal["endpoint", "journey"], kind),
        requests=window.requests,
        failures=failed,
        failures_by_kind=dict(sorted(window.failures.items())),
        failure_examples=examples.get(name, ()) if failed else (),
        samples=histogram.count(latency),
        bytes=window.bytes,
        metrics=metrics | (_response_metrics(window, phases) if kind == "endpoint" else {}),
        latency=latency,
        phases={phase: phases.of(phase).freeze() for phase in PHASES if phases.of(phase).buckets},
    )


def _metrics(window: Window, duration: float) -> dict[str, float]:
    """Returns only what there are samples for: an endpoint that always failed has an error rate and no percentiles."""
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
    sizes = {"size": window.bytes / window.successes}
    if not window.opaque:
        sizes["decoded_size"] = (window.bytes + window.unpacked) / window.successes
    return timed | sizes


def _latency_metrics(latency: Histogram) -> dict[str, float]:
    distribution = latency.freeze()
    if not distribution.buckets:
        return {}
    metrics = {name: histogram.quantile(distribution, q) or 0.0 for name, q in LATENCY_QUANTILES.items()}
    metrics["max"] = distribution.maximum / histogram.NS_PER_SECOND
    metrics["mean"] = histogram.mean(distribution) or 0.0
    return metrics
