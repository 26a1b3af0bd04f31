"""The one sentence of a finding: what was measured, against what limit and what baseline, in the reader's units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from perfgate.model.budget_file import Budget, Criterion, Kind, Severity
from perfgate.model.metric import METRICS, Metric
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult
from perfgate.model.verdict import Baseline, CriterionResult
from perfgate.units import format_change, format_difference, format_value

BROKEN = (Outcome.FAIL, Outcome.WARN)


class Compared(Protocol):
    """See judging.Comparison."""

    @property
    def measured(self) -> float: ...
    @property
    def baseline(self) -> float | None: ...
    @property
    def runs(self) -> int: ...
    @property
    def change(self) -> float | None: ...
    @property
    def difference(self) -> float | None: ...
    @property
    def floor(self) -> float: ...


def sentence(
    budget: Budget,
    result: EndpointResult,
    comparison: Compared,
    criteria: Sequence[CriterionResult],
    baseline: Baseline,
) -> str:
    """Such as "search p95 131 ms: over the limit of 120 ms; +60 % against the baseline of 82 ms (median of 5 runs on
    main), over the limit of +10%"."""
    metric = METRICS[budget.metric]
    parts = [_absolute(criterion, metric) for criterion in criteria if criterion.kind is Kind.ABSOLUTE]
    parts += _relative(budget, comparison, criteria, baseline)
    text = f"{budget.endpoint} {metric.name} {format_value(metric.unit, comparison.measured)}: {'; '.join(parts)}."
    if metric.name == "errors" and any(criterion.outcome in BROKEN for criterion in criteria):
        text += _failures(result)
    return text


def sentence_without_data(budget: Budget, result: EndpointResult | None) -> str:
    """Why there is nothing to judge."""
    if result is None or not result.requests:
        return f"{budget.endpoint}: no requests were measured, so its {budget.metric} cannot be judged."
    if result.failures < result.requests:
        return f"{budget.endpoint}: its {budget.metric} was not measured, so it cannot be judged."
    return (
        f"{budget.endpoint}: all {result.requests:,} requests failed ({_kinds(result)}), so there is no "
        f"{budget.metric} to judge."
    )


def _absolute(criterion: CriterionResult, metric: Metric) -> str:
    broken = criterion.outcome in BROKEN
    verb = ("under" if broken else "meets") if metric.higher_is_better else ("over" if broken else "within")
    noun = "minimum" if metric.higher_is_better else "limit"
    return f"{verb} the {_warning(criterion)}{noun} of {format_value(metric.unit, criterion.limit)}"


def _relative(
    budget: Budget, comparison: Compared, criteria: Sequence[CriterionResult], baseline: Baseline
) -> list[str]:
    pairs = zip(budget.criteria, criteria, strict=True)
    relative = [(criterion, result) for criterion, result in pairs if criterion.kind is Kind.RELATIVE]
    metric = METRICS[budget.metric]
    if comparison.baseline is None or comparison.difference is None:
        return [_no_baseline(budget, comparison, baseline)] if relative else []
    if comparison.difference == 0:
        change = "the same as"
    elif comparison.change is None or any(criterion.difference for criterion, _ in relative):
        change = f"{format_difference(metric.unit, comparison.difference)} against"
    else:
        change = f"{format_change(comparison.change)} against"
    where = f"{'median of ' if comparison.runs > 1 else ''}{_runs(comparison.runs)}"
    where += f" on {baseline.branch}" if baseline.branch else ""
    text = f"{change} the baseline of {format_value(metric.unit, comparison.baseline)} ({where})"
    limits = [_relative_limit(criterion, result, metric) for criterion, result in relative]
    if any(_too_small(criterion, result, comparison, metric) for criterion, result in relative):
        fall = "fall" if metric.higher_is_better else "rise"
        limits = [f"a {fall} of less than {format_value(metric.unit, comparison.floor)} does not count"]
    return [", ".join([text, *limits])]


def _relative_limit(criterion: Criterion, result: CriterionResult, metric: Metric) -> str:
    verb = ("below" if metric.higher_is_better else "over") if result.outcome in BROKEN else "within"
    return f"{verb} the {_warning(result)}limit of {criterion.text}"


def _too_small(criterion: Criterion, result: CriterionResult, comparison: Compared, metric: Metric) -> bool:
    """Whether only the floor keeps a criterion from being broken."""
    difference, baseline = comparison.difference or 0.0, comparison.baseline or 0.0
    worse = -difference if metric.higher_is_better else difference
    limit = abs(criterion.limit) if criterion.difference else abs(criterion.limit) * baseline
    return result.outcome is Outcome.PASS and worse > 0 and worse >= limit


def _warning(criterion: CriterionResult) -> str:
    return "warning " if criterion.severity is Severity.WARN else ""


def _no_baseline(budget: Budget, comparison: Compared, baseline: Baseline) -> str:
    reason = baseline.excluded.get(budget.endpoint, "")
    have = f"{_runs(comparison.runs)} on record{f' on {baseline.branch}' if baseline.branch else ''}"
    return f"no baseline yet: {have}, {baseline.min_runs} needed{f' ({reason})' if reason else ''}"


def _runs(number: int) -> str:
    return f"{number} run{'' if number == 1 else 's'}"


def _failures(result: EndpointResult) -> str:
    return f" {result.failures:,} of {result.requests:,} requests failed ({_kinds(result)})."


def _kinds(result: EndpointResult) -> str:
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in result.failures_by_kind.items())
    return f"{kinds}; for example {result.failure_examples[0]}" if result.failure_examples else kinds
