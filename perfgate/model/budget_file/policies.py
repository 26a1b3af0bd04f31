"""How runs are judged (`gate:`) and failures diagnosed (`diagnose:`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

AUTO = "auto"  # the baseline's branch, as the repository says


@dataclass(frozen=True, kw_only=True)
class BaselinePolicy:
    branch: str = "main"  # AUTO where the budget file names none: found out before anything is judged
    former_branches: tuple[str, ...] = ()  # what that branch was called before: runs there count as its own
    runs: int = 20  # at most so many, newest first
    min_runs: int = 5  # fewer than this: no-baseline


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Smaller rises never fail a relative criterion. Seconds and ratio."""

    time: float = 0.001
    errors: float = 0.005


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """The violation that a pass must rule out (one-sided 95 %), where it is larger than the limit itself.

    `latency` is a ratio of the limit (absolute) or of the baseline (relative) and holds for every metric but `errors`,
    whose own is a difference of shares. `at_limit` asks for proof at the limit itself.
    """

    latency: float = 0.5
    errors: float = 0.05
    at_limit: bool = False


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A pinned commit that runs are compared with besides the baseline, so that small steps add up."""

    ref: str  # a tag, a commit, or "last-tag"
    limit: float  # of the worsening since then, a ratio


@dataclass(frozen=True, kw_only=True)
class AbPolicy:
    """How an A/B test is done: `restarts` of both services during the measured time; with `blocks` seconds, only one
    arm is loaded at a time, for so long."""

    restarts: int = 0
    blocks: float = 0.0


@dataclass(frozen=True, kw_only=True)
class GatePolicy:
    baseline: BaselinePolicy = BaselinePolicy()
    floor: Floor = Floor()
    sensitivity: Sensitivity = Sensitivity()
    inconclusive: Literal["neutral", "warn", "fail"] = "neutral"
    anchor: Anchor | None = None
    ab: AbPolicy = AbPolicy()
    extend: float = 0.0  # s by which a run may be prolonged (warm-ups included) while that would decide something
    probe: bool = True  # whether the runner probe runs beside the load


@dataclass(frozen=True, kw_only=True)
class TracesPolicy:
    """`forward` is a collector that gets the traces too, as written; `link` a URL with `{trace_id}`; `port` that of the
    receiver, 0: any that is free."""

    forward: str = ""
    link: str = ""
    port: int = 0


@dataclass(frozen=True, kw_only=True)
class DiagnosePolicy:
    """How the second pass is made. Addresses are as written, `${X}` unexpanded; empty: there is none."""

    seconds: float = 20.0
    postgres: str = ""
    redis: str = ""
    mysql: str = ""
    celery: str = ""  # the broker
    queue: tuple[str, ...] = ("celery",)  # names of its queues
    prometheus: str = ""  # the application's own metrics, an URL
    profile: str = ""  # "py-spy", "node" or "none"; empty: where a request computes more
    server_timing: Mapping[str, str] = field(default_factory=dict)  # part -> what the application calls its entry
    traces: TracesPolicy | None = None  # None: requests of the second pass are not traced
