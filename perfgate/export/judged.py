"""What was measured and how it was judged -> families."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from perfgate.export.families import UCUM, WORDS, Family, Labels, filled, gauges, label
from perfgate.model.budget_file import Kind
from perfgate.model.metric import Unit, metric_of
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.model.verdict import CriterionResult, Finding, Incident, Verdict
from perfgate.text.units import parse_moment

COMMIT_CHARS = 12

Value = tuple[float | None, Labels]


def of_verdict(run: Run, verdict: Verdict, labels: Labels, versions: Labels) -> tuple[Family, ...]:
    """`labels` are on every point; `versions` tell of perfgate itself."""
    return filled(
        (*_of_run(run, verdict, labels, versions), *_of_endpoints(run, labels), *_of_budgets(verdict, labels))
    )


def of_round(
    incidents: Sequence[Incident], budgets: Sequence[tuple[str, str]], labels: Labels, *, is_measured: bool
) -> tuple[Family, ...]:
    """A round of `perfgate watch`: whether it was measured, and for each budget whether an incident is open."""
    open_keys = {(item.endpoint, item.metric) for item in incidents if not item.ended}
    keys = dict.fromkeys((*budgets, *((item.endpoint, item.metric) for item in incidents)))
    states = [(key in open_keys, {**labels, "endpoint": label(key[0]), "metric": label(key[1])}) for key in keys]
    return filled(
        (
            gauges("perfgate.watch.measured", "", "1 if the newest round could be measured.", [(is_measured, labels)]),
            gauges("perfgate.watch.incident", "", "1 while there is an open incident of this budget.", states),
        )
    )


def _of_run(run: Run, verdict: Verdict, labels: Labels, versions: Labels) -> Iterator[Family]:
    outcomes = [(verdict.outcome is outcome, {**labels, "outcome": outcome.value}) for outcome in Outcome]
    yield gauges("perfgate.verdict.outcome", "", "1 for the outcome of the newest verdict, 0 for the others.", outcomes)
    info = {**labels, **versions, "run": label(run.id), "commit": label(run.commit[:COMMIT_CHARS])}
    yield gauges("perfgate.run.info", "", "The newest run.", [(1.0, info)])
    yield gauges("perfgate.run.timestamp", "s", "When the newest run began, since 1970.", [(_moment(run), labels)])
    yield gauges("perfgate.run.duration", "s", "Measured time of the newest run.", [(run.duration, labels)])


def _moment(run: Run) -> float | None:
    try:
        return parse_moment(run.started).timestamp()
    except ValueError:
        return None


def _of_endpoints(run: Run, labels: Labels) -> Iterator[Family]:
    values: dict[Unit, list[Value]] = {unit: [] for unit in Unit}
    for result in run.endpoints:
        for name, value in result.metrics.items():
            if metric := metric_of(name):
                own = {**labels, "endpoint": label(result.name), "kind": result.kind, "metric": label(name)}
                values[metric.unit].append((value, own))
    for unit, measured in values.items():
        yield gauges(f"perfgate.measured.{WORDS[unit]}", UCUM[unit], "What the newest run measured.", measured)


def _of_budgets(verdict: Verdict, labels: Labels) -> Iterator[Family]:
    def own(finding: Finding) -> Labels:
        return {**labels, "endpoint": label(finding.endpoint), "metric": label(finding.metric)}

    outcomes = [
        (finding.outcome is outcome, {**own(finding), "outcome": outcome.value})
        for finding in verdict.findings
        for outcome in Outcome
    ]
    yield gauges("perfgate.budget.outcome", "", "1 for the outcome of a budget, 0 for the others.", outcomes)
    changes = [(finding.change, own(finding)) for finding in verdict.findings]
    yield gauges("perfgate.budget.change", "1", "Change since the baseline: 0.1 is ten per cent more.", changes)
    for unit in Unit:
        here = [finding for finding in verdict.findings if _unit(finding) is unit]
        word, ucum = WORDS[unit], UCUM[unit]
        baselines = [(finding.baseline, own(finding)) for finding in here]
        yield gauges(f"perfgate.budget.baseline.{word}", ucum, "What earlier runs measured.", baselines)
        limits = list(_limits(here, own, lambda item: item.kind is Kind.ABSOLUTE))
        yield gauges(f"perfgate.budget.limit.{word}", ucum, "Fixed limit.", limits)
    relative = list(_limits(verdict.findings, own, lambda item: item.kind is Kind.RELATIVE and not item.difference))
    yield gauges("perfgate.budget.limit.change", "1", "Limit of the change since the baseline.", relative)


def _unit(finding: Finding) -> Unit | None:
    metric = metric_of(finding.metric)
    return metric.unit if metric else None


def _limits(
    findings: Sequence[Finding], own: Callable[[Finding], Labels], is_meant: Callable[[CriterionResult], bool]
) -> Iterator[Value]:
    for finding in findings:
        for item in filter(is_meant, finding.criteria):
            yield item.limit, {**own(finding), "severity": item.severity.value}
