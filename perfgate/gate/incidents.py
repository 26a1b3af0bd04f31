"""Rounds of `perfgate watch` -> incidents. Pure: whoever has the same rounds comes to the same incidents, so that the
history is all the state there is, and a process that ends loses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfgate.model.budget_file import Kind
from perfgate.model.metric import metric_of
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.model.verdict import NOT_MEASURED, AlertPolicy, CriterionResult, Finding, Incident

Key = tuple[str, str]
NOT_BOUNDED = "not-bounded"  # the reason of a finding that more requests would decide


def incidents(rounds: Sequence[PastRun], policy: AlertPolicy) -> tuple[Incident, ...]:
    """All incidents of some rounds, which are newest first, as a history gives them; the oldest incident first."""
    ordered = list(reversed(rounds))
    keys = dict.fromkeys(key for past in ordered for key in past.failed)
    unordered = [incident for key in keys for incident in _of_key(key, ordered, policy)]
    return tuple(sorted(unordered, key=lambda incident: incident.began))


def undecided(findings: Sequence[Finding]) -> tuple[Key, ...]:
    """Budgets of which a round says nothing: beyond a limit, which may be chance, or measured by a load generator that
    was not well. Within the limits is good, even where so few requests prove no more: rounds are short on purpose."""
    return tuple(
        (finding.endpoint, finding.metric)
        for finding in findings
        if finding.outcome is Outcome.INCONCLUSIVE
        and (finding.reason != NOT_BOUNDED or any(_is_beyond(item, finding) for item in finding.criteria))
    )


def _is_beyond(criterion: CriterionResult, finding: Finding) -> bool:
    """Whether the value, or its change, is past the limit as it stands."""
    metric = metric_of(finding.metric)
    sign = -1.0 if metric and metric.higher_is_better else 1.0
    if criterion.kind is Kind.ABSOLUTE:
        return finding.measured is not None and sign * (finding.measured - criterion.limit) > 0
    change = finding.change if finding.own_change is None else finding.own_change
    if criterion.difference and finding.measured is not None and finding.baseline is not None:
        change = finding.measured - finding.baseline
    return change is not None and sign * change >= abs(criterion.limit)


def _of_key(key: Key, rounds: Sequence[PastRun], policy: AlertPolicy) -> Iterator[Incident]:
    """An incident ends the window it began in: rounds before its end never count towards the next one."""
    window: list[PastRun] = []
    bad: list[PastRun] = []
    opened = ""
    decided = [past for past in rounds if _is_decided(past, key)]
    for past in decided:
        window.append(past)
        bad += [past] if key in past.failed else []
        recent = window[-policy.among :]
        if not opened and sum(key in item.failed for item in recent) >= policy.failures:
            opened = past.run.id
            bad = [item for item in recent if key in item.failed]
        if not opened:
            continue
        good = _good_at_end(window, key)
        if len(good) >= policy.recoveries:
            yield _incident(key, bad, opened, decided, ended=good[0].run.started, closed=past.run.id)
            window, bad, opened = [], [], ""
    if opened:
        yield _incident(key, bad, opened, decided)


def _incident(
    key: Key, bad: Sequence[PastRun], opened: str, decided: Sequence[PastRun], *, ended: str = "", closed: str = ""
) -> Incident:
    return Incident(
        endpoint=key[0],
        metric=key[1],
        began=bad[0].run.started,
        opened=opened,
        failed=len(bad),
        ended=ended,
        closed=closed,
        is_cut=bad[0] is decided[0],
    )


def _is_decided(past: PastRun, key: Key) -> bool:
    """Whether the round says anything of the budget. One that came to nothing says only that."""
    if key == NOT_MEASURED:
        return True
    return NOT_MEASURED not in past.failed and key not in past.undecided


def _good_at_end(window: Sequence[PastRun], key: Key) -> Sequence[PastRun]:
    last_bad = max((place for place, past in enumerate(window) if key in past.failed), default=-1)
    return window[last_bad + 1 :]
