"""Budgets + Run + Baseline -> Verdict: exactly one finding per budget, with an outcome per criterion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from perfgate.gate.health import Doubt, doubts
from perfgate.gate.sentences import sentence, sentence_without_data
from perfgate.model.budget_file import Budget, Criterion, Floor, GatePolicy, Kind, Severity
from perfgate.model.metric import METRICS, Metric, Unit
from perfgate.model.outcome import BADNESS, Outcome, worst
from perfgate.model.run import EndpointResult, PastRun, Run
from perfgate.model.verdict import Baseline, CriterionResult, Finding, Verdict

NOTHING_ASKED = "Nothing was judged: there is no budget for what was sent."


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A measured value beside its baseline: the median of `runs` earlier ones, None when there are too few.

    `floor` is the smallest difference that counts, in the metric's base unit.
    """

    measured: float
    baseline: float | None
    runs: int
    floor: float = 0.0

    @property
    def difference(self) -> float | None:
        return None if self.baseline is None else self.measured - self.baseline

    @property
    def change(self) -> float | None:
        """As a ratio of the baseline; None without one, or when it is 0."""
        return None if not self.baseline else self.measured / self.baseline - 1


def judge(budgets: Sequence[Budget], run: Run, baseline: Baseline, policy: GatePolicy) -> Verdict:
    """One finding per budget, in the order of the budgets."""
    results = {result.name: result for result in run.endpoints}
    findings = tuple(
        _doubted(_finding(budget, results.get(budget.endpoint), baseline, policy), doubts(budget, run))
        for budget in budgets
    )
    used = {past.run.id: past.run.started for series in baseline.runs.values() for past in series}
    return Verdict(
        run=run.id,
        name=run.name,
        outcome=worst(finding.outcome for finding in findings),
        findings=findings,
        baseline_branch=baseline.branch,
        baseline_runs=tuple(sorted(used, key=lambda run_id: used[run_id], reverse=True)),
        notes=(*(() if budgets else (NOTHING_ASKED,)), *baseline.notes, *run.warnings),
    )


def _finding(budget: Budget, result: EndpointResult | None, baseline: Baseline, policy: GatePolicy) -> Finding:
    metric = METRICS[budget.metric]
    if result is None or metric.name not in result.metrics:
        return _without_data(budget, result)
    comparison = _compare(budget, result.metrics[metric.name], baseline, _floor(metric, policy.floor))
    criteria = tuple(_judged(criterion, comparison, metric) for criterion in budget.criteria)
    outcome = worst(criterion.outcome for criterion in criteria)
    return Finding(
        endpoint=budget.endpoint,
        metric=budget.metric,
        outcome=outcome,
        reason=_reason(outcome, criteria),
        sentence=sentence(budget, result, comparison, criteria, baseline),
        measured=comparison.measured,
        samples=result.samples if metric.unit is Unit.SECONDS else result.requests,
        baseline=comparison.baseline,
        baseline_runs=comparison.runs,
        change=comparison.change,
        criteria=criteria,
        line=budget.line,
    )


def _doubted(finding: Finding, against: Iterable[Doubt]) -> Finding:
    """The finding, or that it cannot be decided, with the reason and the cure."""
    doubt = next((doubt for doubt in against if doubt.changes(finding.outcome)), None)
    if doubt is None:
        return finding
    return replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        reason="load-generator",
        sentence=f"{finding.sentence} Not decided: {doubt.text}.",
        criteria=tuple(
            replace(criterion, outcome=Outcome.INCONCLUSIVE) if doubt.changes(criterion.outcome) else criterion
            for criterion in finding.criteria
        ),
    )


def _without_data(budget: Budget, result: EndpointResult | None) -> Finding:
    return Finding(
        endpoint=budget.endpoint,
        metric=budget.metric,
        outcome=Outcome.NO_DATA,
        reason="no-samples",
        sentence=sentence_without_data(budget, result),
        criteria=tuple(_criterion_result(criterion, Outcome.NO_DATA) for criterion in budget.criteria),
        line=budget.line,
    )


def _floor(metric: Metric, floor: Floor) -> float:
    return {Unit.SECONDS: floor.time, Unit.RATIO: floor.errors}.get(metric.unit, 0.0)


def _compare(budget: Budget, measured: float, baseline: Baseline, floor: float) -> Comparison:
    key = (budget.endpoint, budget.metric)
    runs = baseline.runs.get(key, ())
    enough = len(runs) >= (1 if key in baseline.accepted else baseline.min_runs)
    values = [_value(past, key) for past in runs]
    middle = median(values) if enough and values else None
    return Comparison(measured=measured, baseline=middle, runs=len(values), floor=floor)


def _value(past: PastRun, key: tuple[str, str]) -> float:
    return next(result.metrics[key[1]] for result in past.run.endpoints if result.name == key[0])


def _judged(criterion: Criterion, comparison: Comparison, metric: Metric) -> CriterionResult:
    if criterion.kind is Kind.ABSOLUTE:
        return _criterion_result(criterion, _absolute(criterion, comparison.measured, metric))
    return _criterion_result(criterion, _relative(criterion, comparison, metric))


def _absolute(criterion: Criterion, measured: float, metric: Metric) -> Outcome:
    broken = measured < criterion.limit if metric.higher_is_better else measured > criterion.limit
    return _broken(criterion) if broken else Outcome.PASS


def _relative(criterion: Criterion, comparison: Comparison, metric: Metric) -> Outcome:
    if comparison.baseline is None or comparison.difference is None:
        return Outcome.NO_BASELINE
    worse = -comparison.difference if metric.higher_is_better else comparison.difference
    if abs(worse) < comparison.floor:
        return Outcome.PASS
    limit = abs(criterion.limit) if criterion.difference else abs(criterion.limit) * comparison.baseline
    if worse > 0 and worse >= limit:
        return _broken(criterion)
    return Outcome.IMPROVED if worse < 0 and -worse >= limit else Outcome.PASS


def _broken(criterion: Criterion) -> Outcome:
    return Outcome.FAIL if criterion.severity is Severity.FAIL else Outcome.WARN


def _criterion_result(criterion: Criterion, outcome: Outcome) -> CriterionResult:
    return CriterionResult(
        kind=criterion.kind,
        limit=criterion.limit,
        text=criterion.text,
        severity=criterion.severity,
        outcome=outcome,
    )


def _reason(outcome: Outcome, criteria: Sequence[CriterionResult]) -> str:
    """A word for programs."""
    if outcome in (Outcome.FAIL, Outcome.WARN):
        decisive = min(criteria, key=lambda one: (BADNESS[one.outcome], one.kind is Kind.RELATIVE))
        return "over-limit" if decisive.kind is Kind.ABSOLUTE else "regression"
    return {Outcome.NO_BASELINE: "too-few-runs", Outcome.IMPROVED: "improvement"}.get(outcome, "within-limits")
