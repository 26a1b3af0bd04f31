"""Chooses the earlier runs that a run is compared with, and says why others are left out.

A series (one metric of one endpoint) is compared with runs of the baseline branch in which it did not fail, or that
somebody accepted, and in which the same requests were sent under the same load. An acceptance starts a new level; the
levels before it still tell how much the series varies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perfgate.model.budget_file import BaselinePolicy
from perfgate.model.metric import METRICS
from perfgate.model.note import Note
from perfgate.model.run import Conditions, PastRun, Run
from perfgate.model.verdict import Baseline
from perfgate.recording.usable import differences, is_accepted, is_as_planned, is_usable, listed, shortfall
from perfgate.text.notes import note
from perfgate.text.plurals import counted, named
from perfgate.text.units import parse_moment

BROWSER = "chromium"  # among the versions of a run with pages
MAX_NAMED_ENDPOINTS = 5  # named in one note


def choose_baseline(run: Run, past_runs: Sequence[PastRun], policy: BaselinePolicy) -> Baseline:
    """`past_runs` newest first, of this budget file; runs of other branches and the run itself are ignored."""
    alone = [past for past in past_runs if not past.run.arms]  # in an A/B test each arm had half of the load
    branch, began = _branch(run, past_runs, policy), parse_moment(run.started)
    others = [
        (past, parse_moment(past.run.started)) for past in alone if past.run.branch == branch and past.run.id != run.id
    ]
    on_branch = [past for past, when in others if when < began]
    later = [past.run for past, when in others if when > began]
    runs: dict[tuple[str, str], tuple[PastRun, ...]] = {}
    earlier: dict[tuple[str, str], tuple[tuple[PastRun, ...], ...]] = {}
    accepted = set()
    excluded: dict[str, str] = {}
    for endpoint in run.endpoints:
        alike = [past for past in on_branch if not differences(past.run, run, endpoint.name)]
        if reason := _why_excluded(run, endpoint.name, on_branch, alike) or _why_later(endpoint.name, later):
            excluded[endpoint.name] = reason
        for metric in endpoint.metrics:
            key = (endpoint.name, metric)
            today, *older = _series(alike, key, policy.runs)
            runs[key] = tuple(today)
            if older:
                accepted.add(key)
                earlier[key] = tuple(tuple(level) for level in older if level)
    return Baseline(
        branch=branch,
        min_runs=policy.min_runs,
        runs=runs,
        earlier=earlier,
        accepted=frozenset(accepted),
        excluded=excluded,
        notes=tuple(_notes(run, on_branch)),
    )


def is_comparable(past: Run, run: Run, endpoint: str) -> bool:
    """Whether the same requests were sent to an endpoint under the same load, to the end."""
    return is_as_planned(past) and not differences(past, run, endpoint)


def has_baseline(baseline: Baseline, key: tuple[str, str]) -> bool:
    """Whether a series has runs enough; after an accepted change one is."""
    return len(baseline.runs.get(key, ())) >= runs_needed(baseline, key)


def runs_needed(baseline: Baseline, key: tuple[str, str]) -> int:
    """What the code alone decides needs one run to compare with."""
    is_fact = key[1] in METRICS and METRICS[key[1]].is_fact
    return 1 if key in baseline.accepted or is_fact else baseline.min_runs


def _branch(run: Run, past_runs: Sequence[PastRun], policy: BaselinePolicy) -> str:
    """Outside any git repository there are no branches: then runs without one are compared with each other; where there
    are none, with those that somebody put onto the baseline branch."""
    if run.branch or run.commit:
        return policy.branch
    branches = {past.run.branch for past in past_runs}
    return policy.branch if policy.branch in branches and "" not in branches else ""


def _series(comparable: Iterable[PastRun], key: tuple[str, str], limit: int) -> list[list[PastRun]]:
    """At most `limit` runs that may serve, newest first, in levels: each begins at an acceptance."""
    levels: list[list[PastRun]] = [[]]
    room = limit
    for past in comparable:
        if room == 0:
            break
        if not is_usable(past, key):
            continue
        levels[-1].append(past)
        room -= 1
        if is_accepted(past, key):
            levels.append([])
    return levels


def _why_excluded(run: Run, endpoint: str, on_branch: Sequence[PastRun], comparable: Sequence[PastRun]) -> str:
    """Why runs of the branch that know this endpoint are not compared; empty when none is left out."""
    knowing = [past for past in on_branch if endpoint in past.run.conditions.endpoint_digests]
    left_out = [past for past in knowing if past not in comparable or shortfall(past.run)]
    if not left_out:
        return ""
    newest = left_out[0].run
    what = (*differences(newest, run, endpoint), shortfall(newest))[0]
    return f"{len(left_out)} of {len(knowing)} runs do not compare: {what}"


def _why_later(endpoint: str, later: Sequence[Run]) -> str:
    """Says that runs began after this one: it is judged afterwards, or one of the clocks is wrong."""
    knowing = [run for run in later if endpoint in run.conditions.endpoint_digests]
    if not knowing:
        return ""
    runs = counted(len(knowing), "run")
    return f"{runs} began after this one, at {knowing[0].started}; if not, a machine's clock is wrong"


def _notes(run: Run, on_branch: Sequence[PastRun]) -> Iterable[Note]:
    """What differs from the newest run of the branch, for people."""
    if not on_branch:
        return
    before, now = on_branch[0].run.conditions, run.conditions
    if before.latency != now.latency:
        text = f"Latency meant {before.latency} before, and means {now.latency} now: such runs are not compared."
        yield note("PG-C003", text)
    elif before.load_digest != now.load_digest:
        yield note("PG-C003", f"The load changed: {before.load} -> {now.load}. Runs before that are not compared.")
    elif before.host and now.host and before.host != now.host:
        text = f"The load went to {before.host} before, and to {now.host} now. Such runs are not compared."
        yield note("PG-C003", text)
    added = [name for name in now.endpoint_digests if name not in before.endpoint_digests]
    removed = [name for name in before.endpoint_digests if name not in now.endpoint_digests]
    if added:
        yield note("PG-C004", f"New since the last baseline run: {named(added, MAX_NAMED_ENDPOINTS)}.")
    if removed:
        yield note("PG-C004", f"No longer sent: {named(removed, MAX_NAMED_ENDPOINTS)}.")
    yield from _changed_requests(before, now)
    if before.runner != now.runner and before.runner.cpu and now.runner.cpu:
        yield note(
            "PG-C005",
            f"The baseline was measured on another runner: {before.runner.cores} x {before.runner.cpu}, "
            f"now {now.runner.cores} x {now.runner.cpu}.",
        )
    then, here = (conditions.versions.get(BROWSER, "").partition(".")[0] for conditions in (before, now))
    if then and here and then != here:
        yield note("PG-C005", f"The baseline's pages were viewed in Chromium {then}, now in Chromium {here}.")


def _changed_requests(before: Conditions, now: Conditions) -> Iterable[Note]:
    """A note for each kind of change, with the endpoints that it concerns."""
    changed: dict[tuple[str, ...], list[str]] = {}
    for name, digests in now.endpoint_digests.items():
        then = before.endpoint_digests.get(name)
        if then is not None and dict(then) != dict(digests):
            parts = tuple(part for part in {**then, **digests} if then.get(part) != digests.get(part))
            changed.setdefault(parts, []).append(name)
    for parts, names in changed.items():
        whose, them = ("its", "it") if len(names) == 1 else ("their", "them")
        text = f"{named(names, MAX_NAMED_ENDPOINTS)}: {whose} {listed(parts)} changed, so earlier runs of {them} "
        yield note("PG-C003", f"{text}are not compared.")
