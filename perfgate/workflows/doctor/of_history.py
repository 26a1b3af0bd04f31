"""The history: whether it can be read and written, and how many of its runs compare with a run of today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from perfgate import history
from perfgate.ci.git_questions import ask_git
from perfgate.ci.systems import FALSE_TEXTS
from perfgate.git import command as git
from perfgate.model.budget_file import AUTO, BudgetFile
from perfgate.model.errors import PerfgateError
from perfgate.model.plan import Plan
from perfgate.model.run import PastRun
from perfgate.recording.usable import is_as_planned
from perfgate.text import template
from perfgate.text.plurals import counted
from perfgate.text.template import TemplateError
from perfgate.workflows.doctor.check import Check, CheckSurroundings, Subject, broken, warning
from perfgate.workflows.doctor.of_machine import folder_is_writable
from perfgate.workflows.steps import baselines

TRIAL = "refs/heads/perfgate-doctor"  # a branch that a dry run would push; it is never made


def url_of(subject: Subject, around: CheckSurroundings) -> str:
    """The history's URL; empty where a variable in it is not set."""
    try:
        return around.history or template.expand(subject.budget_file.history, around.environ)
    except TemplateError:
        return ""


def history_checks(subject: Subject, around: CheckSurroundings, url: str) -> Iterator[Check]:
    if not url:
        yield broken("history", "a variable in its URL is not set", "set it, or pass --history URL")
        return
    left_out: list[str] = []
    try:
        with history.open(url, root=around.root, environ=around.environ, say=left_out.append) as store:
            number = len(store.entries(subject.budget_file.name))
            yield Check(name="history", message=f"readable, {counted(number, 'run')} of {subject.budget_file.name}")
            settled = baselines.with_branch(subject.budget_file, store, around.environ)
            past = baselines.recent(store, settled, around.environ)
    except PerfgateError as error:
        yield broken("history", error.message, error.hint or "perfgate history list shows what it says")
        return
    for line in left_out[:1]:
        yield warning("history", line, "these runs are no baseline")
    yield writable(url, around)
    yield baseline(settled, subject.plan, past)


def writable(url: str, around: CheckSurroundings) -> Check:
    """Whether a run could be added, without adding one."""
    name = "history write"
    kind, _, rest = url.partition(":")
    if kind == "git":
        return _can_push(name, around)
    if kind == "github":
        return Check(name=name, message="it is read only, through GitHub's API")
    path = _path(url, kind, rest)
    if path is None:
        return Check(name=name, message=f"{kind}: only a run shows it; nothing was written")
    if not folder_is_writable(around.root / path):
        return broken(name, f"{path} may not be written", "change its owner or permissions, or name another --history")
    if around.environ.get("CI", "").lower() not in FALSE_TEXTS and not path.is_absolute():
        cure = "keep runs elsewhere: `history: git:perfgate-data`, or a database"
        return warning(name, f"{path} is in this job's folder, which most runners throw away", cure)
    return Check(name=name, message=f"{path} may be written")


def _path(url: str, kind: str, rest: str) -> Path | None:
    """The file or folder of a history that is on this machine."""
    if kind == "sqlite":
        return Path(rest.removeprefix("///").partition("?")[0])
    if kind in ("folder", "file"):
        return Path(rest.removeprefix("//"))
    return Path(url) if "/" in url and not rest else None


def _can_push(name: str, around: CheckSurroundings) -> Check:
    if not ask_git(around.environ, around.root, "remote", "get-url", "origin"):
        return warning(name, "there is no remote `origin`: runs stay in this clone", "git remote add origin URL")
    try:
        with TemporaryDirectory(prefix="perfgate-doctor-"):
            git.run(
                *("push", "--dry-run", "--no-verify", "origin", f"HEAD:{TRIAL}"),
                folder=around.root,
                environ=git.environment(around.environ),
            )
    except git.GitError as error:
        last = str(error).strip().splitlines()[-1:] or ["refused"]
        return broken(
            name, f"origin takes no push: {last[0]}", "permissions: {contents: write} for jobs that record runs"
        )
    return Check(name=name, message="origin takes a push (tried without one)")


def baseline(budget_file: BudgetFile, plan: Plan, past: tuple[PastRun, ...]) -> Check:
    """How many runs of the baseline's branch compare: sent the same to the same endpoints under the same load."""
    policy = budget_file.gate.baseline
    if not policy.branch or policy.branch == AUTO:
        return warning("baseline", "which branch it is, is not known", "gate: {baseline: {branch: main}}")
    on_branch = [item for item in past if item.run.branch == policy.branch and not item.run.arms]
    alike = sum(_compares(item, plan) for item in on_branch)
    have = f"{alike} of {counted(len(on_branch), 'run')} can be compared" if on_branch else "no runs yet"
    what = f"{policy.branch}: {have}, {policy.min_runs} are needed"
    if alike >= policy.min_runs:
        return Check(name="baseline", message=what)
    times = f"{policy.min_runs - alike} {'more times' if alike else 'times'}"
    cure = f"run perfgate on {policy.branch} {times}; until then only fixed limits count"
    if len(on_branch) > alike:
        cure += ". The others were made with other requests or another load"
    return warning("baseline", what, cure)


def _compares(past: PastRun, plan: Plan) -> bool:
    conditions = past.run.conditions
    same = [name for name, parts in plan.digests.endpoints.items() if conditions.endpoint_digests.get(name) == parts]
    return is_as_planned(past.run) and conditions.load_digest == plan.digests.load and bool(same)
