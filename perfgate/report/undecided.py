"""Undecided budgets: whether they are most, why, and what would decide them.

A verdict that decides little is no success to show in green, whatever its exit code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from perfgate.model.budget_file import Kind
from perfgate.model.metric import ALL_ENDPOINTS, metric_of
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.report.facts import Facts
from perfgate.text.plurals import counted

SUCCESS = (Outcome.PASS, Outcome.NO_BASELINE, Outcome.IMPROVED)
DECIDED_SHARE = 0.8  # of what more load would decide: what the advice is for
LONGEST_ADVISED_S = 3600.0  # s of load
MOST_ADVISED_TIMES = 20.0  # the rate, the users or the views: more is another test
LEAST_ADVISED_TIMES = 1.2  # the load, where as much again would have decided by chance

_CAUSES: Mapping[str, str] = {  # why budgets are undecided, by the reason of their findings
    "load-generator": "the load generator could not keep up; use `--processes 2`, more machines or a lower rate",
    "out-of-data": "rows of data were used up; add rows, or let them begin again",
    "too-few-users": "arrivals found no free virtual user; raise `load.max_users`, or see why answers are slow",
    "workers-lost": "load-generator processes were lost; use fewer processes or users, or more memory",
    "out-of-resources": "the load generator lacked ports, files or memory; see the warnings for the cure",
    "ended-early": "the load ended early; let it run to its end",
    "too-many-failures": "too many requests failed; mend these errors first",
    "scenario-exceptions": "scenarios raised exceptions; mend them (locust.log)",
    "not-confirmed": "the earlier run does not confirm what failed",
}


def appearance(facts: Facts) -> Outcome:
    """Whose mark and colour stand beside the headline: that of a verdict that says little is not a pass's."""
    outcome = facts.verdict.outcome
    return Outcome.INCONCLUSIVE if outcome in SUCCESS and is_mostly_undecided(facts) else outcome


def is_first(facts: Facts) -> bool:
    """Whether what is undecided is said before all else: where nothing is broken."""
    return appearance(facts) is Outcome.INCONCLUSIVE


def is_mostly_undecided(facts: Facts) -> bool:
    return 2 * sum(map(_is_undecided, facts.findings)) > sum(not is_whole(finding) for finding in facts.findings)


def split(facts: Facts, findings: Sequence[Finding], room: int) -> tuple[list[Finding], list[Finding]]:
    """What to show at once, and the rest: undecided budgets belong to the rest where they are most, for one sentence
    says it all."""
    folded = [item for item in findings if _is_undecided(item)] if is_mostly_undecided(facts) else []
    listed = [item for item in findings if item not in folded]
    return listed[:room], [*listed[room:], *folded]


def _is_undecided(finding: Finding) -> bool:
    return finding.outcome is Outcome.INCONCLUSIVE and not is_whole(finding)


def is_whole(finding: Finding) -> bool:
    """Whether the finding is about all endpoints together, and not about a budget."""
    return finding.metric == ALL_ENDPOINTS


def what_would_decide(facts: Facts) -> str:
    """Why most budgets are undecided, and what would decide them, as a sentence; empty where most are decided."""
    if not is_mostly_undecided(facts):
        return ""
    undecided = [finding for finding in facts.findings if _is_undecided(finding)]
    [(reason, count)] = Counter(finding.reason for finding in undecided).most_common(1)
    mostly = "mostly " if count < len(undecided) else ""
    why = _CAUSES.get(reason) or _want_of_requests(facts, [item for item in undecided if item.reason == reason])
    verb = "is" if len(undecided) == 1 else "are"
    return f"{counted(len(undecided), 'budget')} {verb} undecided, {mostly}because {why}."


def _want_of_requests(facts: Facts, undecided: Sequence[Finding]) -> str:
    """Why, and how much more load would decide most of what more load can decide."""
    requests = "views" if all(map(_is_of_page, undecided)) else "requests"
    is_of_history = any(map(_is_undecided_beside_history, undecided))
    times = sorted(max(item.more, LEAST_ADVISED_TIMES) for item in undecided if item.more is not None)
    if not times:
        base = "compare with `--base-ref auto`, or " if is_of_history else ""
        return f"more {requests} would not tell their values from their limits; {base}move the limits"
    enough = times[ceil(DECIDED_SHARE * len(times)) - 1]
    decided = sum(time <= enough for time in times)
    which = "them" if decided == len(undecided) else f"{decided:,} of them"
    few = f"there were too few {requests}"
    if requests == "views" and enough <= MOST_ADVISED_TIMES:
        return f"{few}; {ceil(enough)} times as many would decide {which} (`iterations`)"
    ways = [] if requests == "views" else list(_ways(facts, enough, is_of_history=is_of_history))
    return f"{few}; {' or '.join([*ways, 'wider limits'][:2])} would decide {which}"


def _ways(facts: Facts, enough: float, *, is_of_history: bool) -> Iterator[str]:
    """Yields what would make `enough` times as many requests, or do without them."""
    seconds = facts.run.duration * enough
    if facts.run.duration and seconds <= LONGEST_ADVISED_S:
        yield f"{_time(seconds)} of load (now {_time(facts.run.duration)})"
    if is_of_history:  # a higher rate is another load, with which the history does not compare
        yield "`--base-ref auto`"
    elif enough <= MOST_ADVISED_TIMES:
        yield f"{ceil(enough)} times the {_level(facts)}"


def _is_undecided_beside_history(finding: Finding) -> bool:
    return finding.compared == "history" and any(
        item.kind is Kind.RELATIVE and item.outcome is Outcome.INCONCLUSIVE for item in finding.criteria
    )


def _level(facts: Facts) -> str:
    """Quantity that the load was planned by."""
    return "users" if facts.run.conditions.load.endswith("(closed)") else "rate"


def _is_of_page(finding: Finding) -> bool:
    metric = metric_of(finding.metric)
    return metric is not None and metric.is_of_page


def _time(seconds: float) -> str:
    return f"{ceil(seconds)} s" if seconds <= 90 else f"{ceil(seconds / 60)} minutes"
