"""The trend of a series as the history has it, where no run was judged: what `perfgate trend --output` draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from perfgate.model.budget_file import Budget, Criterion, Kind, Severity
from perfgate.model.metric import metric_of
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.model.verdict import CriterionResult, Finding, Verdict
from perfgate.report import words
from perfgate.report.charts.trend_picture import TrendPicture, decide, last_value, left_out
from perfgate.report.facts import Facts, by_name, is_alike, newest_of_line, value_in


def picture(past_runs: Sequence[PastRun], endpoint: str, metric: str, budget: Budget | None) -> TrendPicture:
    """The trend of earlier runs (newest first, at least one) without a verdict: the newest run takes its place, and the
    line is of its load and kind."""
    newest = newest_of_line(past_runs)
    line = tuple(past for past in past_runs if is_alike(past.run, newest.run))
    limits = [criterion for criterion in budget.criteria if criterion.kind is Kind.ABSOLUTE] if budget else []
    measured = value_in(by_name(newest.run).get(endpoint), metric)
    finding = Finding(
        endpoint=endpoint,
        metric=metric,
        outcome=Outcome.FAIL if (endpoint, metric) in newest.failed else _remembered(metric, measured, limits),
        reason="",
        sentence="",
        measured=measured,
        criteria=tuple(_as_drawn(criterion) for criterion in limits),
    )
    branch = Counter(past.run.branch for past in line).most_common(1)[0][0]
    verdict = Verdict(
        run=newest.run.id,
        name=newest.run.name,
        outcome=finding.outcome,
        findings=(finding,),
        baseline_branch=branch,
    )
    shown = decide(Facts(verdict=verdict, run=newest.run, past_runs=tuple(past_runs)), finding)
    kind = "A/B: " if newest.run.arms else ""
    subtitle = f"{kind}{words.runs(len(line))}, the newest {words.revision(newest.run)}"
    subtitle += left_out(len(past_runs) - len(line))
    return replace(shown, subtitle=subtitle, this=last_value("newest", finding))


def _remembered(metric: str, measured: float | None, limits: Sequence[Criterion]) -> Outcome:
    """State of a series that did not fail. Beyond the limit all the same, it was undecided, or the limit another
    one."""
    known = metric_of(metric)
    higher = known is not None and known.higher_is_better
    for limit in sorted(limits, key=lambda item: item.severity is not Severity.FAIL):
        if measured is not None and (measured < limit.limit if higher else measured > limit.limit):
            return Outcome.INCONCLUSIVE if limit.severity is Severity.FAIL else Outcome.WARN
    return Outcome.PASS


def _as_drawn(criterion: Criterion) -> CriterionResult:
    return CriterionResult(
        kind=criterion.kind,
        limit=criterion.limit,
        text=criterion.text,
        severity=criterion.severity,
        outcome=Outcome.PASS,
    )
