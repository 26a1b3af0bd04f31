"""One criterion judged, and what all of a budget come to: what would decide them, what would have been found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from perfgate.gate.absolute import Question
from perfgate.gate.levels import FALSE_PASS_RATE
from perfgate.gate.verdict import deciding
from perfgate.gate.verdict.comparing import floor_of
from perfgate.gate.verdict.deciding import Weighed
from perfgate.model.budget_file import Criterion, GatePolicy, Kind
from perfgate.model.metric import Metric, Unit
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Run
from perfgate.model.verdict import CriterionResult


@dataclass(frozen=True, kw_only=True)
class JudgedCriterion:
    """A criterion's result, what would decide it where nothing does (for people, and how many times as long a run), and
    the smallest rise that would have been found."""

    result: CriterionResult
    cure: str = ""
    more: float = inf
    detectable: float = inf


def judge_criterion(
    criterion: Criterion, result: EndpointResult, metric: Metric, weighed: Weighed | None, policy: GatePolicy, run: Run
) -> JudgedCriterion:
    if criterion.kind is Kind.ABSOLUTE:
        question = Question(
            limit=criterion.limit,
            duration=run.duration,
            level=1 - FALSE_PASS_RATE / max(1, run.looks),
            sensitivity=policy.sensitivity,
        )
        outcome, check = deciding.absolute(criterion, result, metric.name, question)
        return JudgedCriterion(
            result=criterion_result(criterion, outcome),
            cure=check.cure,
            more=check.needed / check.requests if check.needed and check.requests else inf,
            detectable=_rise_to(check.detectable, check.measured, metric),
        )
    outcome = deciding.relative(criterion, weighed, floor_of(metric, policy.floor), result.requests, policy.sensitivity)
    return JudgedCriterion(
        result=criterion_result(criterion, outcome),
        more=weighed.comparison.more if weighed else inf,
        detectable=weighed.comparison.detectable if weighed else inf,
    )


def smallest_detectable(judged: Sequence[JudgedCriterion]) -> float | None:
    """Detectable change of the relative criteria, where there is a comparison; else of the absolute ones."""
    for kind in (Kind.RELATIVE, Kind.ABSOLUTE):
        known = [item.detectable for item in judged if item.result.kind is kind and isfinite(item.detectable)]
        if known:
            return min(known)
    return None


def _rise_to(value: float | None, measured: float, metric: Metric) -> float:
    """The worsening from what was measured to `value`: a difference of shares, a ratio of anything else. Negative where
    the limit is broken for sure."""
    if value is None:
        return inf
    worsening = measured - value if metric.higher_is_better else value - measured
    if metric.unit is Unit.RATIO:
        return worsening
    return worsening / measured if measured else inf


def time_needed(judged: Sequence[JudgedCriterion]) -> float | None:
    """How many times as long a run would decide all criteria; None where no run would, for files have no infinity."""
    needed = max((item.more for item in judged if item.result.outcome is Outcome.INCONCLUSIVE), default=inf)
    return needed if isfinite(needed) else None


def criterion_result(criterion: Criterion, outcome: Outcome) -> CriterionResult:
    return CriterionResult(
        kind=criterion.kind,
        limit=criterion.limit,
        text=criterion.text,
        severity=criterion.severity,
        outcome=outcome,
        difference=criterion.difference,
    )
