"""Facts: what was seen of one side of an endpoint, as a few numbers per request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfgate.diagnose.profile import FunctionBytes, FunctionTime, LoopBlocker


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of the database without its literals: `fingerprint` is text with placeholders."""

    fingerprint: str
    calls: float  # per request
    rows: float  # per request
    seconds: float  # per call
    scans: tuple[str, ...] = ()  # tables that its plan reads as a whole
    columns: tuple[str, ...] = ()  # that those scans filter by
    indexed: tuple[str, ...] = ()  # those of them with an index of their own, which the filter cannot use
    indexes: Mapping[str, str] = field(default_factory=dict)  # table -> the statement that creates what its scan lacks
    in_order: tuple[str, ...] = ()  # tables of them that are read in the order of an index
    hint: str = ""  # what an index would be worth
    note: str = ""  # why it has no plan, or which schema was looked up for it


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another server that the service is connected to: what it sends there and how long it waits, per request."""

    address: str
    kind: str  # database, cache, broker or external
    messages: float
    seconds: float
    size: float = 0.0  # bytes received
    opened: float = 0.0  # connections, as far as they were seen
    connections: int = 0  # in use, since one looked


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """None is not known. Times in seconds, sizes in bytes, counts per request. What ends in `_loaded` was seen under
    load, the other counts alone."""

    samples: int
    alone: float | None = None  # median latency of one request at a time
    loaded: float | None = None
    download: float | None = None  # median from the first byte to the last, of one request at a time
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
    cache_seconds: float | None = None  # that Redis itself computes, by its own count
    queue_calls: float | None = None  # commands that put jobs or results somewhere: LPUSH, PUBLISH, XADD
    external_calls: float | None = None
    external_seconds: float | None = None  # per request
    rows: float | None = None
    cpu: float | None = None  # s per request, of the service's whole process tree
    memory: float | None = None  # bytes per request that stay
    retained: float | None = None  # bytes per request that stay on the heap after it was collected, by a profile
    retained_noise: float | None = None  # bytes per request that stay there anyway: few requests show no leak
    cache_hits: float | None = None  # share of Redis look-ups
    cache_lookups: float | None = None  # keys that Redis is asked for
    database: float | None = None  # s, by the database's own count
    database_loaded: float | None = None
    query_seconds_loaded: float | None = None
    cpu_loaded: float | None = None
    cpu_delay_loaded: float | None = None
    database_wait: float | None = None  # s that connections to databases wait for an answer
    database_wait_loaded: float | None = None
    cache_wait: float | None = None
    cache_wait_loaded: float | None = None
    broker_wait: float | None = None
    broker_wait_loaded: float | None = None
    external_wait: float | None = None  # the same of all other servers
    external_wait_loaded: float | None = None
    database_span: float | None = None  # s in which one connection or several wait: less, where they do so side by side
    cache_span: float | None = None
    external_span: float | None = None
    database_messages: float | None = None  # sent to databases
    cache_messages: float | None = None
    broker_messages: float | None = None
    external_messages: float | None = None
    database_size: float | None = None  # bytes that databases send
    database_sessions: float | None = None  # opened, by the database's own count
    cache_sessions: float | None = None  # by the cache's own count
    database_opened: float | None = None  # connections to databases that were opened, as far as sockets show them
    cache_opened: float | None = None
    external_opened: float | None = None
    database_connects: float | None = None  # connections that were opened, by Server-Timing
    database_connect_seconds: float | None = None  # s per request
    cache_connects: float | None = None
    cache_connect_seconds: float | None = None
    cache_size: float | None = None  # bytes that caches send
    database_connections_loaded: float | None = None  # most that were in use
    lock_wait: float | None = None  # s that statements wait for locks
    lock_wait_loaded: float | None = None
    commit_wait: float | None = None  # s that commits wait until they are on disk, or at a standby
    commit_wait_loaded: float | None = None
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
    serialising: float | None = None  # s of CPU, by a profile under load
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
    retainers: tuple[FunctionBytes, ...] = ()  # that have allocated what stays, largest first
    rounds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # the four latencies, in each round


def numbers(base: PassFacts | None, head: PassFacts) -> Mapping[str, tuple[float | None, float | None]]:
    """Name -> (base, head), of what is known of the head and not nothing on both."""
    names = [name for name in PassFacts.__dataclass_fields__ if name not in _PARTS_OF_FACTS]
    both = {name: (getattr(base, name) if base else None, getattr(head, name)) for name in names}
    known = {name: (before, now) for name, (before, now) in both.items() if now is not None and (before or now)}
    return {**known, **_moved_metrics(base, head)}


_PARTS_OF_FACTS = ("retained_noise", "statements", "peers", "functions", "blockers", "retainers", "metrics", "rounds")
METRIC = "metric:"  # in front of the names of the application's own metrics
MAX_METRICS = 5
MIN_METRIC_CHANGE = 0.2  # of the larger of the two


def _moved_metrics(base: PassFacts | None, head: PassFacts) -> dict[str, tuple[float | None, float | None]]:
    """Those of the application's own metrics that differ most; without a base, the largest."""
    known = base.metrics if base else {}
    pairs = {name: (known.get(name), head.metrics.get(name)) for name in {**known, **head.metrics}}

    def moved(name: str) -> float:
        before, now = (abs(value or 0.0) for value in pairs[name])
        return abs(now - before) / max(now, before, 1e-12) if base else now

    names = sorted(pairs, key=lambda name: (-moved(name), name))
    shown = [name for name in names if moved(name) > MIN_METRIC_CHANGE or base is None][:MAX_METRICS]
    return {f"{METRIC}{name}": pairs[name] for name in shown}


@dataclass(frozen=True, kw_only=True)
class ProbeCounts:
    """What probes counted beside the requests of one side, per request. See PassFacts."""

    values: Mapping[str, float] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()
    peers: tuple[Peer, ...] = ()
