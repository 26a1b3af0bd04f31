"""The verdict in one line: what it comes to, how many budgets that concerns, and which.

Undecided budgets are counted beside the decided ones, and come first where they are most: such a verdict says little.
Budgets without a baseline say how many runs there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from perfgate.model.budget_file import Kind
from perfgate.model.outcome import BADNESS, Outcome
from perfgate.model.verdict import Finding
from perfgate.recording.usable import is_as_planned
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts
from perfgate.report.undecided import appearance, is_mostly_undecided, is_whole, what_would_decide
from perfgate.text.plurals import and_more, counted

MIN_JOINED_BUDGETS = 4  # budgets without a baseline that take one sentence together
MAX_NAMED_FINDINGS = 3  # findings that a headline names
NOTABLE_P_VALUE = 0.05  # p-value of an undecided movement of all endpoints, from which it is named
QUIET = (Outcome.PASS, Outcome.NO_BASELINE)  # what was not compared is then part of the headline

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
    doubt = ", MOSTLY UNDECIDED" if appearance(facts) is not outcome else ""
    return f"{words.word(outcome).upper()}{doubt}: {'; '.join(_parts(facts, outcome, quote))}"


def baseline_progress(facts: Facts, lacking: Sequence[Finding]) -> str:
    """ "that was the first of 5 runs on main that make a baseline; in a pull request use --base-ref auto".
    A run that will be none of them says how many there are."""
    verdict = facts.verdict
    needed = verdict.baseline_needed
    if facts.run.arms:
        return "the base has no such measurement"
    if not needed:  # a verdict of an older version
        return f"{counted(len(lacking), 'budget')} not compared"
    earlier = _earlier_runs(lacking)
    branch = _branch(facts)
    where = f" on {branch}" if branch else ""
    if not _joins_baseline(facts):
        unsaved = "this run was not saved: " if _is_of_baseline(facts) else ""
        have = f"{earlier} of the {words.runs(needed)}{where} that make a baseline"
        return f"{unsaved}so far {have}; --base-ref compares at once"
    place = "the first" if not earlier else "the last" if earlier + 1 >= needed else f"number {earlier + 1}"
    such = f"{place} of {words.runs(needed)}{where} that make a baseline" if needed > 1 else f"the baseline{where}"
    return f"that was {such}{'; in a pull request use --base-ref auto' if branch else ''}"


def is_baseline_in_headline(facts: Facts) -> bool:
    """Whether the headline says how many runs the baseline has."""
    lacks = any(finding.outcome is Outcome.NO_BASELINE for finding in facts.findings)
    return lacks and facts.verdict.outcome in QUIET and not facts.run.arms


def is_without_baseline(facts: Facts) -> bool:
    """Whether nothing could be compared yet, and what could be judged is kept: a first run."""
    return is_baseline_in_headline(facts) and not any(map(_is_compared, facts.findings))


def next_step(facts: Facts) -> str:
    """What would decide what is undecided, and what a run whose baseline is still to come is for, as sentences; empty
    for others."""
    return " ".join(filter(None, (what_would_decide(facts), _next_of_baseline(facts))))


def _next_of_baseline(facts: Facts) -> str:
    if not is_baseline_in_headline(facts) or not facts.verdict.baseline_needed:
        return ""
    lacking = [finding for finding in facts.findings if finding.outcome is Outcome.NO_BASELINE]
    sentence = baseline_progress(facts, lacking)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def split_by_baseline(facts: Facts, findings: Iterable[Finding]) -> tuple[list[Finding], tuple[str, ...]]:
    """Findings to report one by one, and sentences for those that only lack a baseline: none about how many runs there
    are where the headline says it, but why earlier runs do not count."""
    listed = list(findings)
    lacking = [finding for finding in listed if finding.outcome is Outcome.NO_BASELINE]
    if not lacking or (len(lacking) < MIN_JOINED_BUDGETS and not is_baseline_in_headline(facts)):
        return listed, ()
    reasons = Counter(finding.excluded for finding in lacking if finding.excluded)
    said = [f"{counted(count, 'budget')} without a baseline: {reason}." for reason, count in reasons.items()]
    if not is_baseline_in_headline(facts):
        said.insert(0, f"{counted(len(lacking), 'budget')} not compared: {baseline_progress(facts, lacking)}.")
    return [finding for finding in listed if finding.outcome is not Outcome.NO_BASELINE], tuple(said)


def _parts(facts: Facts, outcome: Outcome, quote: Quote) -> Iterator[str]:
    budgets = [finding for finding in facts.findings if not is_whole(finding)]
    whole = next((finding for finding in facts.findings if is_whole(finding)), None)
    if not budgets:
        yield "no budget was judged"
        return
    concerned = [finding for finding in budgets if finding.outcome is outcome]
    if whole is not None and whole.outcome is outcome and outcome is not Outcome.PASS:
        yield _whole(whole)
    if outcome in QUIET:
        yield from _kept(facts, budgets)
    elif concerned:
        yield _concerned(concerned, outcome, len(budgets), quote)
    if outcome not in QUIET:
        yield from _others(budgets, outcome)
    if whole is not None and whole.outcome is not outcome and _is_notable(whole):
        yield f"all endpoints together {words.changed(whole)}, undecided"


def _concerned(concerned: Sequence[Finding], outcome: Outcome, total: int, quote: Quote) -> str:
    predicate = "changed, and accepted" if all(map(words.is_accepted, concerned)) else _PREDICATES[outcome]
    names = [f"{quote(finding.endpoint)} {plain(finding.metric)}" for finding in concerned[:MAX_NAMED_FINDINGS]]
    more = and_more(len(concerned), MAX_NAMED_FINDINGS)
    return f"{len(concerned)} of {counted(total, 'budget')} {predicate}: {', '.join(names)}{more}"


def _kept(facts: Facts, budgets: Sequence[Finding]) -> Iterator[str]:
    undecided = [finding for finding in budgets if finding.outcome is Outcome.INCONCLUSIVE]
    lacking = [finding for finding in budgets if finding.outcome is Outcome.NO_BASELINE]
    remaining = len(budgets) - len(undecided) - len(lacking)
    also = f", {len(undecided)} undecided" if undecided else ""
    if is_mostly_undecided(facts):
        kept = f", {remaining} kept" if remaining else ""
        yield f"{len(undecided)} of {counted(len(budgets), 'budget')} undecided{kept}"
    elif lacking and not facts.run.arms and not any(map(_is_compared, budgets)):
        fixed = sum(map(_fixed_limits_kept, budgets))
        if fixed:
            yield f"{counted(fixed, 'fixed limit')} kept{also}"
    elif remaining == len(budgets):
        yield f"{counted(remaining, 'budget')} kept"
    else:
        without = f", {len(lacking)} not compared" if lacking and facts.run.arms else ""
        yield f"{remaining} of {counted(len(budgets), 'budget')} kept{also}{without}"
    if is_baseline_in_headline(facts):
        predicate = "have" if len(lacking) != 1 else "has"
        yield f"{len(lacking)} {predicate} no baseline yet: {_baseline_runs(facts, lacking)}"


def _baseline_runs(facts: Facts, lacking: Sequence[Finding]) -> str:
    """ "1 of 5 runs on main", with the run at hand where it will be one of them."""
    needed, branch = facts.verdict.baseline_needed, _branch(facts)
    where = f" on {branch}" if branch else ""
    have = _earlier_runs(lacking) + _joins_baseline(facts)
    return f"{min(have, needed)} of {words.runs(needed)}{where}" if needed else f"{words.runs(have)}{where}"


def _branch(facts: Facts) -> str:
    """The baseline's branch; empty outside of a repository."""
    return plain(facts.verdict.baseline_branch, 40) if facts.verdict.baseline_branch else ""


def _earlier_runs(lacking: Sequence[Finding]) -> int:
    return min((finding.baseline_runs for finding in lacking), default=0)


def _joins_baseline(facts: Facts) -> bool:
    """Whether later runs will be compared with this one."""
    return _is_of_baseline(facts) and facts.verdict.is_saved


def _is_of_baseline(facts: Facts) -> bool:
    """Whether they would be, once it is in the history."""
    run = facts.run
    is_on_branch = run.pull_request is None and run.branch == facts.verdict.baseline_branch
    return is_on_branch and not run.arms and is_as_planned(run)


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
    return whole.outcome is Outcome.INCONCLUSIVE and whole.p_value is not None and whole.p_value < NOTABLE_P_VALUE


def _is_compared(finding: Finding) -> bool:
    return finding.compared != "" and any(criterion.kind is Kind.RELATIVE for criterion in finding.criteria)


def _fixed_limits_kept(finding: Finding) -> int:
    return sum(criterion.kind is Kind.ABSOLUTE and criterion.outcome is Outcome.PASS for criterion in finding.criteria)
