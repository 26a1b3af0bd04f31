"""The finding about the whole application, from what all endpoints have in common."""

from __future__ import annotations

from collections.abc import Sequence

from perfgate.gate.history.whole import Whole
from perfgate.gate.verdict import deciding
from perfgate.gate.verdict.deciding import Weighed
from perfgate.model.budget_file import Criterion, GatePolicy, Kind, Severity
from perfgate.model.metric import ALL_ENDPOINTS, APPLICATION
from perfgate.model.outcome import BADNESS, Outcome
from perfgate.model.verdict import CriterionResult, Finding
from perfgate.text.units import format_change

MIN_EXPLAINED_CHANGE = 0.02  # of a change: less needs no explanation
UNKNOWN = (
    "the runner or the whole application: a reference workload (`gate: {probe: true}`) or `--base-ref` tells which"
)


def judge_whole(compared: Sequence[tuple[Whole, Weighed]], policy: GatePolicy) -> Finding:
    """The worst of the metrics that were compared (at least one); among equals what moved most."""
    findings = [_finding(whole, weighed, policy) for whole, weighed in compared]
    return min(findings, key=lambda finding: (BADNESS[finding.outcome], -(finding.change or 0.0)))


def _finding(whole: Whole, weighed: Weighed, policy: GatePolicy) -> Finding:
    comparison = weighed.comparison
    criteria = tuple(
        CriterionResult(
            kind=Kind.RELATIVE,
            limit=limit,
            text=f"+{100 * limit:.3g}%",
            severity=severity,
            outcome=_outcome(whole, weighed, limit, severity, policy),
        )
        for severity, limit in whole.limits.items()
    )
    worst = min(criteria, key=lambda criterion: BADNESS[criterion.outcome])
    return Finding(
        endpoint=APPLICATION,
        metric=ALL_ENDPOINTS,
        outcome=worst.outcome,
        reason=_reason(worst.outcome, whole.cleared),
        sentence=_sentence(whole, worst),
        measured=comparison.measured,
        baseline=comparison.baseline,
        baseline_runs=comparison.runs,
        change=comparison.measured / comparison.baseline - 1,
        own_change=comparison.change if whole.cleared else None,
        interval=comparison.interval,
        bound=comparison.bound,
        detectable=comparison.detectable if whole.cleared else None,
        p_value=comparison.p_worse,
        compared="history",
        criteria=criteria,
    )


def _outcome(whole: Whole, weighed: Weighed, limit: float, severity: Severity, policy: GatePolicy) -> Outcome:
    """The outcome of what all moved alike. Without a reference nothing tells the runner from the application: a rise is
    undecided, a fall no merit."""
    criterion = Criterion(kind=Kind.RELATIVE, limit=limit, text="", severity=severity)
    outcome = deciding.relative(criterion, weighed, 0.0, 0, policy.sensitivity)
    if whole.cleared:
        return outcome
    return {Outcome.FAIL: Outcome.INCONCLUSIVE, Outcome.WARN: Outcome.INCONCLUSIVE, Outcome.IMPROVED: Outcome.PASS}.get(
        outcome, outcome
    )


def _reason(outcome: Outcome, cleared: bool) -> str:
    if outcome is Outcome.INCONCLUSIVE and not cleared:
        return "runner-or-application"
    reasons = {
        Outcome.FAIL: "regression",
        Outcome.WARN: "regression",
        Outcome.IMPROVED: "improvement",
        Outcome.INCONCLUSIVE: "not-bounded",
    }
    return reasons.get(outcome, "within-limits")


def _sentence(whole: Whole, worst: CriterionResult) -> str:
    comparison = whole.comparison
    observed = comparison.measured / comparison.baseline - 1
    head = f"All {whole.endpoints} endpoints together: {whole.metric} {_change(observed)}"
    if whole.cleared and abs(observed - comparison.change) >= MIN_EXPLAINED_CHANGE and comparison.change > -1:
        runner = (1 + observed) / (1 + comparison.change) - 1
        head += f", {_change(comparison.change)} of it the application's (the runner moved by {_change(runner)})"
    limit = f"limit of {worst.text}"
    if worst.outcome in (Outcome.FAIL, Outcome.WARN):
        return f"{head}, over the {limit}: the whole application became slower, not the runner."
    if worst.outcome is Outcome.IMPROVED:
        return f"{head}, an improvement of the whole application."
    if worst.outcome is Outcome.INCONCLUSIVE:
        over = comparison.expectation >= worst.limit
        why = UNKNOWN if not whole.cleared and over else "it may be chance; `--base-ref` would tell"
        return f"{head}, {limit}: {why}."
    return f"{head}, within the {limit}."


def _change(ratio: float) -> str:
    return format_change(round(ratio, 2))
