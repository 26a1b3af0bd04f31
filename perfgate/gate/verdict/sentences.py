"""The one sentence of a finding: what was measured, against what limit and what baseline, in the reader's units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from perfgate.gate.comparison import RESOLUTION, Evidence, is_apart, signed
from perfgate.gate.history.baseline import has_baseline
from perfgate.gate.verdict.deciding import threshold_of
from perfgate.model.budget_file import Budget, Criterion, Kind, Severity
from perfgate.model.metric import METRICS, Metric
from perfgate.model.outcome import Outcome
from perfgate.model.run import Arm, EndpointResult
from perfgate.model.verdict import Baseline, CriterionResult
from perfgate.text.units import format_change, format_difference, format_value

SMALL = 0.02  # of a change: what is taken out is told from here on
COARSE = 0.10  # changes from which tenths of a per cent are not said: no interval knows them
BROKEN = (Outcome.FAIL, Outcome.WARN)


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that a sentence is made of. `cures` says for each criterion what would decide it; `floor` in base units."""

    budget: Budget
    result: EndpointResult
    evidence: Evidence | None
    criteria: tuple[CriterionResult, ...]
    cures: tuple[str, ...]
    floor: float
    baseline: Baseline
    arms: tuple[Arm, ...] = ()
    since: Evidence | None = None  # beside the anchor
    anchor: Criterion | None = None  # its criterion; the last of `criteria` is its result

    @property
    def metric(self) -> Metric:
        return METRICS[self.budget.metric]


def sentence(told: Told) -> str:
    """Such as "search p95 82 to 131 ms, +60 % (95 % interval +48 to +71 %), over the limit of +10%; over the limit of
    120 ms."."""
    head = f"{told.budget.endpoint} {told.metric.name} {_values(told)}"
    text = f"{head}{', ' if told.evidence else ': '}{'; '.join(_parts(told))}."
    if told.metric.name == "errors" and any(criterion.outcome in BROKEN for criterion in told.criteria):
        text += _failures(told.result)
    return " ".join([text, *(_as_sentence(note) for note in _notes(told))])


def _parts(told: Told) -> Iterator[str]:
    """The change and its limits, then the fixed ones; but what broke comes first."""
    relative, absolute = list(_relative(told)), list(_absolute(told))
    if told.evidence is not None:
        change = _change(told.evidence, told.metric, any(criterion.difference for criterion in _asked(told)))
        if relative and _broken(told, Kind.ABSOLUTE) and not _broken(told, Kind.RELATIVE):
            first = next(at for at, one in enumerate(_of_kind(told, Kind.ABSOLUTE)) if one.outcome in BROKEN)
            yield f"{change}, {absolute.pop(first)}"
            yield ", ".join(relative)
        else:
            yield ", ".join([change, *relative])
    else:
        yield from relative
    yield from absolute
    yield from _since(told)


def _of_kind(told: Told, kind: Kind) -> list[CriterionResult]:
    return [one for one in told.criteria if one.kind is kind]


def _broken(told: Told, kind: Kind) -> bool:
    return any(one.outcome in BROKEN for one in _of_kind(told, kind))


def _asked(told: Told) -> list[Criterion]:
    """The relative criteria, without that of the anchor."""
    return [criterion for criterion in told.budget.criteria if criterion.kind is Kind.RELATIVE]


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


def _notes(told: Told) -> Iterator[str]:
    """The support only where it was needed."""
    if told.evidence is None:
        return
    yield from _own_part(told.evidence, told.metric)
    yield from told.evidence.notes
    decided = {Outcome.FAIL, Outcome.WARN, Outcome.IMPROVED}
    if told.evidence.support and any(one.kind is Kind.RELATIVE and one.outcome in decided for one in told.criteria):
        yield told.evidence.support


def _own_part(evidence: Evidence, metric: Metric) -> Iterator[str]:
    """The part that is judged, where it is not the change of the two numbers."""
    own, seen = signed(evidence.change, evidence, metric), signed(evidence.seen, evidence, metric)
    if not evidence.taken_out or own is None or seen is None or not is_apart(own, seen, SMALL) or own <= -1:
        return
    common = (1 + seen) / (1 + own) - 1
    moved = f"{'rose' if common > 0 else 'fell'} by {format_change(round(abs(common), 2)).lstrip('+')}"
    yield f"Its own part is {_with_interval(evidence.change, evidence, metric)}: {evidence.taken_out} {moved}."


def _values(told: Told) -> str:
    """ "82 to 131 ms"; the unit once, where it is the same."""
    unit = told.metric.unit
    measured = format_value(unit, told.result.metrics[told.metric.name])
    if told.evidence is None:
        return measured
    before = format_value(unit, told.evidence.baseline)
    if before == measured:
        return f"{measured} as before"
    number, _, name = before.partition(" ")
    return f"{number if name and measured.endswith(f' {name}') else before} to {measured}"


# ---- absolute criteria


def _absolute(told: Told) -> Iterator[str]:
    for criterion, cure in zip(told.criteria, told.cures, strict=True):
        if criterion.kind is Kind.ABSOLUTE:
            yield _absolute_part(criterion, told.metric, told.result.metrics[told.metric.name], cure)


def _absolute_part(criterion: CriterionResult, metric: Metric, measured: float, cure: str) -> str:
    noun = f"{_warning(criterion)}{'minimum' if metric.higher_is_better else 'limit'}"
    limit = f"the {noun} of {format_value(metric.unit, criterion.limit)}"
    if criterion.outcome is Outcome.INCONCLUSIVE:
        kept = measured >= criterion.limit if metric.higher_is_better else measured <= criterion.limit
        side = ("above" if kept else "under") if metric.higher_is_better else ("within" if kept else "over")
        return f"{side} {limit}, but not surely{f': {cure}' if cure else ''}"
    broken = criterion.outcome in BROKEN
    verb = ("under" if broken else "meets") if metric.higher_is_better else ("over" if broken else "within")
    return f"{verb} {limit}"


# ---- relative criteria


def _relative(told: Told) -> Iterator[str]:
    pairs = zip(told.budget.criteria, told.criteria, strict=False)  # without that of the anchor
    relative = [(criterion, result) for criterion, result in pairs if criterion.kind is Kind.RELATIVE]
    if told.evidence is None:
        if relative:
            yield _no_baseline(told)
        return
    yield from dict.fromkeys(_relative_limit(criterion, result, told, told.evidence) for criterion, result in relative)


def _since(told: Told) -> Iterator[str]:
    """The anchor, unless its limit is kept: then there is nothing to tell."""
    if told.since is None or told.anchor is None or told.criteria[-1].outcome in (Outcome.PASS, Outcome.IMPROVED):
        return
    unit = told.metric.unit
    before = format_value(unit, told.since.baseline)
    limit = _relative_limit(told.anchor, told.criteria[-1], told, told.since)
    yield f"{before} then: {_change(told.since, told.metric, as_difference=False)}, {limit}"


def _change(evidence: Evidence, metric: Metric, as_difference: bool) -> str:
    """ "+60 % (95 % interval +48 to +71 %)", in the unit of the limit."""
    own, seen = signed(evidence.change, evidence, metric), signed(evidence.seen, evidence, metric)
    if own is not None and evidence.taken_out and is_apart(own, seen, SMALL):
        return _shown(evidence.seen, evidence, metric, as_difference)
    return _with_interval(evidence.seen, evidence, metric, as_difference)


def _with_interval(change: float, evidence: Evidence, metric: Metric, as_difference: bool = False) -> str:
    said = _shown(change, evidence, metric, as_difference)
    if evidence.exact:
        return said
    if not all(map(isfinite, evidence.interval)):
        return f"{said} (too few requests for an interval)"
    ends = sorted(evidence.interval, reverse=metric.higher_is_better)
    low, high = (_shown(end, evidence, metric, as_difference) for end in ends)
    unit = high.rpartition(" ")[2]
    return f"{said} (95 % interval {low.removesuffix(f' {unit}')} to {high})"


def _shown(worsening: float, evidence: Evidence, metric: Metric, as_difference: bool) -> str:
    """In per cent of the baseline; as a difference where the limit is one, for shares, or where there is no ratio."""
    value = -worsening if metric.higher_is_better else worsening
    if evidence.is_difference:
        return format_difference(metric.unit, value)
    if as_difference or evidence.baseline <= RESOLUTION:
        return format_difference(metric.unit, value * evidence.baseline)
    return format_change(round(value, 2) if abs(value) >= COARSE else value)


def _relative_limit(criterion: Criterion, result: CriterionResult, told: Told, evidence: Evidence) -> str:
    limit = f"{_warning(result)}limit of {criterion.text}"
    if result.outcome is Outcome.INCONCLUSIVE:
        return _inconclusive(criterion, limit, told, evidence)
    if result.outcome is Outcome.IMPROVED:
        return "an improvement"
    if result.outcome is Outcome.PASS and evidence.change >= threshold_of(criterion, evidence, 0.0):
        moved = format_value(told.metric.unit, _amount(evidence))
        return (
            f"{moved} is under the floor of {format_value(told.metric.unit, told.floor)}, so the {limit} does not count"
        )
    verb = ("below" if told.metric.higher_is_better else "over") if result.outcome in BROKEN else "within"
    return f"{verb} the {limit}"


def _amount(evidence: Evidence) -> float:
    """The worsening in the metric's base unit."""
    return evidence.change if evidence.is_difference else evidence.change * evidence.baseline


def _inconclusive(criterion: Criterion, limit: str, told: Told, evidence: Evidence) -> str:
    """Calm: most such findings are of unchanged code."""
    threshold = threshold_of(criterion, evidence, told.floor)
    cure = evidence.cure or "`--base-ref` would show it"
    if evidence.expectation >= threshold:
        return f"{limit}: more than that, but it may be chance; {cure.replace('would show it', 'would tell')}"
    move = "fall" if told.metric.higher_is_better else "rise"
    reach = _shown(evidence.bound, evidence, told.metric, criterion.difference)
    size = f"of {reach}" if isfinite(evidence.bound) else "of any size"
    return f"{limit}: no regression seen, but this run could have missed a {move} {size}: {cure}"


def _no_baseline(told: Told) -> str:
    if told.arms and told.metric.name == "max":
        return "not compared: a maximum is a single request, and says nothing of the rest; limit p99 instead"
    if told.arms and told.budget.endpoint in told.arms[0].absent:
        return "not compared: new in this branch, the base does not have it"
    if told.arms:
        return "not compared: the base has no such measurement"
    reason = told.baseline.excluded.get(told.budget.endpoint, "")
    key = (told.budget.endpoint, told.budget.metric)
    runs = len(told.baseline.runs.get(key, ()))
    have = f"{_runs(runs)} on record{f' on {told.baseline.branch}' if told.baseline.branch else ''}"
    if has_baseline(told.baseline, key):
        return "not compared: there is nothing to compare by"
    return f"no baseline yet: {have}, {told.baseline.min_runs} needed{f' ({reason})' if reason else ''}"


def _warning(criterion: CriterionResult) -> str:
    return "warning " if criterion.severity is Severity.WARN else ""


def _runs(number: int) -> str:
    return f"{number} run{'' if number == 1 else 's'}"


def _as_sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].removesuffix('.')}."


def _failures(result: EndpointResult) -> str:
    return f" {result.failures:,} of {result.requests:,} requests failed ({_kinds(result)})."


_KINDS = {  # of failures: a bare "status" reads like an HTTP status
    "status": "unexpected status",
    "expectation": "unexpected content",
    "timeout": "timed out",
    "connection": "no connection",
    "protocol": "broken answer",
}


def _kinds(result: EndpointResult) -> str:
    kinds = ", ".join(f"{count:,} {_KINDS.get(kind, kind)}" for kind, count in result.failures_by_kind.items())
    return f"{kinds}; for example {result.failure_examples[0]}" if result.failure_examples else kinds
