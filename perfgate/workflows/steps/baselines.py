"""Where a baseline is looked for: which branch is meant, which runs a store has of it, and where else some are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from perfgate import gate
from perfgate.ci.default_branch import default_branch
from perfgate.ci.git_questions import ask_git, commit_of
from perfgate.history import History, times
from perfgate.model.budget_file import AUTO, BaselinePolicy, BudgetFile
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.text.notes import note

MAX_RUNS = 100  # earlier runs looked at, for the baseline and the trend
IN_CI = ("GITHUB_ACTIONS", "GITLAB_CI")

Environment = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RememberedRuns:
    """What the history has to compare a run with; `budget_file` names the baseline's branch."""

    budget_file: BudgetFile
    recent: tuple[PastRun, ...]  # newest first
    anchored: tuple[PastRun, ...]  # of the anchor's commit


def read_past_runs(store: History, budget_file: BudgetFile, environ: Environment) -> RememberedRuns:
    budget_file = with_branch(budget_file, store, environ)
    return RememberedRuns(
        budget_file=budget_file,
        recent=recent(store, budget_file, environ),
        anchored=read_anchored(store, budget_file, environ),
    )


def with_branch(budget_file: BudgetFile, store: History, environ: Environment) -> BudgetFile:
    """The budget file with the name of the baseline's branch: where it says `auto`, the repository's default branch.

    Where a repository does not say which that is, the branch that was measured most often; but not in CI, where
    pushing often to a branch must not make it the baseline.
    """
    policy = budget_file.gate.baseline
    if policy.branch != AUTO:
        return budget_file
    branch = default_branch(environ, budget_file.path.parent)
    if not branch and not any(environ.get(name) for name in IN_CI):
        measured = Counter(entry.branch for entry in store.entries(budget_file.name) if entry.branch)
        branch = measured.most_common(1)[0][0] if measured else ""
    policy = replace(policy, branch=branch or BaselinePolicy.branch)
    return replace(budget_file, gate=replace(budget_file.gate, baseline=policy))


def runs(
    store: History, budget_file: BudgetFile, environ: Environment, *, branch: str | None = None, limit: int = MAX_RUNS
) -> tuple[PastRun, ...]:
    """Newest first, as `History.runs`: with those from before a budget file was named for its path in the repository,
    unless several files were remembered under that name. Runs of the baseline's branch under a name that it had before
    count as runs of that branch."""
    policy = budget_file.gate.baseline
    branches = dict.fromkeys((branch, *policy.former_branches)) if branch == policy.branch else (branch,)
    found = [past for name in branches for past in _runs_of(store, budget_file, environ, branch=name, limit=limit)]
    if len(branches) > 1:
        found = sorted(found, key=_start_order, reverse=True)[:limit]
    return tuple(_with_todays_branch(past, policy) for past in found)


def _with_todays_branch(past: PastRun, policy: BaselinePolicy) -> PastRun:
    if past.run.branch not in policy.former_branches:
        return past
    return replace(past, run=replace(past.run, branch=policy.branch))


def _runs_of(
    store: History, budget_file: BudgetFile, environ: Environment, *, branch: str | None, limit: int
) -> tuple[PastRun, ...]:
    """Newest first, of one branch or all, by the file's name and its former one."""
    own, former = store.runs(budget_file.name, branch=branch, limit=limit), budget_file.formerly
    if former in ("", budget_file.name) or len(own) >= limit:
        return own
    old = [past for past in store.runs(former, branch=branch, limit=limit) if not past.run.file]
    if not old or not _is_only_one(budget_file, environ):
        return own
    return tuple(sorted((*own, *old), key=_start_order, reverse=True)[:limit])


def recent(store: History, budget_file: BudgetFile, environ: Environment) -> tuple[PastRun, ...]:
    """Newest first: those of the baseline branch, or of any branch when it has none yet (to say so)."""
    on_branch = runs(store, budget_file, environ, branch=budget_file.gate.baseline.branch)
    return on_branch or runs(store, budget_file, environ)


def read_anchored(store: History, budget_file: BudgetFile, environ: Environment) -> tuple[PastRun, ...]:
    """The newest runs of the anchor's commit; none without an anchor, or when git does not know it."""
    anchor = budget_file.gate.anchor
    commit = anchor and commit_of(environ, budget_file.path.parent, anchor.ref)
    if not commit:
        return ()
    former = budget_file.formerly not in ("", budget_file.name) and _is_only_one(budget_file, environ)
    names = (budget_file.name, budget_file.formerly) if former else (budget_file.name,)
    same = [entry.id for name in names for entry in store.entries(name) if entry.commit == commit]
    stored = (store.get(run_id) for run_id in same)
    chosen = [past for past in stored if past.run.name == budget_file.name or not past.run.file]
    return tuple(chosen[: budget_file.gate.baseline.runs])


def with_runs_elsewhere(
    verdict: Verdict, run: Run, store: History, budget_file: BudgetFile, environ: Environment
) -> Verdict:
    """The verdict, which says where comparable runs are when the baseline's branch has too few: on another branch, or
    under the name that the budget file had in another folder."""
    if run.arms or not any(finding.outcome is Outcome.NO_BASELINE for finding in verdict.findings):
        return verdict
    own = runs(store, budget_file, environ)
    sentence = gate.elsewhere(run, own, verdict.baseline_branch)
    if not sentence and all(past.run.id == run.id for past in own):
        sentence = gate.moved(run, _of_files_that_are_gone(store, budget_file, environ))
    return replace(verdict, notes=(note("PG-C013", sentence), *verdict.notes)) if sentence else verdict


def _of_files_that_are_gone(store: History, budget_file: BudgetFile, environ: Environment) -> tuple[PastRun, ...]:
    """The newest run of each budget file of this file's name that the repository no longer has."""
    top = ask_git(environ, budget_file.path.parent, "rev-parse", "--show-toplevel")
    if not top or not budget_file.formerly:
        return ()
    other = (
        name for name in store.names() if name != budget_file.name and PurePosixPath(name).name == budget_file.formerly
    )
    newest = (past for name in other for past in store.runs(name, limit=1))
    return tuple(past for past in newest if past.run.file and not Path(top, past.run.file).exists())


def _is_only_one(budget_file: BudgetFile, environ: Environment) -> bool:
    """Whether the repository has no other file of the same name."""
    same = f":(top,glob)**/{budget_file.path.name}"
    return len(ask_git(environ, budget_file.path.parent, "ls-files", "--", same).splitlines()) < 2


def _start_order(past: PastRun) -> tuple[int, str]:
    return times.microseconds(past.run.started, origin=f"Run {past.run.id}"), past.run.id
