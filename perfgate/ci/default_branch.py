"""The repository's default branch: by CI's event, else by git. What cannot be found out stays empty."""

from __future__ import annotations

import re
from pathlib import Path

from perfgate.ci.git_questions import Environment, ask_git, ask_remote
from perfgate.ci.revision import part_of, read_event
from perfgate.ci.systems import job_of

USUAL_BRANCHES = ("main", "master")
REMOTES = "refs/remotes/"
LOCAL = "refs/heads/"


def default_branch(environ: Environment, folder: Path) -> str:
    """`folder` is inside the checkout."""
    return _of_ci(environ) or _of_git(environ, folder)


def _of_ci(environ: Environment) -> str:
    if environ.get("GITHUB_ACTIONS") == "true":
        name = part_of(read_event(environ.get("GITHUB_EVENT_PATH", "")), "repository").get("default_branch")
        return name if isinstance(name, str) else ""
    return environ.get("CI_DEFAULT_BRANCH", "") if environ.get("GITLAB_CI") else job_of(environ).default_branch


def _of_git(environ: Environment, folder: Path) -> str:
    """What the remote says (`origin`, or the only one), else the name that new repositories get, the usual ones, or the
    only one there is: each only where there is such a branch."""
    names = ask_git(environ, folder, "remote").split()
    name = names[0] if len(names) == 1 else "origin"
    there = f"{REMOTES}{name}/"
    head = ask_git(environ, folder, "symbolic-ref", "--quiet", f"{there}HEAD")
    if head.startswith(there):
        return head.removeprefix(there)
    local, remote = (_branches(environ, folder, place) for place in (LOCAL, there))
    is_whole = name not in names or _has_all_branches(environ, folder, name)
    if name in names and not (is_whole and len(remote & {*USUAL_BRANCHES}) == 1):
        listed = ask_remote(environ, folder, "ls-remote", "--symref", name, "HEAD")
        if answer := re.match(r"ref: refs/heads/(\S+)\tHEAD", listed):
            return str(answer[1])
    new = ask_git(environ, folder, "config", "init.defaultBranch")
    if new in local | remote:
        return new
    choices = [(local | remote) & {*USUAL_BRANCHES}, *([local, remote] if is_whole else [])]
    return next((branch for branches in choices if len(branches) == 1 for branch in branches), "")


def _has_all_branches(environ: Environment, folder: Path, remote: str) -> bool:
    """Whether the branches of a remote are fetched, and not some (`git clone --single-branch`)."""
    return f"refs/heads/*:{REMOTES}" in ask_git(environ, folder, "config", "--get-all", f"remote.{remote}.fetch")


def _branches(environ: Environment, folder: Path, place: str) -> set[str]:
    """The branch that a new repository is on counts before its first commit."""
    names = set(ask_git(environ, folder, "for-each-ref", "--format=%(refname)", place).splitlines())
    if not names and place == LOCAL:
        names = {ask_git(environ, folder, "symbolic-ref", "--quiet", "HEAD")} - {""}
    return {name.removeprefix(place) for name in names}
