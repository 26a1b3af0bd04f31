"""Undecided budgets: whether they are most, why, and what would decide them.

A verdict that decides little is no success to show in green, whatever its exit code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil

from perfgate.model.metric import ALL_ENDPOINTS, metric_of
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.report.facts import Facts
from perfgate.text.plurals import counted

SUCCESS = (Outcome.PASS, Outcome.NO_BASELINE, Outcome.IMPROVED)
DECIDED_SHARE = 0.8  # of what more load would decide: what the advice is for
LONGEST_ADVISED_S = 3600.0  # s of load

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
    few, all_of_them = "there were too few requests", len(undecided)
    times = sorted(item.more for item in undecided if item.more is not None)
    if not times:
        base = "" if facts.run.arms else "compare with `--base-ref auto`, or "
        return f"more requests would not tell their values from their limits; {base}move the limits"
    enough = times[ceil(DECIDED_SHARE * len(times)) - 1]
    number = sum(time <= enough for time in times)
    which = "them" if number == all_of_them else f"{number:,} of them"
    if all(_is_of_page(item) for item in undecided):
        return f"there were too few views; {ceil(enough)} times as many would decide {which} (`iterations`)"
    # a higher rate is another load, with which the history does not compare
    is_of_history = any(item.compared == "history" for item in undecided)
    other = "`--base-ref auto`" if is_of_history else f"{ceil(enough):,} times the rate"
    seconds = facts.run.duration * enough
    if not facts.run.duration or seconds > LONGEST_ADVISED_S:
        return f"{few}; {other} or wider limits would decide {which}"
    return f"{few}; {_time(seconds)} of load (now {_time(facts.run.duration)}) or {other} would decide {which}"


def _is_of_page(finding: Finding) -> bool:
    metric = metric_of(finding.metric)
    return metric is not None and metric.is_of_page


def _time(seconds: float) -> str:
    return f"{ceil(seconds)} s" if seconds <= 90 else f"{ceil(seconds / 60)} minutes"
