"""The budgets of a file with `defaults.budget` merged in, as far as they can be read; and what contradicts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perfgate import units
from perfgate.budgets import limits
from perfgate.budgets.document import KeyPath
from perfgate.budgets.draft import Draft, Entry
from perfgate.model.budget_file import Budget, Criterion, Json, Kind, Request, Severity
from perfgate.model.errors import Mistake
from perfgate.model.metric import METRICS, Metric, Unit
from perfgate.units import UnitError


@dataclass(frozen=True, kw_only=True)
class Effective:
    """One budget and the path of the entry it comes from: its own, or the default's."""

    budget: Budget
    path: KeyPath
    entry: Entry


def effective(draft: Draft) -> Iterator[Effective]:
    """In the order of the file; inherited metrics come after an endpoint's own. Wrong entries are left out."""
    defaults = draft.map("defaults", "budget")
    for entry in (*draft.endpoints, *draft.journeys):
        inherited = defaults if entry.path[0] == "endpoints" else {}
        own = entry.map("budget")
        for name in dict.fromkeys((*own, *inherited)):
            path = entry.at("budget", name) if name in own else ("defaults", "budget", name)
            criteria = _criteria(METRICS.get(name), own.get(name), inherited.get(name))
            if criteria:
                line = draft.document.line(path)
                budget = Budget(endpoint=entry.name, metric=name, criteria=criteria, line=line)
                yield Effective(budget=budget, path=path, entry=entry)


def _criteria(metric: Metric | None, own: Json, inherited: Json) -> tuple[Criterion, ...]:
    try:
        if metric is None or own == limits.NO_LIMIT:
            return ()
        mine = () if own is None else limits.criteria(own, metric)
        return limits.merged(() if inherited is None else limits.criteria(inherited, metric), mine)
    except UnitError:  # the shape has reported it
        return ()


def check_budgets(draft: Draft) -> Iterator[Mistake]:
    for item in effective(draft):
        yield from _levels(draft, item)
        if item.entry.path[0] == "endpoints":
            yield from _timeouts(draft, item)


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
                yield draft.document.mistake(item.path, message, hint="warn before the build fails")


def _timeouts(draft: Draft, item: Effective) -> Iterator[Mistake]:
    """A timeout counts at the timeout, so no latency can be above it."""
    metric = METRICS[item.budget.metric]
    timeout, where = _timeout(draft, item.entry)
    if metric.unit is not Unit.SECONDS:
        return
    for criterion in item.budget.criteria:
        if criterion.kind is Kind.ABSOLUTE and criterion.limit >= timeout:
            shown = units.format_value(Unit.SECONDS, timeout)
            message = f"{metric.name} can never exceed `{criterion.text}`: requests time out after {shown}"
            inherited = item.path[0] == "defaults" and where
            hint = "raise the timeout, or lower the limit"
            yield draft.document.mistake(where if inherited else item.path, message, hint=hint)


def _timeout(draft: Draft, entry: Entry) -> tuple[float, KeyPath]:
    """The timeout of an endpoint, and the path of its own `timeout`, if it has one; never reached if it is wrong."""
    own = entry.keys.get("timeout")
    written = draft.map("defaults").get("timeout") if own is None else own
    path = () if own is None else entry.at("timeout")
    if written is None:
        return Request(method="GET", path="/").timeout, path
    try:
        return units.parse(units.DURATION, written) if isinstance(written, str) else float("inf"), path
    except UnitError:
        return float("inf"), path
