"""Budgets + Run + Baseline -> Verdict: exactly one finding per budget, with an outcome per criterion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf, isfinite
from typing import Any

from perfgate.gate import deciding
from perfgate.gate.anchor import criterion as anchor_criterion
from perfgate.gate.comparing import Comparisons, compare, floor_of, signed, watched
from perfgate.gate.deciding import Weighed
from perfgate.gate.evidence import Evidence
from perfgate.gate.health import Doubt, doubts
from perfgate.gate.sentences import Told, sentence, sentence_without_data
from perfgate.model.budget_file import Budget, Criterion, GatePolicy, Kind
from perfgate.model.metric import METRICS, Metric, Unit
from perfgate.model.outcome import BADNESS, Outcome, worst
from perfgate.model.run import EndpointResult, Run
from perfgate.model.verdict import Baseline, CriterionResult, Finding, Verdict

NOTHING_ASKED = "Nothing was judged: there is no budget for what was sent."
HISTORY, BASE = "history", "base"


def judge(
    budgets: Sequence[Budget], run: Run, baseline: Baseline, policy: GatePolicy, anchor: Baseline | None = None
) -> Verdict:
    """One finding per budget, in the order of the budgets.

    The hypotheses of all relative criteria are weighed together first: what counts as significant depends on how many
    there are.
    """
    results = {result.name: result for result in run.endpoints}
    compared = compare(budgets, run, baseline, policy, anchor)
    findings = tuple(
        _doubted(_finding(budget, results.get(budget.endpoint), compared, run, baseline, policy), doubts(budget, run))
        for budget in budgets
    )
    used = {past.run.id: past.run.started for series in baseline.runs.values() for past in series}
    return Verdict(
        run=run.id,
        name=run.name,
        outcome=worst(finding.outcome for finding in findings),
        findings=findings,
        watch=watched(compared.baseline, findings),
        baseline_branch=baseline.branch,
        baseline_runs=() if run.arms else tuple(sorted(used, key=lambda run_id: used[run_id], reverse=True)),
        notes=(*_notes(budgets, run, baseline, policy, anchor), *run.warnings),
    )


def _notes(
    budgets: Sequence[Budget], run: Run, baseline: Baseline, policy: GatePolicy, anchor: Baseline | None
) -> Iterator[str]:
    if not budgets:
        yield NOTHING_ASKED
    if run.prolonged:
        planned = run.duration - run.prolonged
        yield f"Not decided after {planned:g} s, so the load was prolonged to {run.duration:g} s (`gate.extend`)."
    if not run.arms:
        yield from baseline.notes
        if policy.anchor and not (anchor and anchor.runs):
            yield f"No comparable run of {policy.anchor.ref} is on record, so nothing is compared with that anchor."


def _finding(
    budget: Budget,
    result: EndpointResult | None,
    compared: Comparisons,
    run: Run,
    baseline: Baseline,
    policy: GatePolicy,
) -> Finding:
    metric = METRICS[budget.metric]
    if result is None or metric.name not in result.metrics:
        return _without_data(budget, result)
    key = (budget.endpoint, budget.metric)
    one, since = compared.baseline.get(key), compared.anchor.get(key)
    floor = floor_of(metric, policy.floor)
    judged = [_judged(criterion, result, metric, one, floor, run) for criterion in budget.criteria]
    pinned = anchor_criterion(policy.anchor, budget) if policy.anchor and since else None
    if pinned:
        judged.append(_judged(pinned, result, metric, since, floor, run))
    criteria = tuple(criterion for criterion, _, _ in judged)
    outcome = worst(criterion.outcome for criterion in criteria)
    told = Told(
        budget=budget,
        result=result,
        evidence=one.evidence if one else None,
        since=since.evidence if since else None,
        anchor=pinned,
        criteria=criteria,
        cures=tuple(cure for _, cure, _ in judged),
        floor=floor,
        baseline=baseline,
        arms=run.arms,
    )
    found = Finding(
        endpoint=budget.endpoint,
        metric=budget.metric,
        outcome=outcome,
        reason=_reason(outcome, criteria),
        sentence=sentence(told),
        measured=result.metrics[metric.name],
        samples=result.samples if metric.unit is Unit.SECONDS else result.requests,
        baseline_runs=0 if run.arms else len(baseline.runs.get((budget.endpoint, budget.metric), ())),
        interval=None if one else result.intervals.get(metric.name),
        more=_more(judged) if outcome is Outcome.INCONCLUSIVE else None,
        criteria=criteria,
        line=budget.line,
    )
    if outcome is Outcome.NO_BASELINE and run.arms and budget.endpoint in run.arms[0].absent:
        return replace(found, reason="new-in-this-branch")
    return replace(found, **_compared(one.evidence, metric, run)) if one else found


def _compared(evidence: Evidence, metric: Metric, run: Run) -> dict[str, Any]:
    """What a finding has from its comparison. With too few requests there are no bounds: files have no infinity."""
    ends = [signed(replace(evidence, change=end), metric) for end in evidence.interval]
    known = [end for end in ends if end is not None and isfinite(end)]
    interval = (min(known), max(known)) if len(known) == len(ends) else None
    change = signed(evidence, metric)
    return {
        "baseline": evidence.baseline,
        "change": change if change is not None and isfinite(change) else None,
        "interval": interval,
        "bound": evidence.bound if isfinite(evidence.bound) else None,
        "p_value": None if evidence.exact else evidence.p_worse,
        "compared": BASE if run.arms else HISTORY,
    }


def _judged(
    criterion: Criterion, result: EndpointResult, metric: Metric, weighed: Weighed | None, floor: float, run: Run
) -> tuple[CriterionResult, str, float]:
    """And what would decide it, where nothing does: for people, and how many times as long a run."""
    if criterion.kind is Kind.ABSOLUTE:
        outcome, held = deciding.absolute(criterion, result, metric.name, run.duration, max(1, run.looks))
        more = held.needed / held.requests if held.needed and held.requests else inf
        return _criterion_result(criterion, outcome), held.cure, more
    outcome = deciding.relative(criterion, weighed, floor, result.requests)
    return _criterion_result(criterion, outcome), "", weighed.evidence.more if weighed else inf


def _more(judged: Sequence[tuple[CriterionResult, str, float]]) -> float | None:
    """How many times as long a run would decide all criteria; None where no run would, for files have no infinity."""
    open_ones = [more for criterion, _, more in judged if criterion.outcome is Outcome.INCONCLUSIVE]
    most = max(open_ones, default=inf)
    return most if isfinite(most) else None


def _doubted(finding: Finding, against: Iterable[Doubt]) -> Finding:
    """The finding, or that it cannot be decided, with the reason and the cure."""
    doubt = next((doubt for doubt in against if doubt.changes(finding.outcome)), None)
    if doubt is None:
        return finding
    return replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        more=None,
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


def _criterion_result(criterion: Criterion, outcome: Outcome) -> CriterionResult:
    return CriterionResult(
        kind=criterion.kind,
        limit=criterion.limit,
        text=criterion.text,
        severity=criterion.severity,
        outcome=outcome,
        difference=criterion.difference,
    )


def _reason(outcome: Outcome, criteria: Sequence[CriterionResult]) -> str:
    """A word for programs."""
    if outcome in (Outcome.FAIL, Outcome.WARN):
        decisive = min(criteria, key=lambda one: (BADNESS[one.outcome], one.kind is Kind.RELATIVE))
        return "over-limit" if decisive.kind is Kind.ABSOLUTE else "regression"
    words = {
        Outcome.NO_BASELINE: "too-few-runs",
        Outcome.IMPROVED: "improvement",
        Outcome.INCONCLUSIVE: "not-bounded",
    }
    return words.get(outcome, "within-limits")
