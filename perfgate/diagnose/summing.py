"""Samples and counts of one side of the second pass -> PassFacts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median

from perfgate.diagnose.facts import METRIC, PassFacts, ProbeCounts
from perfgate.diagnose.partition import ReplaySample
from perfgate.text.cache_headers import is_hit

NOTHING = ProbeCounts()


def facts(
    samples: Sequence[ReplaySample],
    canary_idle: Sequence[float],
    canary_loaded: Sequence[float],
    counts: ProbeCounts,
    counts_loaded: ProbeCounts = NOTHING,
    reference: Sequence[Sequence[tuple[float, float]]] = (),
) -> PassFacts:
    """What the samples of one side and the counts beside them come to."""
    samples = _with_connects(samples)
    alone = [sample.latency for sample in samples if sample.users == 1]
    loaded = [sample.latency for sample in samples if sample.users > 1]
    counted = (*_PARTS, *_CONNECTS)
    calls = {part: _mean([s.timing.calls[part] for s in samples if part in s.timing.calls]) for part in counted}
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
        download=_median([max(0.0, item.service - item.first_byte) for item in samples if item.users == 1]),
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
        connections=_mean([sample.connections for sample in samples if sample.connections is not None]),
        queries=queries,
        query_seconds=per_query,
        cache_calls=calls["cache"] if calls["cache"] is not None else values.pop("cache_calls", None),
        cache_call_seconds=_each(seconds["cache"], calls["cache"]),
        external_calls=calls["external"],
        external_seconds=seconds["external"],
        application=_application(samples, is_loaded=False),
        application_loaded=_application(samples, is_loaded=True),
        serialisation=_stated_seconds("serialisation", usual),
        computing=_stated_seconds("cpu", usual),
        database_connects=calls["database_connect"],
        database_connect_seconds=_stated_seconds("database_connect", usual),
        cache_connects=calls["cache_connect"],
        cache_connect_seconds=_stated_seconds("cache_connect", usual),
        reference=_median([took for round_ in reference for took, _ in round_]),
        reference_cpu=_median([computed for round_ in reference for _, computed in round_]),
        statements=counts.statements,
        peers=counts.peers,
        metrics={name.removeprefix(METRIC): value for name, value in values.items() if name.startswith(METRIC)},
        **{name: value for name, value in values.items() if name in _COUNTED},  # type: ignore[arg-type]
        **{f"{name}_loaded": value for name, value in counts_loaded.values.items() if name in _COUNTED_LOADED},  # type: ignore[arg-type]
    )


_PARTS = ("database", "cache", "external")
_CONNECTS = ("database_connect", "cache_connect")
_KINDS = (*_PARTS, "broker")
_WAITS = tuple(f"{kind}_wait" for kind in _KINDS)
_SPANS = tuple(f"{part}_span" for part in _PARTS)
_MESSAGES = tuple(f"{kind}_messages" for kind in _KINDS)
_KEPT = ("stopped", "throttled")  # from the CPU
_SINGLE = (
    "rows",
    "cache_seconds",
    "queue_calls",
    "cpu",
    "memory",
    "cache_hits",
    "cache_lookups",
    "database",
    "cpu_delay",
    "database_size",
    "cache_size",
    "lock_wait",
    "commit_wait",
    *_KEPT,
)
_OPENED = ("database_sessions", "cache_sessions", *(f"{part}_opened" for part in _PARTS))
_QUEUE = ("queued", "queue_growth")
_COUNTED = (*_SINGLE, *_OPENED, *_QUEUE, *_WAITS, *_SPANS, *_MESSAGES)
_LOADED = ("query_seconds", "cpu", "cpu_delay", "database", "unread", "database_connections")
_COUNTED_LOADED = (*_LOADED, "lock_wait", "commit_wait", *_KEPT, *_QUEUE, *_WAITS)


TAIL_QUANTILE, MIN_TAIL_SAMPLES = 0.95, 20  # a share, and so many samples that a tail is worth its name


def _with_connects(samples: Sequence[ReplaySample]) -> Sequence[ReplaySample]:
    """The samples with 0 connections where others state some: perfgate's middleware does so only of requests with a
    call. Without a word in any of them it is not known."""
    none = {part: 0 for part in _CONNECTS if any(part in sample.timing.calls for sample in samples)}
    return [
        replace(item, timing=replace(known, calls={**none, **known.calls}, seconds={**none, **known.seconds}))
        if none and "total" in (known := item.timing).seconds
        else item
        for item in samples
    ]


def _tail(values: Sequence[float]) -> float | None:
    return sorted(values)[int(TAIL_QUANTILE * len(values))] if len(values) >= MIN_TAIL_SAMPLES else None


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


def _stated_seconds(part: str, samples: Sequence[ReplaySample]) -> float | None:
    return _mean([sample.timing.seconds[part] for sample in samples if part in sample.timing.seconds])


def _each(seconds: float | None, calls: float | None) -> float | None:
    return seconds / calls if seconds is not None and calls else None


def _is_hit(sample: ReplaySample) -> bool | None:
    return is_hit(sample.headers, sample.timing.descriptions.get("cache", ""))


def _is_cacheable(sample: ReplaySample) -> bool:
    control = sample.headers.get("cache-control", "").lower()
    return "etag" in sample.headers or (bool(control) and "no-store" not in control and "no-cache" not in control)
