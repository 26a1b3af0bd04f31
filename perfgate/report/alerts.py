"""Incidents of `perfgate watch` in the words of a chat: one message when they begin, one when they are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Announcement, Broken, Occasion
from perfgate.model.verdict import NOT_MEASURED, AlertPolicy, Finding, Incident, Verdict
from perfgate.report.escaping import plain
from perfgate.report.facts import finite
from perfgate.text.plurals import and_more, counted
from perfgate.text.units import parse_moment

MAX_NAMED_BUDGETS = 3  # budgets that a headline names
MAX_TITLE_CHARS = 100
MAX_SENTENCE_CHARS = 500


@dataclass(frozen=True, kw_only=True)
class Watching:
    """What is watched, and its newest round; `verdict` is None where that could not be measured, as `failure` says."""

    run: str  # id
    name: str
    budget: str
    target: str
    started: str
    url: str
    verdict: Verdict | None
    failure: str
    policy: AlertPolicy


def firing(opened: Sequence[Incident], watching: Watching) -> Announcement:
    policy = watching.policy
    since = _clock(min(item.began for item in opened))
    how = f"{counted(policy.failures, 'failed round')} of {policy.among}" if policy.among > 1 else "1 failed round"
    what = f"{_names(opened)} {'fails' if len(opened) == 1 else 'fail'}"
    if _is_outage(opened):
        what = f"{plain(watching.target, MAX_TITLE_CHARS)} cannot be measured"
    text = f"ALERT: {what} since {since} UTC ({how})"
    findings = {(item.endpoint, item.metric): item for item in (watching.verdict.findings if watching.verdict else ())}
    broken = tuple(_broken(item, findings, watching) for item in opened)
    outcome = Outcome.NO_DATA if watching.verdict is None else Outcome.FAIL
    announcement = _announcement(text, outcome, opened, watching)
    occasion = replace(announcement.occasion, alert="firing", broken=broken)
    return replace(announcement, failed=len(opened), blocks=True, occasion=occasion)


def resolved(closed: Sequence[Incident], watching: Watching) -> Announcement:
    lasted = max(_seconds(item) for item in closed)
    rounds = max(item.failed for item in closed)
    least = "at least " if any(item.is_cut for item in closed) else ""
    what = f"{plain(watching.target, MAX_TITLE_CHARS)} is measured again" if _is_outage(closed) else _names(closed)
    text = f"RECOVERED: {what} after {least}{duration(lasted)} ({counted(rounds, 'failed round')})"
    announcement = _announcement(text, Outcome.PASS, closed, watching)
    return replace(announcement, occasion=replace(announcement.occasion, alert="resolved", recovered=True))


def duration(seconds: float) -> str:
    """ "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def _announcement(headline: str, outcome: Outcome, incidents: Sequence[Incident], watching: Watching) -> Announcement:
    name = plain(watching.name, MAX_TITLE_CHARS)
    return Announcement(
        key=f"watch\n{watching.budget}\n{watching.name}\n{watching.target}",
        title=plain(f"perfgate watch: {name} ({watching.target})", MAX_TITLE_CHARS),
        outcome=outcome,
        failed=0,
        blocks=False,
        headline=headline,
        comment=headline,
        summary=headline,
        occasion=Occasion(
            run=watching.run,
            name=name,
            budget=watching.budget,
            started=watching.started,
            branch="watch",
            url=watching.url if watching.url.startswith(("https://", "http://")) else "",
            on_baseline=True,
            incidents=tuple(incidents),
        ),
    )


def _is_outage(incidents: Sequence[Incident]) -> bool:
    return all((item.endpoint, item.metric) == NOT_MEASURED for item in incidents)


def _names(incidents: Sequence[Incident]) -> str:
    names = [_name(item) for item in incidents[:MAX_NAMED_BUDGETS]]
    more = and_more(len(incidents), MAX_NAMED_BUDGETS)
    return f"{', '.join(names)}{more}"


def _name(incident: Incident) -> str:
    if _is_outage([incident]):
        return "the measurement itself"
    return f"{plain(incident.endpoint, MAX_TITLE_CHARS)} {plain(incident.metric, 40)}"


def _broken(item: Incident, findings: Mapping[tuple[str, str], Finding], watching: Watching) -> Broken:
    finding = findings.get((item.endpoint, item.metric))
    endpoint, metric = plain(item.endpoint, MAX_TITLE_CHARS), plain(item.metric, 40)
    if finding is None:
        sentence = plain(watching.failure or f"{endpoint} {metric} failed", MAX_SENTENCE_CHARS)
        return Broken(endpoint=endpoint, metric=metric, outcome=Outcome.NO_DATA, sentence=sentence)
    return Broken(
        endpoint=endpoint,
        metric=metric,
        outcome=finding.outcome,
        sentence=plain(finding.sentence, MAX_SENTENCE_CHARS),
        measured=finite(finding.measured),
        baseline=finite(finding.baseline),
        change=finite(finding.change),
    )


def _seconds(item: Incident) -> float:
    return (_moment(item.ended) - _moment(item.began)).total_seconds()


def _clock(moment: str) -> str:
    return f"{_moment(moment):%H:%M}"


def _moment(text: str) -> datetime:
    return parse_moment(text).astimezone(UTC)
