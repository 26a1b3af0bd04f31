"""How outcomes, limits and values are said, so that the terminal, Markdown, JUnit and the charts say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from perfgate.model.budget_file import AbPolicy, Kind, Severity
from perfgate.model.metric import Unit, metric_of
from perfgate.model.note import Note
from perfgate.model.outcome import BADNESS, Outcome
from perfgate.model.run import Arm, EndpointResult, Generator, Run
from perfgate.model.verdict import CriterionResult, Finding, Watched
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts, finite
from perfgate.text import units
from perfgate.text.notes import note
from perfgate.text.plurals import and_more, counted

NOTHING = "–"
MAX_NAMED_FINDINGS = 3  # findings that a headline names

MARKS = {
    Outcome.FAIL: "✗",
    Outcome.NO_DATA: "∅",
    Outcome.INCONCLUSIVE: "?",
    Outcome.WARN: "!",
    Outcome.NO_BASELINE: "○",
    Outcome.IMPROVED: "★",
    Outcome.PASS: "✓",
}

_KINDS = {  # of failures: a bare "status" reads like an HTTP status
    "status": "unexpected status",
    "expectation": "unexpected content",
    "timeout": "timed out",
    "connection": "no connection",
    "protocol": "broken answer",
}
_RATIO = re.compile(r"\s*[+-]?[0-9.]+ ?%")


def word(outcome: Outcome) -> str:
    return outcome.value.replace("-", " ")


def is_accepted(finding: Finding) -> bool:
    """A regression that somebody accepted."""
    return finding.outcome is Outcome.WARN and finding.reason == "accepted"


def value(metric: str, amount: float | None) -> str:
    """A value for people, with its unit; a dash when there is none."""
    amount = finite(amount)
    if amount is None:
        return NOTHING
    known = metric_of(metric)
    return units.format_value(known.unit, amount) if known else f"{amount:g}"


def change(ratio: float | None) -> str:
    ratio = finite(ratio)
    return NOTHING if ratio is None else units.format_change(ratio)


def change_of(finding: Finding, ratio: float | None) -> str:
    """ "+60 %" of a change given as a ratio; "+1.2 pp" where the finding's metric is a share itself, as errors are."""
    ratio, baseline, metric = finite(ratio), finite(finding.baseline), metric_of(finding.metric)
    if ratio is None or not baseline or metric is None or metric.unit is not Unit.RATIO:
        return change(ratio)
    return units.format_difference(metric.unit, ratio * baseline)


def changed(finding: Finding) -> str:
    """ "+60 %", or "+60 % (own +48 %)" where only a part of it is the endpoint's own, and judged."""
    own = finite(finding.own_change)
    return change_of(finding, finding.change) + (f" (own {change_of(finding, own)})" if own is not None else "")


def detectable(finding: Finding) -> str:
    """The smallest worsening that the run would have found: "+12 %" of a comparison ("×4" from twice as much on),
    "310 ms" of a fixed limit. Nothing where a comparison is still to come."""
    least, measured = finite(finding.detectable), finite(finding.measured)
    metric = metric_of(finding.metric)
    if least is None or measured is None or metric is None or finding.outcome is Outcome.NO_BASELINE:
        return NOTHING
    signed = -least if metric.higher_is_better else least
    is_rise = finding.compared and least > 0  # none where the value is over a fixed limit by more than that already
    if metric.unit is Unit.RATIO:
        least_value = value(metric.name, max(0.0, measured + signed))
        return units.format_difference(metric.unit, signed) if is_rise else least_value
    if not is_rise:
        return value(metric.name, measured * (1 + signed))
    return f"×{1 + signed:.0f}" if signed >= 1 else change(round(signed, 2))


def share(part: int, whole: int) -> str:
    return value("errors", part / whole if whole else None)


def limit(finding: Finding, criterion: CriterionResult) -> str:
    """ "120 ms", "+10 %", "+0.5 pp", "warn 100 ms"."""
    known = metric_of(finding.metric)
    if criterion.kind is Kind.ABSOLUTE:
        text = value(finding.metric, criterion.limit)
    elif _is_ratio(criterion):
        text = change(criterion.limit) + _since(criterion)
    else:
        text = units.format_difference(known.unit, criterion.limit) if known else plain(criterion.text, 20)
    return f"warn {text}" if criterion.severity is Severity.WARN else text


def marked_limit(finding: Finding, criterion: CriterionResult) -> str:
    """ "✓ 300 ms" and "○ +20 %" where a baseline is still to come, so that what is kept shows; else the limit alone."""
    text = limit(finding, criterion)
    if finding.outcome is Outcome.NO_BASELINE and len(finding.criteria) > 1:
        return f"{MARKS[criterion.outcome]} {text}"
    return text


def is_broken(criterion: CriterionResult) -> bool:
    return criterion.outcome in (Outcome.FAIL, Outcome.WARN)


def limit_value(criterion: CriterionResult, baseline: float | None) -> float | None:
    """Where the limit lies in the metric's base unit; None when that takes a baseline and there is none, or the level
    of an anchor, which a finding does not have."""
    if criterion.kind is Kind.ABSOLUTE:
        return finite(criterion.limit)
    if finite(baseline) is None or baseline is None or _since(criterion):
        return None
    return finite(baseline * (1 + criterion.limit) if _is_ratio(criterion) else baseline + criterion.limit)


def decisive(finding: Finding) -> CriterionResult | None:
    """The criterion to show when there is room for one: broken, then failing, then absolute ones first."""
    known = [c for c in finding.criteria if limit_value(c, finding.baseline) is not None]
    return min(
        known,
        key=lambda c: (BADNESS[c.outcome], c.severity is not Severity.FAIL, c.kind is not Kind.ABSOLUTE),
        default=None,
    )


def _is_ratio(criterion: CriterionResult) -> bool:
    return bool(_RATIO.match(criterion.text))  # "+10%", "+20% since v1.4"; "+20ms" and "+0.5pp" are differences


def _since(criterion: CriterionResult) -> str:
    """ " since v1.4.0" of the limit beside an anchor."""
    _, since, ref = criterion.text.partition(" since ")
    return f" since {plain(ref, 24)}" if since else ""


def errors(result: EndpointResult) -> str:
    """ "0 %", or "3.2 % (31 unexpected status, 1 timed out)"."""
    kinds = kinds_of_errors(result)
    return share(result.failures, result.requests) + (f" ({kinds})" if kinds else "")


def kinds_of_errors(result: EndpointResult) -> str:
    """ "31 unexpected status, 1 timeout"."""
    kinds = ((_KINDS.get(kind, plain(kind, 20)), count) for kind, count in result.failures_by_kind.items())
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds if count)


def generator(health: Generator) -> str:
    """How well the load generator itself did: "12 of 6,000 late, none dropped, p99 1.2 ms late, CPU 43 %"."""
    if not (health.users or health.cpu):  # an imported run
        dropped = f"{health.dropped:,} of {health.due:,} starts dropped, else " if health.due else ""
        return f"{dropped}not recorded"
    parts = []
    if health.due:
        late = f"{health.late:,} of {health.due:,} starts late (p99 {value('p99', health.lateness_p99)})"
        parts += [late, f"{health.dropped:,} dropped"]
    busiest = f"CPU {value('errors', health.cpu)} of one core"
    return ", ".join([*parts, busiest, f"at most {health.users:,} users"])


def doubts(facts: Facts) -> tuple[Note, ...]:
    """What readers must know besides the findings, each once: an overload, then of the run, then of the comparison."""
    first = facts.verdict.notes[: facts.verdict.overload is not None]
    cut = (note("PG-U014", "The run was interrupted: it measured less than planned."),) if facts.run.interrupted else ()
    return tuple(dict.fromkeys((*first, *cut, *facts.run.warnings, *facts.verdict.notes)))


def runs(count: int) -> str:
    return counted(count, "run")


def revision(run: Run) -> str:
    """ "9f3c2ab on faster-search, 5 Jan 2026"."""
    known = run
    commit = plain(known.commit)[:7] if known.commit else "unknown commit"
    changed = " with uncommitted changes" if known.dirty else ""
    branch = f" on {plain(known.branch, 30)}" if known.branch else ""
    return f"{commit}{changed}{branch}, {day(run.started, year=True)}"


def arms(both: Iterable[Arm]) -> str:
    """ "base 2e1f0ab (main) and head 9f3c2ab (work tree)"; where nobody knows the commit, the target."""
    return " and ".join(arm(item) for item in both)


def arm(item: Arm) -> str:
    if not item.commit:
        return f"{item.name} {plain(item.target)}"
    return f"{item.name} {plain(item.commit)[:7]} ({plain(item.ref or item.target)})"


def ab_mode(policy: AbPolicy) -> str:
    """How an A/B test departs from its usual way; nothing when it does not."""
    restarts = f", restarted {counted(policy.restarts, 'time')}" if policy.restarts else ""
    return restarts + (f", in blocks of {policy.blocks:g} s" if policy.blocks else "")


def expected(shortest: float, longest: float, usual: float | None) -> str:
    """ "Ends when everything is decided, after 20 s to 180 s; usually after about 40 s"."""
    usually = f"; usually after about {usual:g} s" if usual else ""
    return f"Ends when everything is decided, after {shortest:g} s to {longest:g} s{usually}"


def prolonged(undecided: Sequence[Finding], seconds: float, so_far: float) -> str:
    """ "After 30 s not decided: search p95, home p95 and 3 more. The load goes on for 30 s"."""
    names = ", ".join(
        f"{plain(finding.endpoint)} {plain(finding.metric)}" for finding in undecided[:MAX_NAMED_FINDINGS]
    )
    rest = and_more(len(undecided), MAX_NAMED_FINDINGS)
    return f"After {so_far:g} s not decided: {names}{rest}. The load goes on for {seconds:g} s"


def watched(item: Watched, quote: Callable[[str], str] = plain) -> str:
    """ "search p50 82 ms to 90 ms, +10 %"."""
    before, now = value(item.metric, item.baseline), value(item.metric, item.measured)
    return f"{quote(item.endpoint)} {plain(item.metric)} {before} to {now}, {change(item.change)}"


def day(started: str, *, year: bool = False) -> str:
    """ "5 Jan" of an ISO 8601 time; a dash when it cannot be read."""
    try:
        at = datetime.fromisoformat(started)
    except ValueError:
        return NOTHING
    return f"{at.day} {_MONTHS[at.month - 1]}" + (f" {at.year}" if year else "")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # whatever the locale
