"""How much is started, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perfgate.model.budget_file.activity import Replay


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A constant level for a time: `level` is starts per second (open model) or users (closed model)."""

    level: float
    duration: float


@dataclass(frozen=True, kw_only=True)
class Abort:
    """Ends the load early when the share of failed requests stays at or above `errors` for `duration` seconds."""

    errors: float
    duration: float


@dataclass(frozen=True, kw_only=True)
class LoadProfile:
    """The warm-up runs at the first stage's level, before the stages, and is never judged."""

    model: Literal["open", "closed"]
    stages: tuple[Stage, ...]
    longest: float = 0.0  # s of measured time that the stages may be repeated to, while that would decide; 0: never
    warmup: float = 0.0
    arrivals: Literal["poisson", "even"] = "poisson"  # open model only
    max_users: int = 1000  # open model: most virtual users at once, over all processes
    abort: Abort | None = None
    seed: int | None = None  # of what is drawn at random; None: the same for every run of the same load
    session: Literal["new", "keep"] = "new"  # whether a visit begins as a new visitor
    replay: Replay | None = None  # whose arrivals take the place of drawn ones; the stage is then their mean


NO_LOAD = LoadProfile(model="closed", stages=())  # of a file with nothing but pages
