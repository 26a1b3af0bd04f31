"""The commit that a change began at: found in whole and in shallow clones, which fetch what they lack."""

from __future__ import annotations

from pathlib import Path

from perfgate.loadtest.service.git import FETCH_TIMEOUT_S, Environment, Git, complaint
from perfgate.loadtest.service.refs import DEPTHS, commit_of
from perfgate.model.errors import BaseError
from perfgate.model.revision import JobBase


def merge_base(sought: JobBase, folder: Path, environ: Environment) -> str:
    """The commit; empty when the checkout is that very commit, with nothing changed.

    Raises BaseError when there is none, UsageError when there is no repository.
    """
    git = Git(folder, environ)
    git.top()
    head = git.resolve_commit("HEAD")
    if not head:
        raise BaseError("There is no commit yet to compare with.", code="PG-A003")
    base = _base(git, head, sought)
    unchanged = base == head and not git("status", "--porcelain", "--untracked-files=no").stdout
    return "" if unchanged else base


def _base(git: Git, head: str, sought: JobBase) -> str:
    if head == sought.merge and (parents := _parents(git, head)):
        return commit_of(git, parents[0])
    if sought.commit:
        return commit_of(git, sought.commit)
    here = [f"refs/heads/{sought.branch}", f"refs/remotes/{git.remote()}/{sought.branch}"]
    if not any(git.resolve_commit(name) for name in here):
        _fetch(git, sought.branch)
    base = _meeting(git, here)
    if not base and git.is_shallow():
        for depth in DEPTHS:
            if not git.is_shallow():  # the whole history is here by now
                break
            _fetch(git, sought.branch, depth, head)
            if base := _meeting(git, here):
                break
    if not base:
        raise BaseError(
            f"HEAD and {sought.branch} have no commit in common here.",
            hint="In a shallow clone: `fetch-depth: 0` for `actions/checkout`, `GIT_DEPTH: 0` for GitLab."
            if git.is_shallow()
            else f"Was {sought.branch} replaced by a forced push? Rebase onto it, or name the base: --base-ref REF.",
            code="PG-A003",
        )
    return base


def _parents(git: Git, commit: str) -> list[str]:
    """Both parents of a merge commit, as written in it: a shallow clone hides them. Empty for other commits."""
    lines = git("cat-file", "-p", commit).stdout.partition("\n\n")[0].splitlines()
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    return parents if len(parents) == 2 else []


def _meeting(git: Git, names: list[str]) -> str:
    known = [name for name in names if git.resolve_commit(name)]
    return git("merge-base", "HEAD", *known).stdout.strip() if known else ""


def _fetch(git: Git, branch: str, depth: str = "", commit: str = "") -> None:
    """Both histories, where a commit is given. Raises BaseError."""
    depths = [depth] if depth else ["--depth=1"] if git.is_shallow() else []
    remote = git.remote()
    to = f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}"
    commits = [commit] if commit else []
    done = git("fetch", "--no-tags", *depths, remote, to, *commits, timeout_s=FETCH_TIMEOUT_S)
    if done.returncode:
        raise BaseError(f"The branch {branch} cannot be fetched from {remote}:\n{complaint(done)}", code="PG-A004")
