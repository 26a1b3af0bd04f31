"""Facts: what was seen of one side of an endpoint, as a few numbers per request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from perfgate.diagnose.partition import ReplaySample
from perfgate.diagnose.profile import FunctionTime, LoopBlocker
from perfgate.text.cache_headers import is_hit


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of the database without its literals: `fingerprint` is text with placeholders."""

    fingerprint: str
    calls: float  # per request
    rows: float  # per request
    seconds: float  # per call
    scans: tuple[str, ...] = ()  # tables that its plan reads as a whole
    columns: tuple[str, ...] = ()  # that those scans filter by
    hint: str = ""  # what an index would be worth


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another server that the service is connected to: what it sends there and how long it waits, per request."""

    address: str
    kind: str  # database, cache, broker or external
    messages: float
    seconds: float
    size: float = 0.0  # bytes received
    connections: int = 0  # in use, since one looked


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """None is not known. Times in seconds, sizes in bytes, counts per request. What ends in `_loaded` was seen under
    load, the other counts alone."""

    samples: int
    alone: float | None = None  # median latency of one request at a time
    loaded: float | None = None
    canary_idle: float | None = None  # median latency of a trivial request, beside nothing
    canary_loaded: float | None = None  # beside the load of this endpoint
    size: float | None = None
    decoded: float | None = None
    compressed: float | None = None  # share of answers
    cached: float | None = None  # share of answers that came from a cache, as headers and Server-Timing say
    cacheable: float | None = None  # share of answers with Cache-Control or ETag that allow it
    connections: float | None = None  # opened per request
    queries: float | None = None
    query_seconds: float | None = None  # per query
    cache_calls: float | None = None
    cache_call_seconds: float | None = None
    external_calls: float | None = None
    external_seconds: float | None = None  # per request
    rows: float | None = None
    cpu: float | None = None  # s per request, of the service's whole process tree
    memory: float | None = None  # bytes per request that stay
    cache_hits: float | None = None  # share of Redis look-ups
    database: float | None = None  # s, by the database's own count
    database_loaded: float | None = None
    query_seconds_loaded: float | None = None
    cpu_loaded: float | None = None
    database_wait: float | None = None  # s that connections to databases wait for an answer
    database_wait_loaded: float | None = None
    cache_wait: float | None = None
    cache_wait_loaded: float | None = None
    broker_wait: float | None = None
    broker_wait_loaded: float | None = None
    external_wait: float | None = None  # the same of all other servers
    external_wait_loaded: float | None = None
    database_messages: float | None = None  # sent to databases
    cache_messages: float | None = None
    broker_messages: float | None = None
    external_messages: float | None = None
    database_size: float | None = None  # bytes that databases send
    database_connections_loaded: float | None = None  # most that were in use
    lock_wait: float | None = None  # s that statements wait for locks
    lock_wait_loaded: float | None = None
    alone_tail: float | None = None  # 95th percentiles
    loaded_tail: float | None = None
    unread_loaded: float | None = None  # s that a request lies in the socket before the service reads it
    cpu_delay: float | None = None  # s that threads of the service are ready to run and have no CPU
    stopped: float | None = None  # share of the time in which somebody had stopped the service (SIGSTOP)
    stopped_loaded: float | None = None
    throttled: float | None = None  # share of the periods in which the CPU quota of the service was used up
    throttled_loaded: float | None = None
    application: float | None = None  # s in the server beside database, cache and other services, by Server-Timing
    application_loaded: float | None = None
    serialisation: float | None = None  # s, by Server-Timing
    computing: float | None = None  # s of CPU, by Server-Timing
    reference: float | None = None  # s of a fixed piece of work on this machine, while nothing else was sent
    reference_cpu: float | None = None  # s of CPU that it takes
    statements: tuple[Statement, ...] = ()
    peers: tuple[Peer, ...] = ()
    queued: float | None = None  # jobs that wait in the task queue, at the end
    queued_loaded: float | None = None
    queue_growth: float | None = None  # jobs more that wait, per request
    queue_growth_loaded: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)  # of the application's own: counters per request, gauges
    functions: tuple[FunctionTime, ...] = ()  # of a profile under load, largest first
    blockers: tuple[LoopBlocker, ...] = ()  # of its event loop, by a profile under load
    rounds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # the four latencies, in each round


def numbers(base: PassFacts | None, head: PassFacts) -> Mapping[str, tuple[float | None, float | None]]:
    """Name -> (base, head), of what is known of the head and not nothing on both."""
    names = [name for name in PassFacts.__dataclass_fields__ if name not in _PARTS_OF_FACTS]
    both = {name: (getattr(base, name) if base else None, getattr(head, name)) for name in names}
    known = {name: (before, now) for name, (before, now) in both.items() if now is not None and (before or now)}
    return {**known, **_moved_metrics(base, head)}


_PARTS_OF_FACTS = ("statements", "peers", "functions", "blockers", "metrics", "rounds")
METRIC = "metric:"  # in front of the names of the application's own metrics
MOST_METRICS = 5
MOVED_METRIC = 0.2  # of the larger of the two


def _moved_metrics(base: PassFacts | None, head: PassFacts) -> dict[str, tuple[float | None, float | None]]:
    """Those of the application's own metrics that differ most; without a base, the largest."""
    known = base.metrics if base else {}
    pairs = {name: (known.get(name), head.metrics.get(name)) for name in {**known, **head.metrics}}

    def moved(name: str) -> float:
        before, now = (abs(value or 0.0) for value in pairs[name])
        return abs(now - before) / max(now, before, 1e-12) if base else now

    names = sorted(pairs, key=lambda name: (-moved(name), name))
    told = [name for name in names if moved(name) > MOVED_METRIC or base is None][:MOST_METRICS]
    return {f"{METRIC}{name}": pairs[name] for name in told}


@dataclass(frozen=True, kw_only=True)
class ProbeCounts:
    """What probes counted beside the requests of one side, per request. See PassFacts."""

    values: Mapping[str, float] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()
    peers: tuple[Peer, ...] = ()


NOTHING = ProbeCounts()


def facts(
    samples: Sequence[ReplaySample],
    canary_idle: Sequence[float],
    canary_loaded: Sequence[float],
    counts: ProbeCounts,
    counts_loaded: ProbeCounts = NOTHING,
    reference: Sequence[Sequence[tuple[float, float]]] = (),
) -> PassFacts:
    alone = [sample.latency for sample in samples if sample.users == 1]
    loaded = [sample.latency for sample in samples if sample.users > 1]
    calls = {part: _mean([s.timing.calls[part] for s in samples if part in s.timing.calls]) for part in _PARTS}
    usual = [sample for sample in samples if sample.users == 1] or samples  # nobody else delays what these wait for
    seconds = {part: _mean([s.timing.seconds[part] for s in usual if part in s.timing.seconds]) for part in _PARTS}
    known = [sample for sample in samples if sample.decoded >= 0]
    verdicts = [verdict for sample in samples if (verdict := _is_hit(sample)) is not None]
    values = dict(counts.values)
    queries = calls["database"] if calls["database"] is not None else values.pop("queries", None)
    per_query = values.pop("query_seconds", None)
    if calls["database"] and seconds["database"] is not None:
        per_query = seconds["database"] / calls["database"]
    values.pop("queries", None)
    return PassFacts(
        samples=len(samples),
        alone=median(alone) if alone else None,
        loaded=median(loaded) if loaded else None,
        alone_tail=_tail(alone),
        loaded_tail=_tail(loaded),
        rounds={**_rounds(samples), "reference": tuple(median(took for took, _ in each) for each in reference if each)},
        canary_idle=median(canary_idle) if canary_idle else None,
        canary_loaded=median(canary_loaded) if canary_loaded else None,
        size=_mean([sample.size for sample in samples]),
        decoded=_mean([sample.decoded for sample in known]),
        compressed=_mean([sample.headers.get("content-encoding", "identity") != "identity" for sample in samples]),
        cached=_mean(verdicts),
        cacheable=_mean([_is_cacheable(sample) for sample in samples]),
        connections=_mean([sample.connections for sample in samples]),
        queries=queries,
        query_seconds=per_query,
        cache_calls=calls["cache"] if calls["cache"] is not None else values.pop("cache_calls", None),
        cache_call_seconds=_each(seconds["cache"], calls["cache"]),
        external_calls=calls["external"],
        external_seconds=seconds["external"],
        application=_application(samples, is_loaded=False),
        application_loaded=_application(samples, is_loaded=True),
        serialisation=_told("serialisation", usual),
        computing=_told("cpu", usual),
        reference=_median([took for round_ in reference for took, _ in round_]),
        reference_cpu=_median([computed for round_ in reference for _, computed in round_]),
        statements=counts.statements,
        peers=counts.peers,
        metrics={name.removeprefix(METRIC): value for name, value in values.items() if name.startswith(METRIC)},
        **{name: value for name, value in values.items() if name in _COUNTED},  # type: ignore[arg-type]
        **{f"{name}_loaded": value for name, value in counts_loaded.values.items() if name in _COUNTED_LOADED},  # type: ignore[arg-type]
    )


_PARTS = ("database", "cache", "external")
_KINDS = (*_PARTS, "broker")
_WAITS = tuple(f"{kind}_wait" for kind in _KINDS)
_MESSAGES = tuple(f"{kind}_messages" for kind in _KINDS)
_KEPT = ("stopped", "throttled")  # from the CPU
_SINGLE = ("rows", "cpu", "memory", "cache_hits", "database", "cpu_delay", "database_size", "lock_wait", *_KEPT)
_QUEUE = ("queued", "queue_growth")
_COUNTED = (*_SINGLE, *_QUEUE, *_WAITS, *_MESSAGES)
_LOADED = ("query_seconds", "cpu", "database", "unread", "lock_wait", "database_connections")
_COUNTED_LOADED = (*_LOADED, *_KEPT, *_QUEUE, *_WAITS)


TAIL, LEAST = 0.95, 20  # a share, and so many samples that a tail is worth its name


def _tail(values: Sequence[float]) -> float | None:
    return sorted(values)[int(TAIL * len(values))] if len(values) >= LEAST else None


def _rounds(samples: Sequence[ReplaySample]) -> Mapping[str, tuple[float, ...]]:
    """The median latency of each round, alone and under load, and its 90th percentile."""
    result: dict[str, tuple[float, ...]] = {}
    for name, is_loaded in (("alone", False), ("loaded", True)):
        groups: dict[int, list[float]] = {}
        for sample in samples:
            if (sample.users > 1) is is_loaded:
                groups.setdefault(sample.round, []).append(sample.latency)
        ordered = [sorted(group) for _, group in sorted(groups.items())]
        result[name] = tuple(median(group) for group in ordered)
        result[f"{name}_tail"] = tuple(group[int(0.9 * len(group))] for group in ordered)
    return result


def _application(samples: Sequence[ReplaySample], *, is_loaded: bool) -> float | None:
    """The median of what the server takes for itself, by Server-Timing."""
    totals = [
        max(0.0, seconds["total"] - sum(seconds.get(part, 0.0) for part in _PARTS))
        for sample in samples
        if (sample.users > 1) is is_loaded and "total" in (seconds := sample.timing.seconds)
    ]
    return median(totals) if totals else None


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _told(part: str, samples: Sequence[ReplaySample]) -> float | None:
    return _mean([sample.timing.seconds[part] for sample in samples if part in sample.timing.seconds])


def _each(seconds: float | None, calls: float | None) -> float | None:
    return seconds / calls if seconds is not None and calls else None


def _is_hit(sample: ReplaySample) -> bool | None:
    return is_hit(sample.headers, sample.timing.descriptions.get("cache", ""))


def _is_cacheable(sample: ReplaySample) -> bool:
    control = sample.headers.get("cache-control", "").lower()
    return "etag" in sample.headers or (bool(control) and "no-store" not in control and "no-cache" not in control)
