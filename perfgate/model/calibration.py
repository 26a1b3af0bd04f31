"""Calibration: how much a runner and an unchanged application vary, and what a gate on them can find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from perfgate.model.note import Note

Mode = Literal["history", "base"]  # compared with earlier runs, or with a base in the same run


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The smallest worsening (a ratio) that is found four times in five by a run of so many seconds."""

    duration: float
    history: float | None = None
    base: float | None = None

    def of(self, mode: Mode) -> float | None:
        return self.history if mode == "history" else self.base


@dataclass(frozen=True, kw_only=True)
class Noise:
    """One metric of one endpoint. Standard deviations are of logarithms: 0.05 is about 5 %."""

    endpoint: str
    metric: str
    level: float  # median over the runs, base unit
    requests: int  # a run
    between: float  # sd between runs
    own: float | None  # the same less the movement that all endpoints have in common; None with too few endpoints
    sampling: float | None  # sd that the requests of a single run alone give
    design_effect: float | None
    reaches: tuple[Reach, ...]


@dataclass(frozen=True, kw_only=True)
class NoiseCorrelation:
    """How a thing that was seen beside the load moved with what all endpoints of a run have in common (p50)."""

    by: str  # "probe p50", "probe p95", "cpu pressure"
    correlation: float


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """What the gate said of unchanged code, with the proposed limits. Every judged suite is one run of all endpoints;
    suites that share runs are not independent, so the upper bound counts the runs only."""

    mode: Mode
    suites: int
    alarms: int  # suites with at least one failed finding
    findings: int
    passed: int
    runs: int
    bound: float  # 95 % one-sided upper bound of the share of suites with an alarm


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """`limits` per metric (ratios), and those of endpoints that vary more than the rest. `floor` (s) is the smallest
    rise that these limits are about, where the policy's floor would hide it."""

    mode: Mode
    duration: float
    limits: Mapping[str, float]
    overrides: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # endpoint -> metric -> limit
    floor: float | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    schema: int = 1
    name: str
    started: str
    load: str  # in words
    duration: float
    runs: int
    pairs: int  # A/B runs
    noise: tuple[Noise, ...]
    explained: tuple[NoiseCorrelation, ...] = ()
    alarms: tuple[Alarms, ...] = ()
    proposal: Proposal
    notes: tuple[Note, ...] = ()
