"""The verdict in one line: what it comes to, how many budgets that concerns, and which.

Undecided budgets are counted beside the decided ones; budgets without a baseline say how many runs there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from perfgate.model.budget_file import Kind
from perfgate.model.metric import ALL_ENDPOINTS
from perfgate.model.outcome import BADNESS, Outcome
from perfgate.model.verdict import Finding
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts
from perfgate.text.plurals import counted

NAMED = 3  # findings that a headline names
NOTABLE = 0.05  # p-value of an undecided movement of all endpoints, from which it is named

_PREDICATES = {
    Outcome.FAIL: "broken",
    Outcome.NO_DATA: "not measured",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.WARN: "past the warning limit",
    Outcome.IMPROVED: "better than the baseline",
}
Quote = Callable[[str], str]


def headline(facts: Facts, quote: Quote = plain) -> str:
    """`quote` makes an endpoint's name safe for where the line goes."""
    outcome = facts.verdict.outcome
    return f"{words.word(outcome).upper()}: {'; '.join(_parts(facts, outcome, quote))}"


def split_by_baseline(facts: Facts, findings: Iterable[Finding]) -> tuple[list[Finding], str]:
    """Findings to tell one by one, and one sentence for those that only lack a baseline, if there are many."""
    lacking = [finding for finding in findings if finding.outcome is Outcome.NO_BASELINE]
    if len(lacking) < words.MANY:
        return list(findings), ""
    return [finding for finding in findings if finding.outcome is not Outcome.NO_BASELINE], (
        f"{len(lacking)} budgets have no baseline yet: {_baseline_runs(facts, lacking)}. Their fixed limits are kept; "
        "changes are judged once there are enough runs."
    )


def _baseline_runs(facts: Facts, lacking: Sequence[Finding]) -> str:
    """ "1 of 5 runs on main", with the run at hand where it will be one of them."""
    verdict, run = facts.verdict, facts.run
    joins = not run.arms and run.pull_request is None and run.branch == verdict.baseline_branch
    have = max((finding.baseline_runs for finding in lacking), default=0) + joins
    branch = f" on {plain(verdict.baseline_branch, 40)}" if verdict.baseline_branch else ""
    if not verdict.baseline_needed:
        return f"{words.runs(have)}{branch}"
    return f"{min(have, verdict.baseline_needed)} of {words.runs(verdict.baseline_needed)}{branch}"


def is_whole(finding: Finding) -> bool:
    """Whether the finding is about all endpoints together, and not about a budget."""
    return finding.metric == ALL_ENDPOINTS


def _parts(facts: Facts, outcome: Outcome, quote: Quote) -> Iterator[str]:
    budgets = [finding for finding in facts.findings if not is_whole(finding)]
    whole = next((finding for finding in facts.findings if is_whole(finding)), None)
    if not budgets:
        yield "no budget was judged"
        return
    concerned = [finding for finding in budgets if finding.outcome is outcome]
    if whole is not None and whole.outcome is outcome and outcome is not Outcome.PASS:
        yield _whole(whole)
    if outcome in (Outcome.PASS, Outcome.NO_BASELINE):
        yield from _kept(facts, budgets)
    elif concerned:
        yield _concerned(concerned, outcome, len(budgets), quote)
    if outcome is not Outcome.PASS:
        yield from _others(budgets, outcome)
    if whole is not None and whole.outcome is not outcome and _is_notable(whole):
        yield f"all endpoints together {words.changed(whole)}, undecided"


def _concerned(concerned: Sequence[Finding], outcome: Outcome, total: int, quote: Quote) -> str:
    predicate = "changed, and accepted" if all(map(words.is_accepted, concerned)) else _PREDICATES[outcome]
    names = [f"{quote(finding.endpoint)} {plain(finding.metric)}" for finding in concerned[:NAMED]]
    more = f" and {len(concerned) - NAMED} more" if len(concerned) > NAMED else ""
    return f"{len(concerned)} of {counted(total, 'budget')} {predicate}: {', '.join(names)}{more}"


def _kept(facts: Facts, budgets: Sequence[Finding]) -> Iterator[str]:
    undecided = [finding for finding in budgets if finding.outcome is Outcome.INCONCLUSIVE]
    lacking = [finding for finding in budgets if finding.outcome is Outcome.NO_BASELINE]
    remaining = len(budgets) - len(undecided) - len(lacking)
    also = f", {len(undecided)} undecided" if undecided else ""
    if lacking and not any(map(_is_compared, budgets)):
        fixed = sum(map(_fixed_limits_kept, budgets))
        if fixed:
            yield f"{counted(fixed, 'fixed limit')} kept{also}"
    elif remaining == len(budgets):
        yield f"{counted(remaining, 'budget')} kept"
    else:
        yield f"{remaining} of {counted(len(budgets), 'budget')} kept{also}"
    if lacking:
        predicate = "have" if len(lacking) != 1 else "has"
        yield f"{len(lacking)} {predicate} no baseline yet: {_baseline_runs(facts, lacking)}"


def _others(budgets: Sequence[Finding], outcome: Outcome) -> Iterator[str]:
    """What else is worse than a warning, and what is undecided."""
    for other in (Outcome.FAIL, Outcome.NO_DATA, Outcome.INCONCLUSIVE):
        count = sum(finding.outcome is other for finding in budgets)
        if count and other is not outcome and (BADNESS[other] > BADNESS[outcome] or other is Outcome.INCONCLUSIVE):
            yield f"{count} {_PREDICATES[other]}"


def _whole(whole: Finding) -> str:
    verb = {Outcome.IMPROVED: "became faster", Outcome.INCONCLUSIVE: "may have changed"}.get(
        whole.outcome, "became slower"
    )
    return f"the whole application {verb}, {words.changed(whole)}"


def _is_notable(whole: Finding) -> bool:
    return whole.outcome is Outcome.INCONCLUSIVE and whole.p_value is not None and whole.p_value < NOTABLE


def _is_compared(finding: Finding) -> bool:
    return finding.compared != "" and any(criterion.kind is Kind.RELATIVE for criterion in finding.criteria)


def _fixed_limits_kept(finding: Finding) -> int:
    return sum(criterion.kind is Kind.ABSOLUTE and criterion.outcome is Outcome.PASS for criterion in finding.criteria)
