"""The one sentence of a finding: what was measured, against what limit and what baseline, in the reader's units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from perfgate.gate.comparison import Comparison
from perfgate.gate.history.baseline import has_baseline, runs_needed
from perfgate.gate.verdict.change_words import amount_words, change_words, own_part, value_words
from perfgate.gate.verdict.deciding import threshold_of
from perfgate.gate.verdict.failure_words import attempts, failure_kinds, timeout_words
from perfgate.gate.verdict.job_times import job_times
from perfgate.model.budget_file import Budget, Criterion, Kind, Severity
from perfgate.model.metric import METRICS, Metric
from perfgate.model.outcome import Outcome
from perfgate.model.run import Arm, EndpointResult
from perfgate.model.verdict import Baseline, CriterionResult
from perfgate.text.plurals import counted
from perfgate.text.units import format_value

BROKEN = (Outcome.FAIL, Outcome.WARN)


@dataclass(frozen=True, kw_only=True)
class FindingContext:
    """All that a sentence is made of. `cures` says for each criterion what would decide it; `floor` in base units."""

    budget: Budget
    result: EndpointResult
    comparison: Comparison | None
    criteria: tuple[CriterionResult, ...]
    cures: tuple[str, ...]
    floor: float
    baseline: Baseline
    arms: tuple[Arm, ...] = ()
    since: Comparison | None = None  # beside the anchor
    anchor: Criterion | None = None  # its criterion; the last of `criteria` is its result

    @property
    def metric(self) -> Metric:
        return METRICS[self.budget.metric]


def sentence(context: FindingContext) -> str:
    """Such as "search p95 82 to 131 ms, +60 % (95 % interval +48 to +71 %), over the limit of +10%; over the limit of
    120 ms."."""
    head = f"{context.budget.endpoint} {context.metric.name} {_values(context)}"
    text = f"{head}{', ' if context.comparison else ': '}{'; '.join(_parts(context))}."
    if context.metric.name == "errors" and any(criterion.outcome in BROKEN for criterion in context.criteria):
        text += _failures(context.result)
    text += timeout_words(context.result, context.metric.name) + job_times(context.result, context.metric.name)
    return " ".join([text, *(_as_sentence(note) for note in _notes(context))])


def _parts(context: FindingContext) -> Iterator[str]:
    """The change and its limits, then the fixed ones; but what broke comes first."""
    relative, absolute = list(_relative(context)), list(_absolute(context))
    if context.comparison is not None:
        change = change_words(
            context.comparison, context.metric, any(criterion.difference for criterion in _criteria_of(context))
        )
        if relative and _broken(context, Kind.ABSOLUTE) and not _broken(context, Kind.RELATIVE):
            first = next(at for at, item in enumerate(_of_kind(context, Kind.ABSOLUTE)) if item.outcome in BROKEN)
            yield f"{change}, {absolute.pop(first)}"
            yield ", ".join(relative)
        elif parts := [*filter(None, [change]), *relative]:
            yield ", ".join(parts)
    else:
        yield from relative
    yield from absolute
    yield from _since(context)


def _of_kind(context: FindingContext, kind: Kind) -> list[CriterionResult]:
    return [criterion for criterion in context.criteria if criterion.kind is kind]


def _broken(context: FindingContext, kind: Kind) -> bool:
    return any(item.outcome in BROKEN for item in _of_kind(context, kind))


def _criteria_of(context: FindingContext) -> list[Criterion]:
    """The relative criteria, without that of the anchor."""
    return [criterion for criterion in context.budget.criteria if criterion.kind is Kind.RELATIVE]


def sentence_without_data(budget: Budget, result: EndpointResult | None) -> str:
    """Why there is nothing to judge."""
    if METRICS[budget.metric].is_of_page and (result is None or not result.requests):
        return f"{budget.endpoint}: the page was not viewed, so its {budget.metric} cannot be judged."
    if result is None or not result.requests:
        return f"{budget.endpoint}: no requests were measured, so its {budget.metric} cannot be judged."
    if result.failures < result.requests and METRICS[budget.metric].is_counted:
        return (
            f"{budget.endpoint} {budget.metric}: not measured, so it cannot be judged; {METRICS[budget.metric].needs}."
        )
    if result.failures < result.requests:
        return f"{budget.endpoint}: its {budget.metric} was not measured, so it cannot be judged."
    return (
        f"{budget.endpoint}: all {result.requests:,} {attempts(result)} failed ({failure_kinds(result)}), so there is "
        f"no {budget.metric} to judge."
    )


def _notes(context: FindingContext) -> Iterator[str]:
    """The support only where it was needed."""
    if context.comparison is None:
        return
    yield from own_part(context.comparison, context.metric)
    yield from context.comparison.notes
    decided = {Outcome.FAIL, Outcome.WARN, Outcome.IMPROVED}
    if context.comparison.support and any(
        criterion.kind is Kind.RELATIVE and criterion.outcome in decided for criterion in context.criteria
    ):
        yield context.comparison.support


def _values(context: FindingContext) -> str:
    """ "82 to 131 ms"; the unit once, where it is the same."""
    measured = _shown(context, context.result.metrics[context.metric.name])
    if context.comparison is None:
        return measured
    before = _shown(context, context.comparison.baseline)
    if before == measured:
        return f"{measured} as before"
    number, _, name = before.partition(" ")
    return f"{number if name and measured.endswith(f' {name}') else before} to {measured}"


def _shown(context: FindingContext, value: float) -> str:
    limits = [criterion.limit for criterion in _of_kind(context, Kind.ABSOLUTE)]
    before = [context.comparison.baseline] if context.comparison else []
    return value_words(context.metric, value, [context.result.metrics[context.metric.name], *limits, *before])


# ---- absolute criteria


def _absolute(context: FindingContext) -> Iterator[str]:
    for criterion, cure in zip(context.criteria, context.cures, strict=True):
        if criterion.kind is Kind.ABSOLUTE:
            yield _absolute_part(criterion, context, cure)


def _absolute_part(criterion: CriterionResult, context: FindingContext, cure: str) -> str:
    metric, measured = context.metric, context.result.metrics[context.metric.name]
    noun = f"{_warning(criterion)}{'minimum' if metric.higher_is_better else 'limit'}"
    limit = f"the {noun} of {_shown(context, criterion.limit)}"
    if criterion.outcome is Outcome.INCONCLUSIVE:
        remaining = measured >= criterion.limit if metric.higher_is_better else measured <= criterion.limit
        side = ("above" if remaining else "under") if metric.higher_is_better else ("within" if remaining else "over")
        return f"{side} {limit}, but not surely{f': {cure}' if cure else ''}"
    broken = criterion.outcome in BROKEN
    verb = ("under" if broken else "meets") if metric.higher_is_better else ("over" if broken else "within")
    return f"{verb} {limit}"


# ---- relative criteria


def _relative(context: FindingContext) -> Iterator[str]:
    pairs = zip(context.budget.criteria, context.criteria, strict=False)  # without that of the anchor
    relative = [(criterion, result) for criterion, result in pairs if criterion.kind is Kind.RELATIVE]
    if context.comparison is None:
        if relative:
            yield _no_baseline(context)
        return
    yield from dict.fromkeys(
        _relative_limit(criterion, result, context, context.comparison) for criterion, result in relative
    )


def _since(context: FindingContext) -> Iterator[str]:
    """The anchor, unless its limit is kept: then there is nothing to tell."""
    if (
        context.since is None
        or context.anchor is None
        or context.criteria[-1].outcome in (Outcome.PASS, Outcome.IMPROVED)
    ):
        return
    unit = context.metric.unit
    before = format_value(unit, context.since.baseline)
    limit = _relative_limit(context.anchor, context.criteria[-1], context, context.since)
    yield f"{before} then: {change_words(context.since, context.metric, as_difference=False)}, {limit}"


def _relative_limit(
    criterion: Criterion, result: CriterionResult, context: FindingContext, comparison: Comparison
) -> str:
    limit = f"{_warning(result)}limit of {criterion.text}"
    if result.outcome is Outcome.INCONCLUSIVE:
        return _inconclusive(criterion, limit, context, comparison)
    if result.outcome is Outcome.IMPROVED:
        return "an improvement"
    is_over = comparison.change >= threshold_of(criterion, comparison, 0.0)
    if result.outcome is Outcome.PASS and context.floor and is_over:
        moved = format_value(context.metric.unit, _amount(comparison))
        floor = format_value(context.metric.unit, context.floor)
        return f"{moved} is under the floor of {floor}, so the {limit} does not count"
    verb = ("below" if context.metric.higher_is_better else "over") if result.outcome in BROKEN else "within"
    return f"{verb} the {limit}"


def _amount(comparison: Comparison) -> float:
    """The worsening in the metric's base unit."""
    return comparison.change if comparison.is_difference else comparison.change * comparison.baseline


def _inconclusive(criterion: Criterion, limit: str, context: FindingContext, comparison: Comparison) -> str:
    """Calm: most such findings are of unchanged code."""
    threshold = threshold_of(criterion, comparison, context.floor)
    cure = comparison.cure or "`--base-ref` would show it"
    if max(comparison.change, comparison.expectation) >= threshold:
        return f"{limit}: more than that, but it may be chance; {cure.replace('would show it', 'would tell')}"
    move = "fall" if context.metric.higher_is_better else "rise"
    reach = amount_words(comparison.bound, comparison, context.metric, criterion.difference)
    size = f"of {reach}" if isfinite(comparison.bound) else "of any size"
    return f"{limit}: no regression seen, but this run could have missed a {move} {size}: {cure}"


def _no_baseline(context: FindingContext) -> str:
    if context.arms and context.metric.name == "max":
        return "not compared: a maximum is a single request, and says nothing of the rest; limit p99 instead"
    if context.arms and context.budget.endpoint in context.arms[0].absent:
        return "not compared: new in this branch, the base does not have it"
    if context.arms:
        return "not compared: the base has no such measurement"
    reason = context.baseline.excluded.get(context.budget.endpoint, "")
    key = (context.budget.endpoint, context.budget.metric)
    runs = len(context.baseline.runs.get(key, ()))
    have = f"{counted(runs, 'earlier run')}{f' on {context.baseline.branch}' if context.baseline.branch else ''}"
    if has_baseline(context.baseline, key):
        return "not compared: there is nothing to compare by"
    return f"no baseline yet: {have}, {runs_needed(context.baseline, key)} needed{f' ({reason})' if reason else ''}"


def _warning(criterion: CriterionResult) -> str:
    return "warning " if criterion.severity is Severity.WARN else ""


def _as_sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].removesuffix('.')}."


def _failures(result: EndpointResult) -> str:
    return f" {result.failures:,} of {result.requests:,} {attempts(result)} failed ({failure_kinds(result)})."
