"""The one sentence of a finding: what was measured, against what limit and what baseline, in the reader's units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from perfgate.model.budget_file import Budget, Kind
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


def sentence(
    budget: Budget,
    result: EndpointResult,
    comparison: Compared,
    criteria: Sequence[CriterionResult],
    baseline: Baseline,
) -> str:
    """Such as "search p95 131 ms: over the limit of 120 ms; +60 % on the baseline of 82 ms (5 runs on main)"."""
    metric = METRICS[budget.metric]
    parts = [_absolute(criterion, metric) for criterion in criteria if criterion.kind is Kind.ABSOLUTE]
    parts += _relative(budget, comparison, criteria, baseline)
    text = f"{budget.endpoint} {metric.name} {format_value(metric.unit, comparison.measured)}: {'; '.join(parts)}."
    if metric.name == "errors" and any(criterion.outcome in BROKEN for criterion in criteria):
        text += _failures(result)
    return text


def _absolute(criterion: CriterionResult, metric: Metric) -> str:
    limit = format_value(metric.unit, criterion.limit)
    if criterion.outcome not in BROKEN:
        return f"within the limit of {limit}"
    over = "under" if metric.higher_is_better else "over"
    return f"{over} the {'warning' if criterion.outcome is Outcome.WARN else ''} limit of {limit}".replace("  ", " ")


def _relative(
    budget: Budget, comparison: Compared, criteria: Sequence[CriterionResult], baseline: Baseline
) -> list[str]:
    relative = [criterion for criterion in criteria if criterion.kind is Kind.RELATIVE]
    metric = METRICS[budget.metric]
    if comparison.baseline is None:
        return [_no_baseline(budget, comparison, baseline)] if relative else []
    change = format_change(comparison.change) if comparison.change is not None else ""
    if not change and comparison.difference is not None:
        change = format_difference(metric.unit, comparison.difference)
    where = f"median of {_runs(comparison.runs)}{f' on {baseline.branch}' if baseline.branch else ''}"
    text = f"{change} against the baseline of {format_value(metric.unit, comparison.baseline)} ({where})"
    limits = ", ".join(_relative_limit(criterion) for criterion in relative)
    return [f"{text}{f', {limits}' if limits else ''}"]


def _relative_limit(criterion: CriterionResult) -> str:
    word = "warning limit" if criterion.severity == "warn" else "limit"
    return f"over the {word} {criterion.text}" if criterion.outcome in BROKEN else f"{word} {criterion.text}"


def _no_baseline(budget: Budget, comparison: Compared, baseline: Baseline) -> str:
    reason = baseline.excluded.get(budget.endpoint, "")
    have = f"{_runs(comparison.runs)} on record{f' on {baseline.branch}' if baseline.branch else ''}"
    return f"no baseline yet: {have}, {baseline.min_runs} needed{f' ({reason})' if reason else ''}"


def _runs(number: int) -> str:
    return f"{number} run{'' if number == 1 else 's'}"


def _failures(result: EndpointResult) -> str:
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in result.failures_by_kind.items())
    example = f"; for example {result.failure_examples[0]}" if result.failure_examples else ""
    return f" {result.failures:,} of {result.requests:,} requests failed ({kinds}{example})."
