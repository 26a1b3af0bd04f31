"""Where runs are that a run could be compared with, were its baseline another branch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from perfgate.gate.history.baseline import is_comparable
from perfgate.model.revision import FORK_SEPARATOR
from perfgate.model.run import PastRun, Run
from perfgate.text.plurals import counted


def elsewhere(run: Run, past_runs: Sequence[PastRun], branch: str) -> str:
    """One sentence about the branch besides `branch` with the most comparable runs; empty if there is none."""
    names = [endpoint.name for endpoint in run.endpoints]
    others = Counter(
        past.run.branch
        for past in past_runs
        if past.run.branch != branch
        and FORK_SEPARATOR not in past.run.branch
        and past.run.id != run.id
        and not past.run.arms
        and any(is_comparable(past.run, run, name) for name in names)
    )
    if not others:
        return ""
    other, number = others.most_common(1)[0]
    runs = f"{counted(number, 'comparable run')} {'is' if number == 1 else 'are'} on record"
    if not other:
        they = "it was" if number == 1 else "they were"
        return f"{runs} without a branch: {they} measured outside of git, or of a commit or tag."
    these = "it" if number == 1 else "them"
    cure = f"`gate: {{baseline: {{branch: {other}}}}}` compares with {these}"
    if branch and not any(past.run.branch == branch for past in past_runs if past.run.id != run.id):
        cure += f"; where {other} is what {branch} was called before, `branch: [{branch}, {other}]`"
    return f"{runs} on {other}: {cure}."


def moved(run: Run, past_runs: Sequence[PastRun]) -> str:
    """One sentence about the first comparable run of `past_runs`, which are of budget files that are gone: this one may
    have been moved from there. Empty if there is none."""
    names = [endpoint.name for endpoint in run.endpoints]
    for past in past_runs:
        if not past.run.arms and any(is_comparable(past.run, run, name) for name in names):
            return (
                f"comparable runs are on record of {past.run.file}, which is gone: if it was moved here, "
                f"`name: {past.run.name}` goes on with them."
            )
    return ""
