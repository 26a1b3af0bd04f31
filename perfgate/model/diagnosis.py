"""Diagnosis: which layer a difference is in, and why. It never changes a verdict. `diagnosis.json` has this shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from perfgate.model.note import Note

Layer = Literal[
    "network",
    "queue",
    "application",
    "database",
    "cache",
    "external",
    "serialisation",
    "download",
    "runner",
    "unattributed",
    "frontend",  # this and the following: of pages, which have `network` too
    "backend",
    "third party",
]
Confidence = Literal["confirmed", "likely", "unexplained", "environment"]

ALL_LAYERS: tuple[Layer, ...] = get_args(Layer)
LAYERS = ALL_LAYERS[: ALL_LAYERS.index("unattributed") + 1]  # of a request


@dataclass(frozen=True, kw_only=True)
class LayerChange:
    """The part of a metric that one layer has, s. `baseline` and `change` are None without a base to compare with.

    Over all layers `baseline`, `now` and `change` add up to those of the metric.
    """

    layer: Layer
    baseline: float | None
    now: float
    change: float | None
    interval: tuple[float, float] | None = None  # 95 %, two-sided, of `change`; of `now` without a base


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What explains a difference. `confidence`: confirmed (a count or another stable quantity agrees with the time),
    likely (only times say so), unexplained, environment (not the code)."""

    code: str  # see `perfgate.diagnose.codes`
    layer: Layer
    confidence: Confidence
    sentence: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class TracedOperation:
    """What traces show of one statement, cache command or host, per traced request; None where there is no base."""

    layer: Layer
    what: str  # a fingerprint, a command or a host: never a literal
    calls: float
    seconds: float
    calls_before: float | None = None
    seconds_before: float | None = None


@dataclass(frozen=True, kw_only=True)
class SlowTrace:
    side: Literal["base", "head"]
    trace: str  # id, 32 hexadecimal digits
    seconds: float  # latency of its request
    layers: Mapping[Layer, float] = field(default_factory=dict)  # s; they add up to `seconds`
    link: str = ""  # to the team's own trace viewer


@dataclass(frozen=True, kw_only=True)
class TraceEvidence:
    """`requests` of the head were recorded, for `traced` of them spans came; `..._before` is the base's."""

    requests: int
    traced: int
    requests_before: int | None = None
    traced_before: int | None = None
    operations: tuple[TracedOperation, ...] = ()  # those with most time first
    slowest: tuple[SlowTrace, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diagnosed:
    """One endpoint's metric: `difference` (s) is the sum of its layers' changes, None without a base.

    The numbers are of the diagnosis' own pass, never of the run that was judged; those of a page (metric `lcp`) are of
    its views with the median.
    """

    endpoint: str
    metric: str  # "p95" or "mean"
    difference: float | None
    layers: tuple[LayerChange, ...] = ()
    causes: tuple[Cause, ...] = ()
    samples: int = 0
    baseline_samples: int = 0
    clipped: int = 0  # samples whose parts, as the server tells them, are longer than the whole
    facts: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)  # name -> (base, head)
    traces: TraceEvidence | None = None  # None without `diagnose: {traces: otlp}`
    functions: tuple[str, ...] = ()  # whose CPU time per request grew, by a profile; for people
    profiles: Mapping[str, str] = field(default_factory=dict)  # side -> its flame graph (speedscope), in the run folder


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    schema: int = 1
    run: str  # id
    findings: tuple[Diagnosed, ...]
    base: str = ""  # what was measured beside: the base's name; empty where there was none
    control: str = ""  # the endpoint that was measured beside the failing ones
    warnings: tuple[Note, ...] = ()  # what could not be learnt, and what to grant
