"""Budgets + Run + Baseline -> Verdict: exactly one finding per budget, with an outcome per criterion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from perfgate.gate.absolute import distribution_of
from perfgate.gate.comparison import Comparison, is_apart, results_by_name, signed
from perfgate.gate.history.anchor import criterion as anchor_criterion
from perfgate.gate.verdict import base_failures
from perfgate.gate.verdict.comparing import Comparisons, compare, floor_of, watched
from perfgate.gate.verdict.criteria import criterion_result, judge_criterion, smallest_detectable, time_needed
from perfgate.gate.verdict.health import Doubt, doubts
from perfgate.gate.verdict.outcome import overall, with_codes
from perfgate.gate.verdict.overload import overload_of, with_waiting
from perfgate.gate.verdict.overload import sentence as overloaded
from perfgate.gate.verdict.sentences import FindingContext, sentence, sentence_without_data
from perfgate.gate.verdict.whole_finding import judge_whole
from perfgate.model.budget_file import Budget, GatePolicy, Kind
from perfgate.model.metric import APPLICATION, METRICS, Metric
from perfgate.model.note import Note
from perfgate.model.outcome import BADNESS, Outcome, worst
from perfgate.model.run import EndpointResult, Run
from perfgate.model.verdict import Baseline, CriterionResult, Finding, Verdict
from perfgate.recording import histogram
from perfgate.text.notes import note

NOTHING_ASKED = "Nothing was judged: there is no budget for what was sent."
HISTORY, BASE = "history", "base"


def judge(
    budgets: Sequence[Budget], run: Run, baseline: Baseline, policy: GatePolicy, anchor: Baseline | None = None
) -> Verdict:
    """One finding per budget, in the order of the budgets.

    The hypotheses of all relative criteria are weighed together first: what counts as significant depends on how many
    there are.
    """
    results = results_by_name(run)
    compared = compare(budgets, run, baseline, policy, anchor)
    findings = tuple(
        _doubted(_finding(budget, results.get(budget.endpoint), compared, run, baseline, policy), doubts(budget, run))
        for budget in budgets
    )
    if compared.whole:
        budget = Budget(endpoint=APPLICATION, metric=compared.whole[0][0].metric, criteria=())
        findings += (_doubted(judge_whole(compared.whole, policy), doubts(budget, run)),)
    overload = overload_of(run, baseline)
    notes = _notes(budgets, run, baseline, policy, anchor)
    findings = with_waiting(findings, overload, run)
    used = {past.run.id: past.run.started for series in baseline.runs.values() for past in series}
    verdict = Verdict(
        run=run.id,
        name=run.name,
        outcome=overall(findings, policy.inconclusive),
        inconclusive=policy.inconclusive,
        findings=findings,
        watch=watched(compared.baseline, findings),
        baseline_branch=baseline.branch,
        baseline_needed=0 if run.arms else baseline.min_runs,
        baseline_runs=() if run.arms else tuple(sorted(used, key=lambda run_id: used[run_id], reverse=True)),
        overload=overload,
        notes=(*(note("PG-C011", overloaded(item)) for item in [overload] if item), *notes, *run.warnings),
    )
    return with_codes(verdict)


def _notes(
    budgets: Sequence[Budget], run: Run, baseline: Baseline, policy: GatePolicy, anchor: Baseline | None
) -> Iterator[Note]:
    if not budgets:
        yield note("PG-C001", NOTHING_ASKED)
    if run.prolonged:
        planned, by = run.duration - run.prolonged, "gate.extend" if policy.extend else "load.duration"
        text = f"Not decided after {planned:g} s, so the load was prolonged to {run.duration:g} s (`{by}`)."
        yield note("PG-C002", text)
    yield from base_failures.notes(run)
    if not run.arms:
        yield from baseline.notes
        if policy.anchor and not (anchor and anchor.runs):
            text = f"No comparable run of {policy.anchor.ref} is on record, so nothing is compared with that anchor."
            yield note("PG-C006", text)


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
    value, since = compared.baseline.get(key), compared.anchor.get(key)
    floor = floor_of(metric, policy.floor)
    judged = [judge_criterion(criterion, result, metric, value, policy, run) for criterion in budget.criteria]
    pinned = anchor_criterion(policy.anchor, budget) if policy.anchor and since else None
    if pinned:
        judged.append(judge_criterion(pinned, result, metric, since, policy, run))
    criteria = tuple(item.result for item in judged)
    outcome = worst(criterion.outcome for criterion in criteria)
    context = FindingContext(
        budget=budget,
        result=result,
        comparison=value.comparison if value else None,
        since=since.comparison if since else None,
        anchor=pinned,
        criteria=criteria,
        cures=tuple(item.cure for item in judged),
        floor=floor,
        baseline=baseline,
        arms=run.arms,
    )
    finding = Finding(
        endpoint=budget.endpoint,
        metric=budget.metric,
        outcome=outcome,
        reason=_reason(outcome, criteria),
        sentence=sentence(context),
        measured=result.metrics[metric.name],
        samples=_samples(result, metric),
        baseline_runs=0 if run.arms else len(baseline.runs.get(key, ())),
        excluded=baseline.excluded.get(budget.endpoint, "") if outcome is Outcome.NO_BASELINE else "",
        baseline_ids=() if run.arms else tuple(past.run.id for past in baseline.runs.get(key, ())),
        interval=None if value else result.intervals.get(metric.name),
        more=time_needed(judged) if outcome is Outcome.INCONCLUSIVE else None,
        detectable=smallest_detectable(judged),
        criteria=criteria,
        line=budget.line,
    )
    if outcome is Outcome.NO_BASELINE and run.arms and budget.endpoint in run.arms[0].absent:
        return replace(finding, reason="new-in-this-branch")
    return replace(finding, **_compared(value.comparison, metric, run)) if value else finding


def _samples(result: EndpointResult, metric: Metric) -> int:
    """How many values are behind a metric."""
    if metric.aspect:
        return histogram.count(distribution_of(result, metric.name))
    return result.samples if metric.is_latency else result.requests


def _compared(comparison: Comparison, metric: Metric, run: Run) -> dict[str, Any]:
    """The part of a finding that its comparison tells. With too few requests there are no bounds: files have no
    infinity."""
    ends = [signed(end, comparison, metric) for end in comparison.interval]
    known = [end for end in ends if end is not None and isfinite(end)]
    is_fact = comparison.exact and metric.is_counted
    observed, own = signed(comparison.seen, comparison, metric), signed(comparison.change, comparison, metric)
    return {
        "baseline": comparison.baseline,
        "change": observed if observed is not None and isfinite(observed) else None,
        "own_change": own if own is not None and isfinite(own) and is_apart(own, observed) else None,
        "interval": None if is_fact or len(known) != len(ends) else (min(known), max(known)),
        "bound": comparison.bound if isfinite(comparison.bound) else None,
        "p_value": None if comparison.exact else comparison.p_worse,
        "compared": BASE if run.arms else HISTORY,
    }


def _doubted(finding: Finding, against: Iterable[Doubt]) -> Finding:
    """The finding, or that some of it cannot be decided, with the reason and the cure."""
    for doubt in against:
        criteria = tuple(
            replace(criterion, outcome=Outcome.INCONCLUSIVE)
            if doubt.changes(criterion.outcome, criterion.kind)
            else criterion
            for criterion in finding.criteria
        )
        if criteria != finding.criteria:
            outcome = worst(criterion.outcome for criterion in criteria)
            return replace(
                finding,
                outcome=outcome,
                more=None if outcome is Outcome.INCONCLUSIVE else finding.more,
                reason=doubt.reason if outcome is Outcome.INCONCLUSIVE else finding.reason,
                sentence=f"{finding.sentence} {_undecided(finding, criteria)}: {doubt.text}.",
                criteria=criteria,
            )
    return finding


def _undecided(finding: Finding, doubted: Sequence[CriterionResult]) -> str:
    """Which limits cannot be decided, where some of a finding's can."""
    pairs = zip(finding.criteria, doubted, strict=True)
    limits = [after.text for before, after in pairs if after.outcome != before.outcome]
    if len(limits) == len(doubted):
        return "Not decided"
    return f"The limit of {limits[0]} is not decided" if len(limits) == 1 else f"{', '.join(limits)} are not decided"


def _without_data(budget: Budget, result: EndpointResult | None) -> Finding:
    return Finding(
        endpoint=budget.endpoint,
        metric=budget.metric,
        outcome=Outcome.NO_DATA,
        reason="no-samples",
        sentence=sentence_without_data(budget, result),
        criteria=tuple(criterion_result(criterion, Outcome.NO_DATA) for criterion in budget.criteria),
        line=budget.line,
    )


def _reason(outcome: Outcome, criteria: Sequence[CriterionResult]) -> str:
    """A word for programs."""
    if outcome in (Outcome.FAIL, Outcome.WARN):
        decisive = min(criteria, key=lambda criterion: (BADNESS[criterion.outcome], criterion.kind is Kind.RELATIVE))
        return "over-limit" if decisive.kind is Kind.ABSOLUTE else "regression"
    words = {
        Outcome.NO_BASELINE: "too-few-runs",
        Outcome.IMPROVED: "improvement",
        Outcome.INCONCLUSIVE: "not-bounded",
    }
    return words.get(outcome, "within-limits")
