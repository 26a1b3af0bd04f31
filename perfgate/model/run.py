"""Run: one execution as measured, and what it needs to be compared with others. `run.json` has this shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from perfgate.model.metric import ResultKind
from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.page import PageDetail
from perfgate.model.revision import Revision


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A log-linear histogram (see `recording/histogram.py`): bucket index -> count, of integer nanoseconds."""

    buckets: Mapping[int, int] = field(default_factory=dict)
    total: int = 0  # sum of the exact values, ns
    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True, kw_only=True)
class Runner:
    """The machine that made the load."""

    os: str = ""
    cpu: str = ""
    cores: int = 0
    memory: int = 0  # bytes


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a comparison depends on; the gate decides what each difference means."""

    load_digest: str
    load: str  # the load profile in words, "open 200/s for 30 s after 5 s warm-up"
    endpoint_digests: Mapping[str, Mapping[str, str]]
    runner: Runner = Runner()
    clock: str = "user space"
    latency: str = "connection wait + send to last byte"
    versions: Mapping[str, str] = field(default_factory=dict)  # perfgate, locust, python
    processes: int = 1
    host: str = ""  # that the load went to; with its port, unless perfgate started the service there. Empty: not known
    rates: Mapping[str, float] = field(default_factory=dict)  # by endpoint and journey, as planned: starts per second
    # (open model) or users at it (closed model). Empty: not known


@dataclass(frozen=True, kw_only=True)
class Generator:
    """How well the load generator itself did. Delays in seconds."""

    clock: str = "user space"  # by which latencies end
    due: int = 0  # arrivals of the open model that the plan asks for
    sent: int = 0  # of these, how many were started
    late: int = 0  # started over 10 ms after they were due, by the generator's own fault
    dropped: int = 0  # never started: no virtual user was free within the timeout
    without_rows: int = 0  # iterations left out: no row of data (`once`, or one per user) was left for them
    exceptions: int = 0  # that scenarios raised; the iteration ended there
    lateness_p50: float = 0.0
    lateness_p95: float = 0.0
    lateness_p99: float = 0.0
    delay_p50: float = 0.0  # from the kernel's receipt of the last byte to our code
    delay_p99: float = 0.0
    cpu: float = 0.0  # of the busiest generator process; 1.0 is one core
    users: int = 0  # most virtual users at once
    connections: int = 0  # opened
    resends: int = 0  # requests sent again because the server had closed their connection before they came
    unsent: Mapping[str, int] = field(default_factory=dict)  # requests that could not be sent for want of the
    # generator's own "ports", "files" (descriptors) or "memory"; they count nowhere else
    addresses: Mapping[str, int] = field(default_factory=dict)  # of the target -> connections to it
    workers: int = 0  # processes besides the leading one
    workers_lost: int = 0  # of these, how many never told what they did
    cpu_pressure: float = 0.0  # share of the time in which some task of the machine waited for a CPU
    cpu_stolen: float = 0.0  # share of the CPU time that the hypervisor gave to others


@dataclass(frozen=True, kw_only=True)
class EndpointResult:
    """One endpoint (or journey) over the measured time. `metrics` has only what could be measured."""

    name: str
    kind: ResultKind = "endpoint"
    requests: int = 0
    failures: int = 0
    # by kind: status, expectation, timeout, connection, protocol
    failures_by_kind: Mapping[str, int] = field(default_factory=dict)
    failure_examples: tuple[str, ...] = ()
    timeouts: Mapping[str, int] = field(default_factory=dict)  # by aspect: how many of its values are timeouts
    samples: int = 0  # behind the latency metrics: successes and timeouts
    bytes: int = 0  # of response bodies, over the wire
    metrics: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, two-sided, by metric
    design_effects: Mapping[str, float] = field(default_factory=dict)  # by metric: variance of this run's estimate over
    # that of as many independent requests; n / design effect is the effective number of samples
    paired_effects: Mapping[str, float] = field(default_factory=dict)  # by metric, of the head of an A/B test: the same
    # of its difference to the base, in which whatever slows both down cancels
    latency: Distribution = Distribution()
    # where successes' time went: service (send to last byte), first_byte, download, and where a connection had to be
    # made dns, connect, tls
    phases: Mapping[str, Distribution] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One side of a same-run A/B test. The head's endpoints are the run's own, so only the base has its own here."""

    name: Literal["base", "head"]
    target: str
    ref: str = ""  # as asked for: "main"
    commit: str = ""
    endpoints: tuple[EndpointResult, ...] = ()
    absent: tuple[str, ...] = ()  # of the base: endpoints that it answers with 404 or 405 alone, and journeys with
    # them: they are new in the head


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The runner probe: what a fixed reference workload took on this machine meanwhile. Tells a slow runner from a slow
    application. Seconds."""

    samples: int
    p50: float
    p95: float
    workload: str = ""  # only probes of the same one compare
    beside_target: bool = True  # the target runs on this machine too; else the probe knows the load generator's only


@dataclass(frozen=True, kw_only=True)
class Run(Revision):
    """One execution; the fields of its revision are its own."""

    schema: int = 1
    id: str
    name: str  # of the budget file
    started: str  # ISO 8601, UTC
    duration: float  # of the measured time, s
    target: str  # scheme, host and port
    file: str = ""  # path of the budget file in its repository; empty in runs of before it was recorded
    conditions: Conditions
    generator: Generator
    endpoints: tuple[EndpointResult, ...]
    warmup_requests: int = 0
    after_requests: int = 0  # started after the measured time (by hand-written scenarios only)
    unfinished: int = 0
    # requests begun and not yet answered, at up to 20 moments at equal distances until the end of the measured time; of
    # open loads with one rate only
    in_flight: tuple[float, ...] = ()
    interrupted: bool = False
    aborted: str = ""  # why the load was ended early, by `load.abort`
    arms: tuple[Arm, ...] = ()  # of an A/B run: base, then head
    restarts: int = 0  # of both arms' services during the measured time
    looks: int = 1  # at most, at which it could be judged; several with a range of time, which share the error rates
    seed: int | None = None  # of what was drawn at random; the load's digest where the budget file names none
    prolonged: float = 0.0  # of the duration, what `load.duration` or `gate.extend` added, s
    probe: Probe | None = None
    pages: tuple[PageDetail, ...] = ()  # what their views show, of each side
    warnings: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Somebody's word that a run's level is the new normal. Empty endpoint or metric: all of them."""

    reason: str
    author: str
    at: str  # ISO 8601, UTC
    endpoint: str = ""
    metric: str = ""


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A run as the history keeps it: with its outcome, what failed, and who accepted it."""

    run: Run
    outcome: Outcome
    failed: tuple[tuple[str, str], ...] = ()  # (endpoint, metric)
    undecided: tuple[tuple[str, str], ...] = ()  # the same; of runs that `perfgate watch` made
    acceptances: tuple[Acceptance, ...] = ()


MemorySamples = Mapping[str, tuple[tuple[tuple[float, int], ...], ...]]  # by arm (""): for each part of the run, memory
# of the service's process tree as (s since the measured time began, bytes)


@dataclass(frozen=True, kw_only=True)
class LoadTest:
    """What Locust left in the run folder, before anything is computed from it."""

    folder: Path
    windows: Path  # windows.jsonl.gz
    started: str  # ISO 8601, UTC
    duration: float  # of the measured time, s; shorter than planned when interrupted
    generator: Generator
    failure_examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by endpoint
    base_examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the same, of an A/B test's base
    base_failures: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # statuses of the base's, by endpoint
    restarts: int = 0  # of the services, during the measured time
    unfinished: int = 0
    interrupted: bool = False
    aborted: str = ""
    seed: int | None = None
    numbers: int = 0  # the first that no sequence or table of rows has used yet
    began: float = 0.0  # when the measured time began, monotonic s
    probe: Path | None = None  # probe.csv.gz, where the runner probe ran
    beside_target: bool = True  # as in Probe
    memory: MemorySamples = field(default_factory=dict)  # where a budget limits it
    warnings: tuple[Note, ...] = ()


LATENCY_BOUNDS = (  # s: of the buckets of EndpointProgress; from 5 ms on those that OpenTelemetry advises for HTTP
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)


@dataclass(frozen=True, kw_only=True)
class EndpointProgress:
    """Totals of one endpoint or journey since the load began, warm-up included; latencies as in EndpointResult."""

    name: str
    kind: ResultKind
    arm: str = ""
    requests: int
    failures: Mapping[str, int]  # by kind
    buckets: tuple[int, ...]  # latencies up to each of LATENCY_BOUNDS and above the one before; then those above all
    seconds: float  # sum of the latencies
    recent: Mapping[str, float] = field(default_factory=dict)  # "p50", "p95", "p99" since the last report


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What is known while the load runs. Latencies in seconds, over the last seconds."""

    elapsed: float
    total: float
    phase: Literal["starting", "warm-up", "measuring", "draining"]
    requests: int
    failures: int
    rate: float
    p95: float | None
    in_flight: int
    users: int
    load: int = 0  # another number where totals begin anew, in a later part of a run
    endpoints: tuple[EndpointProgress, ...] = ()  # every few seconds, where somebody exports them
