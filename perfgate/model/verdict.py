"""Verdict: all findings of a run; its outcome is that of the decided ones. `verdict.json` has this shape.
And Incident: what several verdicts on one deployment come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from perfgate.model.budget_file import Kind, Severity
from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.run import Acceptance, PastRun


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The earlier runs that one run is compared with, newest first: chosen by the gate, never stored.

    `runs` per endpoint and metric, because acceptances and changed requests cut each series at its own place.
    `earlier` has the levels before accepted changes, newest first: they tell a series' spread, no longer its level.
    `excluded` says per endpoint why earlier runs do not compare. `notes` tells people what changed since.
    """

    branch: str
    min_runs: int
    runs: Mapping[tuple[str, str], tuple[PastRun, ...]] = field(default_factory=dict)
    earlier: Mapping[tuple[str, str], tuple[tuple[PastRun, ...], ...]] = field(default_factory=dict)
    accepted: frozenset[tuple[str, str]] = frozenset()  # series that begin at an acceptance: one run is enough
    excluded: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CriterionResult:
    kind: Kind
    limit: float
    text: str
    severity: Severity
    outcome: Outcome
    difference: bool = False  # a relative limit in the metric's unit (`+5ms`), not in per cent


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Outcome and reason of one budget. Values in base units; `change` is a ratio (0.6 is +60 %).

    `change` is that of the two numbers beside it. Where something was taken out that is not the
    endpoint's own (what all endpoints have in common, or the runner moved by), `own_change` is what was judged.
    """

    endpoint: str
    metric: str
    outcome: Outcome
    reason: str  # a word for programs: "over-limit", "regression", "within-limits", "too-few-runs", ...
    sentence: str  # for people
    code: str = ""  # for `perfgate explain`: that of the reason
    measured: float | None = None
    samples: int = 0
    baseline: float | None = None
    baseline_runs: int = 0
    excluded: str = ""  # why earlier runs do not count, where that leaves it without a baseline
    baseline_ids: tuple[str, ...] = ()  # of those runs, newest first; empty in files of older versions
    change: float | None = None
    own_change: float | None = None
    interval: tuple[float, float] | None = None  # 95 %, two-sided, of `own_change` or else `change`; of `measured`
    # without a comparison
    detectable: float | None = None  # the smallest rise that this run would have found: a ratio of the baseline (or of
    # `measured`, without one), for errors a difference of shares; of what should not fall, the smallest fall. Negative:
    # less than was measured is found already
    bound: float | None = None  # one-sided 95 % upper bound of the worsening: a pass keeps it under the limit
    p_value: float | None = None  # one-sided, of "no worse than the baseline"; unadjusted
    more: float | None = None  # of an inconclusive one: how many times as long a run would probably decide; None: none
    compared: str = ""  # with what: "history", "base" (same-run A/B), or "" for absolute criteria only
    criteria: tuple[CriterionResult, ...] = ()
    line: int = 0  # in the budget file


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Something that probably got worse without breaking a budget. It never changes a verdict."""

    endpoint: str
    metric: str
    measured: float
    baseline: float
    change: float | None  # a ratio, as in Finding
    p_value: float  # adjusted: a tenth of a watch list of p-values up to 0.10 is chance (Benjamini-Hochberg)


@dataclass(frozen=True, kw_only=True)
class Overload:
    """A target that could not keep up: requests in flight in the first and in the last fifth of the run."""

    before: float
    after: float
    cause: str = ""  # the endpoint that is the likely cause; empty where none stands out
    growth: float | None = None  # by which its fastest answers became slower, s; None: nothing to compare with
    others: int = 0  # endpoints besides the cause


@dataclass(frozen=True, kw_only=True)
class Verdict:
    schema: int = 1
    run: str  # id
    name: str  # of the budget file
    outcome: Outcome
    findings: tuple[Finding, ...]
    inconclusive: Literal["neutral", "warn", "fail"] = "neutral"  # what undecided findings did to the outcome
    budget: str = ""  # path of the budget file as it was named, for commands to copy; empty: not known
    watch: tuple[Watched, ...] = ()  # surest first
    baseline_branch: str = ""
    baseline_runs: tuple[str, ...] = ()  # ids, newest first
    baseline_needed: int = 0  # earlier runs that make a baseline (`min_runs`); 0 in an A/B test
    is_saved: bool = True  # the run is in the history: later ones are compared with it
    acceptances: tuple[Acceptance, ...] = ()  # of this run, by trailers and labels
    overload: Overload | None = None  # the target could not keep up with the load; then the first of the notes says so
    notes: tuple[Note, ...] = ()  # what changed since the baseline, doubts, warnings


NOT_MEASURED = ("deployment", "measured")  # the key of rounds that came to nothing, in the place of a budget's


@dataclass(frozen=True, kw_only=True)
class AlertPolicy:
    """The error budget: an incident begins with `failures` failed rounds among the last `among`, and is over after
    `recoveries` good ones in a row."""

    failures: int = 2
    among: int = 3
    recoveries: int = 2


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Rounds are named by their run's id, times are ISO 8601 in UTC."""

    endpoint: str
    metric: str
    began: str  # start of the first failed round
    opened: str  # round with which it was sure
    failed: int  # rounds that failed
    ended: str = ""  # start of the first good round after it; empty while it is open
    closed: str = ""  # round with which it was over; empty while it is open
    is_cut: bool = False  # it may have begun before the oldest round that is known
