"""Claims of acceptance that come with a change: a trailer of a commit, or a label of a pull request.

    Perfgate-Accept: search p95 - new ranking        (as the value of a trailer)
    perfgate-accept: search p95                      (as the name of a label)

`search` alone means all its metrics; `*` (or nothing, in a label) means everything. What counts is decided by who may
write it: a fork's author may write commits, and may not label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from perfgate.git import command as git

LABEL = "perfgate-accept"
FORKS_TRAILER = (
    "trailers of a fork's commits do not count before they are merged; "
    f"whoever may label here can set the label `{LABEL}`"
)
FORKS_LABEL = "the fork has pushed since it was set, or nobody knows when it was set; set it anew"
MAX_COMMITS = 1000  # that are looked at for trailers
ALL = "*"

_TRAILER = re.compile(r"^perfgate-accept[ \t]*:[ \t]*(.*(?:\n[ \t]+\S.*)*)", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(rf"{LABEL}\s*(?::\s*(.*))?", re.IGNORECASE | re.DOTALL)
_COMMIT_FIELDS = 4
_FORMAT = "%H%x00%an%x00%cI%x00%B%x00"
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, kw_only=True)
class AcceptanceClaim:
    """What somebody wrote, before it is known which endpoints there are."""

    text: str  # "search p95 - new ranking"
    author: str
    at: str  # ISO 8601
    source: str  # for people: "commit 9f3c2ab", "label perfgate-accept"
    reason: str = ""  # where the text has none: the commit's subject, the pull request's title
    distrust: str = ""  # why it does not count, if it is of somebody who may not merge


class ClaimsOf(Protocol):
    """Who knows what was said about a run."""

    def __call__(self, branch: str, last: str, /) -> Sequence[AcceptanceClaim]:
        """`branch` is the baseline's, `last` the commit of its newest run: words on it are new after that."""


def no_claims(_branch: str, _last: str, /) -> Sequence[AcceptanceClaim]:
    """Claims nothing."""
    return ()


def of_label(name: str, *, author: str, at: str, reason: str, distrust: str = "") -> AcceptanceClaim | None:
    """Returns None for a label that is about something else."""
    match = _LABEL.fullmatch(name.strip())
    if match is None:
        return None
    what = (match[1] or "").strip() or ALL
    return AcceptanceClaim(
        text=what, author=author, at=at, source=f"label {name.strip()}", reason=reason, distrust=distrust
    )


def of_message(message: str, *, author: str, at: str, commit: str, distrust: str = "") -> tuple[AcceptanceClaim, ...]:
    """The trailers of a commit message, oldest first.

    Any line may be one, not only those of the last paragraph: where a host squashes commits, it puts their messages one
    after the other, and what git calls trailers ends up in the middle.
    """
    subject = message.strip().partition("\n")[0]
    return tuple(
        AcceptanceClaim(
            text=" ".join(claim.split()),
            author=author,
            at=at,
            source=f"commit {commit[:7]}",
            reason=subject,
            distrust=distrust,
        )
        for claim in _TRAILER.findall(message)
    )


def of_commits(
    folder: Path, environ: Mapping[str, str], *, since: Sequence[str], head: str = "HEAD", distrust: str = ""
) -> tuple[AcceptanceClaim, ...]:
    """Trailers of the commits up to `head` that are not in the first of `since` that git knows; of `head` alone if it
    knows none. Empty without git."""
    own = git.environment(environ)
    span, limit = _span(folder, own, since, head, MAX_COMMITS)
    question = ("log", f"--max-count={limit}", f"--format={_FORMAT}", "--no-show-signature", "--end-of-options")
    try:
        answer = git.run(*question, span, "--", folder=folder, environ=own).decode(errors="replace")
    except git.GitError:
        return ()
    fields = answer.split("\0")
    commits = [fields[at : at + _COMMIT_FIELDS] for at in range(0, len(fields) - _COMMIT_FIELDS + 1, _COMMIT_FIELDS)]
    return tuple(
        claim
        for commit, author, at, message in commits
        for claim in of_message(message, author=author, at=at, commit=commit.strip(), distrust=distrust)
    )


def first_parents(folder: Path, environ: Mapping[str, str], *, since: Sequence[str], limit: int) -> tuple[str, ...]:
    """The commits by which a branch has grown, newest first: what was merged into it has one each."""
    own = git.environment(environ)
    span, limit = _span(folder, own, since, "HEAD", limit)
    try:
        answer = git.run("rev-list", "--first-parent", f"--max-count={limit}", span, folder=folder, environ=own)
    except git.GitError:
        return ()
    return tuple(answer.decode(errors="replace").split())


def _span(folder: Path, environ: Mapping[str, str], since: Sequence[str], head: str, limit: int) -> tuple[str, int]:
    """The commits up to `head` that are not in the first of `since` that git knows, as git writes them, and how many to
    look at; `head` alone where it knows none."""
    base = next((commit for item in since if (commit := _commit(folder, environ, item))), "")
    return (f"{base}..{head}", limit) if base else (head, 1)


def has_commits(folder: Path, environ: Mapping[str, str], *commits: str) -> bool:
    """Whether the checkout has all of these, with history that connects them: a shallow one rarely has."""
    return all(_commit(folder, git.environment(environ), commit) for commit in commits)


def _commit(folder: Path, environ: Mapping[str, str], name: str) -> str:
    """The commit that a name means, if it is an ancestor of HEAD or shares one with it; empty if git does not know."""
    if not name or name.startswith("-"):
        return ""
    try:
        answer = git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", folder=folder, environ=environ
        )
        commit = answer.decode(errors="replace").strip()
        git.run("merge-base", commit, "HEAD", folder=folder, environ=environ)
    except git.GitError:
        return ""
    return commit if _COMMIT.fullmatch(commit) else ""
