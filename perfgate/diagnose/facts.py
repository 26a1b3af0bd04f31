"""Facts: what was seen of one side of an endpoint, as a few numbers per request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from perfgate.diagnose.partition import ReplaySample
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


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """None is not known. Times in seconds, sizes in bytes, counts per request."""

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
    statements: tuple[Statement, ...] = ()


def numbers(base: PassFacts | None, head: PassFacts) -> Mapping[str, tuple[float | None, float | None]]:
    """Name -> (base, head), of what is known of the head."""
    names = [name for name in PassFacts.__dataclass_fields__ if name != "statements"]
    return {
        name: (getattr(base, name) if base else None, value)
        for name in names
        if (value := getattr(head, name)) is not None
    }


@dataclass(frozen=True, kw_only=True)
class ProbeCounts:
    """What probes counted beside the loaded requests of one side, per request. See Facts."""

    values: Mapping[str, float] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()


def facts(
    samples: Sequence[ReplaySample], canary_idle: Sequence[float], canary_loaded: Sequence[float], counts: ProbeCounts
) -> PassFacts:
    alone = [sample.latency for sample in samples if sample.users == 1]
    loaded = [sample.latency for sample in samples if sample.users > 1]
    calls = {part: _mean([s.timing.calls[part] for s in samples if part in s.timing.calls]) for part in _PARTS}
    seconds = {part: _mean([s.timing.seconds[part] for s in samples if part in s.timing.seconds]) for part in _PARTS}
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
        statements=counts.statements,
        **{name: value for name, value in values.items() if name in ("rows", "cpu", "memory", "cache_hits")},
    )


_PARTS = ("database", "cache", "external")


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _each(seconds: float | None, calls: float | None) -> float | None:
    return seconds / calls if seconds is not None and calls else None


def _is_hit(sample: ReplaySample) -> bool | None:
    return is_hit(sample.headers, sample.timing.descriptions.get("cache", ""))


def _is_cacheable(sample: ReplaySample) -> bool:
    control = sample.headers.get("cache-control", "").lower()
    return "etag" in sample.headers or (bool(control) and "no-store" not in control and "no-cache" not in control)
