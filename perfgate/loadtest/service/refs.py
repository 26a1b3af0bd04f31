"""The commit that a branch, tag or commit names: here, or fetched from the remote that has it."""

from __future__ import annotations

import re

from perfgate.loadtest.service.git import FETCH_TIMEOUT_S, Done, Git, complaint
from perfgate.model.errors import UsageError

BRANCHES = "refs/heads/"
DEPTHS = ("--deepen=50", "--deepen=500", "--unshallow")  # in turn, until what is looked for is there

_NAME = re.compile(r"[^\s:+^~?*\[\\-][^\s:?*\[\\]*")
_STEPS = re.compile(r"(?=[~^]|@\{)")  # where `HEAD~2` and `main^` begin to count back
_SHORT = re.compile(r"[0-9a-f]{4,39}")
_NOTHING = re.compile(r"0{40,64}")
_NO_WAY_IN = re.compile(
    r"could not read (username|password)|authentication failed|permission denied|error: 40[13]|repository not found",
    re.IGNORECASE,
)


def commit_of(git: Git, ref: str) -> str:
    """The commit of a branch, tag or commit; of the remote's, and from there, when there is none here.

    Raises UsageError when there is none.
    """
    if not _NAME.fullmatch(ref):
        raise UsageError(f"--base-ref {ref!r}: this cannot be a branch, tag or commit", code="PG-A002")
    if _NOTHING.fullmatch(ref):
        raise UsageError(
            f"--base-ref {ref}: nothing but zeros stands for no commit.",
            hint="CI says so for the first push of a branch, which has nothing before it. `--base-ref auto` finds "
            "where the branch began.",
            code="PG-A002",
        )
    name, steps = split(ref)
    remote, there = _at_remote(git, name)
    here = (name, f"{git.remote()}/{name.removeprefix(BRANCHES)}")
    _check_unambiguous(git, name)
    for start in here:
        if known := git.resolve_commit(f"{start}{steps}"):
            return known
    shallow = git.is_shallow()
    depth = ("--depth=1",) if shallow else ()  # in a whole clone it would cut the history
    start = next((commit for item in here if (commit := git.resolve_commit(item))), "")
    fetched = None if start else git("fetch", "--no-tags", *depth, remote, there, timeout_s=FETCH_TIMEOUT_S)
    if fetched is not None and fetched.returncode == 0:
        start = git.resolve_commit("FETCH_HEAD")
    known = git.resolve_commit(f"{start}{steps}") if start else ""
    if not known and shallow and (start or _SHORT.fullmatch(name)):
        known = _deepen(git, f"{start}{steps}" if start else name, remote, start or git.resolve_commit("HEAD"))
    if not known:
        raise _missing(ref, remote, there, fetched, is_shallow=git.is_shallow())
    return known


def _check_unambiguous(git: Git, name: str) -> None:
    """Raises UsageError for a branch and a tag of one name that are not the same commit: git would take the tag."""
    tag = git.resolve_commit(f"refs/tags/{name}")
    branch = tag and (
        git.resolve_commit(f"{BRANCHES}{name}") or git.resolve_commit(f"refs/remotes/{git.remote()}/{name}")
    )
    if branch and tag != branch:
        raise UsageError(
            f"--base-ref {name}: there is a branch and a tag of that name.",
            hint=f"Say which: {BRANCHES}{name} or refs/tags/{name}.",
            code="PG-A002",
        )


def split(ref: str) -> tuple[str, str]:
    """The name, and the steps back from it: `HEAD~2` is `HEAD` and `~2`."""
    name, *steps = _STEPS.split(ref, maxsplit=1)
    return (name, steps[0]) if name and steps else (ref, "")


def _at_remote(git: Git, name: str) -> tuple[str, str]:
    """The remote, and what it calls this: `upstream/main` is main of upstream, where there is a remote of that name."""
    for remote in sorted(git("remote").stdout.split(), key=len, reverse=True):
        if name.startswith(f"{remote}/"):
            return remote, name.removeprefix(f"{remote}/")
    return git.remote(), name


def _deepen(git: Git, wanted: str, remote: str, start: str) -> str:
    """The commit, once so much of the history that leads to `start` is here; empty if it is not in it."""
    for depth in DEPTHS:
        fetched = git("fetch", "--no-tags", depth, remote, start, timeout_s=FETCH_TIMEOUT_S)
        if fetched.returncode:
            return ""
        if known := git.resolve_commit(wanted):
            return known
    return ""


def _missing(ref: str, remote: str, there: str, fetched: Done | None, *, is_shallow: bool) -> UsageError:
    """What is wrong with a ref that is nowhere, and what to do about it."""
    said = fetched.stderr if fetched else ""
    text = f"--base-ref {ref}: there is no such branch, tag or commit here, nor at {remote}"
    clone = "in GitHub Actions `actions/checkout` with `fetch-depth: 0`"
    if fetched is None or fetched.returncode == 0:
        text = f"--base-ref {ref}: the history of {split(ref)[0]} does not reach back so far"
        hint = f"This clone is shallow; {clone}." if is_shallow else "Name a commit that is there."
    elif _NO_WAY_IN.search(said):
        hint = (
            f"git may not read {remote}. Let the checkout keep its credentials (`persist-credentials: true`), or fetch "
            f"everything with it: {clone}."
        )
    elif "not our ref" in said:
        hint = "A forced push may have removed that commit. `--base-ref auto` finds where the branch began."
    elif _SHORT.fullmatch(ref):
        hint = "Is it spelt right? Only commits with all of their 40 characters can be fetched."
    else:
        shallow = "In this shallow clone not everything is there: " if is_shallow else "Try "
        hint = f"Is it spelt right? {shallow}`git fetch {remote} {there}` first, or {clone}."
    said = f":\n{complaint(fetched)}" if fetched and fetched.returncode else "."
    return UsageError(f"{text}{said}", hint=hint, code="PG-A002")
