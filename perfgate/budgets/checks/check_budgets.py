"""Checks of what is judged: limits that contradict each other or can never be exceeded, and the baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.convert.effective import Effective, effective
from perfgate.budgets.convert.timeouts import timeouts
from perfgate.budgets.shape.timeout_shape import TOTAL
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.budget_file import BaselinePolicy, Criterion, Kind, Severity
from perfgate.model.errors import Mistake
from perfgate.model.metric import METRICS, Unit
from perfgate.text import units


def check_budgets(draft: Draft) -> Iterator[Mistake]:
    for item in effective(draft):
        yield from _levels(draft, item)
        if item.entry.path[0] == "endpoints":
            yield from _timeouts(draft, item)
    yield from _baseline(draft)


def _levels(draft: Draft, item: Effective) -> Iterator[Mistake]:
    """A warning that only comes when the build has failed already is of no use."""
    metric = METRICS[item.budget.metric]
    by_severity: Mapping[Severity, list[Criterion]] = {
        severity: [criterion for criterion in item.budget.criteria if criterion.severity is severity]
        for severity in Severity
    }
    for warn in by_severity[Severity.WARN]:
        for fail in by_severity[Severity.FAIL]:
            comparable = (warn.kind, warn.difference) == (fail.kind, fail.difference)
            looser = warn.limit < fail.limit if metric.higher_is_better else warn.limit > fail.limit
            if comparable and looser:
                message = f"the warn limit `{warn.text}` is looser than the fail limit `{fail.text}`"
                yield draft.document.mistake(item.path, message, hint="warn before the build fails", code="PG-B012")


def _timeouts(draft: Draft, item: Effective) -> Iterator[Mistake]:
    """A timeout counts at the timeout, so no latency can be above it."""
    metric = METRICS[item.budget.metric]
    total, where = timeouts(draft, item.entry).total, _own_total(item.entry)
    if not metric.is_latency or metric.aspect:
        return
    for criterion in item.budget.criteria:
        if criterion.kind is Kind.ABSOLUTE and criterion.limit >= total:
            shown = units.format_value(Unit.SECONDS, total)
            message = f"{metric.name} can never exceed `{criterion.text}`: requests time out after {shown}"
            inherited = item.path[0] == "defaults" and where
            hint = "raise the timeout, or lower the limit"
            yield draft.document.mistake(where if inherited else item.path, message, hint=hint, code="PG-B012")


def _own_total(entry: DraftEntry) -> KeyPath:
    """Where an endpoint itself says when its requests time out; empty if it does not."""
    own = entry.keys.get("timeout")
    if isinstance(own, dict):
        return entry.at("timeout", TOTAL) if TOTAL in own else ()
    return () if own is None else entry.at("timeout")


def _baseline(draft: Draft) -> Iterator[Mistake]:
    baseline = draft.map("gate", "baseline")
    runs = baseline.get("runs", BaselinePolicy.runs)
    min_runs = baseline.get("min_runs", BaselinePolicy.min_runs)
    if isinstance(runs, int) and isinstance(min_runs, int) and min_runs > runs > 0:
        key = "min_runs" if "min_runs" in baseline else "runs"
        message = f"a baseline of at most {runs} runs can never have {min_runs}"
        hint = "lower `min_runs`, or raise `runs`"
        yield draft.document.mistake(("gate", "baseline", key), message, hint=hint, code="PG-B013")
