"""Chooses the earlier runs that a run is compared with, and says why others are left out.

A series (one metric of one endpoint) is compared with runs of the baseline branch that were not failures, or that
somebody accepted, and in which the same requests were sent under the same load. An acceptance starts its series anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from perfgate.model.budget_file import BaselinePolicy
from perfgate.model.outcome import NEVER_A_BASELINE
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Baseline


def choose_baseline(run: Run, past_runs: Sequence[PastRun], policy: BaselinePolicy) -> Baseline:
    """`past_runs` newest first, of this budget file; runs of other branches and the run itself are ignored."""
    earlier = [past for past in past_runs if past.run.id != run.id and _when(past.run) < _when(run)]
    on_branch = [past for past in earlier if past.run.branch == _branch(run, policy)]
    same_load = [past for past in on_branch if past.run.conditions.load_digest == run.conditions.load_digest]
    runs: dict[tuple[str, str], tuple[PastRun, ...]] = {}
    accepted = set()
    excluded: dict[str, str] = {}
    for endpoint in run.endpoints:
        comparable = [past for past in same_load if _digests(past.run, endpoint.name) == _digests(run, endpoint.name)]
        if reason := _why_excluded(run, endpoint.name, on_branch, comparable):
            excluded[endpoint.name] = reason
        for metric in endpoint.metrics:
            key = (endpoint.name, metric)
            chosen, starts_anew = _series(comparable, key, policy.runs)
            runs[key] = tuple(chosen)
            if starts_anew:
                accepted.add(key)
    return Baseline(
        branch=_branch(run, policy),
        min_runs=policy.min_runs,
        runs=runs,
        accepted=frozenset(accepted),
        excluded=excluded,
        notes=tuple(_notes(run, on_branch)),
    )


def _when(run: Run) -> datetime:
    """A time without a zone counts as UTC, as in the history."""
    moment = datetime.fromisoformat(run.started)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _branch(run: Run, policy: BaselinePolicy) -> str:
    """Outside any git repository there are no branches: then runs without one are compared with each other."""
    return policy.branch if run.branch or run.commit else ""


def _digests(run: Run, endpoint: str) -> dict[str, str]:
    return dict(run.conditions.endpoint_digests.get(endpoint, {}))


def _series(comparable: Iterable[PastRun], key: tuple[str, str], limit: int) -> tuple[list[PastRun], bool]:
    """At most `limit` runs that may serve, newest first, back to the latest acceptance; whether one was met."""
    chosen: list[PastRun] = []
    for past in comparable:
        is_accepted = any(one.endpoint in ("", key[0]) and one.metric in ("", key[1]) for one in past.acceptances)
        measured = next((one for one in past.run.endpoints if one.name == key[0] and key[1] in one.metrics), None)
        if measured is None or past.run.interrupted:
            continue
        if is_accepted:
            return [*chosen, past], True
        if past.outcome not in NEVER_A_BASELINE:
            chosen.append(past)
        if len(chosen) == limit:
            break
    return chosen, False


def _why_excluded(run: Run, endpoint: str, on_branch: Sequence[PastRun], comparable: Sequence[PastRun]) -> str:
    """Why runs of the branch that know this endpoint are not compared; empty when none is left out."""
    knowing = [past for past in on_branch if endpoint in past.run.conditions.endpoint_digests]
    if not knowing or len(knowing) == len(comparable):
        return ""
    left_out = next(past for past in knowing if past not in comparable)
    now, then = _digests(run, endpoint), _digests(left_out.run, endpoint)
    changed = [part for part in {**then, **now} if now.get(part) != then.get(part)]
    what = f"its {_listed(changed)} changed" if changed else f"the load changed from {left_out.run.conditions.load}"
    return f"{len(knowing) - len(comparable)} of {len(knowing)} runs do not compare: {what}"


def _notes(run: Run, on_branch: Sequence[PastRun]) -> Iterable[str]:
    """What differs from the newest run of the branch, for people."""
    if not on_branch:
        return
    before, now = on_branch[0].run.conditions, run.conditions
    if before.load_digest != now.load_digest:
        yield f"The load changed: {before.load} -> {now.load}. Runs before that are not compared."
    added = [name for name in now.endpoint_digests if name not in before.endpoint_digests]
    removed = [name for name in before.endpoint_digests if name not in now.endpoint_digests]
    if added:
        yield f"New since the last baseline run: {_listed(added)}."
    if removed:
        yield f"No longer sent: {_listed(removed)}."
    for name, digests in now.endpoint_digests.items():
        then = before.endpoint_digests.get(name)
        if then is not None and dict(then) != dict(digests):
            parts = [part for part in {**then, **digests} if then.get(part) != digests.get(part)]
            yield f"{name}: its {_listed(parts)} changed, so earlier runs of it are not compared."
    if before.runner != now.runner and before.runner.cpu and now.runner.cpu:
        yield (
            f"The baseline was measured on another runner: {before.runner.cores} x {before.runner.cpu}, "
            f"now {now.runner.cores} x {now.runner.cpu}."
        )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)
