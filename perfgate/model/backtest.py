"""Backtest: what a budget file would have said of the runs that the history has."""

from __future__ import annotations

from dataclasses import dataclass

from perfgate.model.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A budget that a build would have failed. `change` is a ratio, None without a comparison."""

    endpoint: str
    metric: str
    outcome: Outcome
    measured: float | None
    change: float | None
    limit: str  # as the budget file has it: "300ms", "+10%"


@dataclass(frozen=True, kw_only=True)
class Build:
    """A remembered run, judged by the budget file as it is now. `then` is what the history has of it."""

    run: str  # id
    commit: str
    branch: str
    started: str  # ISO 8601
    outcome: Outcome
    then: Outcome
    breaches: tuple[Breach, ...] = ()
    undecided: int = 0  # budgets
    budgets: int = 0


@dataclass(frozen=True, kw_only=True)
class BudgetRecord:
    """One budget over all builds. `detectable` is the median of the smallest rises that they would have shown: a ratio,
    for errors a difference of shares."""

    endpoint: str
    metric: str
    limits: tuple[str, ...]  # as the budget file has them
    failed: int = 0
    undecided: int = 0
    kept: int = 0
    unknown: int = 0  # without a baseline or without data
    detectable: float | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """All builds, judged with every relative limit `factor` times as large."""

    factor: float
    limit: str  # "+7.5%", where all relative limits are one and the same; else empty
    outcomes: tuple[Outcome, ...]  # one per build, oldest first
    failed: int
    undecided: int  # builds of which nothing could be decided
    passed: int
    unknown: int  # builds without a baseline or without data
    undecided_budgets: int  # of all builds together


@dataclass(frozen=True, kw_only=True)
class Regression:
    """What somebody accepted, or what failed when it was measured. Empty endpoint or metric: all of them."""

    run: str
    commit: str
    started: str
    endpoint: str
    metric: str
    reason: str  # of whoever accepted it; empty where nobody did
    accepted: bool
    change: float | None  # as it is judged now: the largest, where several budgets are meant
    outcome: Outcome  # FAIL: it would have been found
    factors: tuple[float, ...] = ()  # of the steps with which it would have been found


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """Builds and outcomes are oldest first, budgets in the order of the budget file."""

    schema: int = 1
    name: str
    branch: str  # of the baseline
    builds: tuple[Build, ...]
    budgets: tuple[BudgetRecord, ...]
    steps: tuple[Step, ...] = ()  # tighter limits first; none without relative limits
    regressions: tuple[Regression, ...] = ()
