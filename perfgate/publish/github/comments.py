"""One comment per thing tested: found by its hidden mark and its author, updated in place, made once.

Two jobs may both find none and both make one. So whoever made one looks again: the oldest stays, with the newest text,
and the other takes its own away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from perfgate.ci.revision import part_of
from perfgate.publish import superseding
from perfgate.publish.github.api import Api, RefusedError, UnansweredError
from perfgate.publish.github.place import GitHubJob

ACTIONS_BOT = "github-actions[bot]"
MAX_ROUNDS = 4  # of looking and trying
MAX_LISTINGS = 4  # for our own new comment in a listing that lags behind
SETTLE_S = 1.0  # seconds that a competitor's new comment gets to show up
INSTALLATION = "ghs_"  # how tokens of apps begin, GITHUB_TOKEN among them; they may not ask who they are

_RUN = re.compile(r"<!-- perfgate run ([0-9]{1,18})\.([0-9]{1,18})(?: of [0-9a-f]+)? -->")


@dataclass(frozen=True, kw_only=True)
class PostResult:
    """`how`: "created", "updated", "unchanged", or "outdated" (a later run has spoken already)."""

    how: str
    url: str


@dataclass(frozen=True, kw_only=True)
class _PostedComment:
    id: int
    author: str
    body: str
    url: str


def mark(key: str) -> str:
    """The first line of the comment about `key`, not shown. Nothing from outside is in it."""
    return f"<!-- perfgate comment v1 {sha256(key.encode(errors='surrogatepass')).hexdigest()[:16]} -->"


def put(client: CommentClient, text: str, *, create: bool) -> PostResult | None:
    """Brings the comment up to date; None if there is none and none is wanted.

    Raises RefusedError, UnansweredError.
    """
    body = f"{client.head(client.place.commit)}\n{text}"
    for round_ in range(MAX_ROUNDS):
        if round_:
            client.api.pause(SETTLE_S)
        try:
            if own := client.own_comments():
                return client.update(own, body)
            if not create:
                return None
            made = client.create(body)
        except UnansweredError:  # it may be there now
            if round_ == MAX_ROUNDS - 1:
                raise
            continue
        except _GoneError:
            continue
        return client.converge(made, body)
    raise UnansweredError("The comment was deleted each time it was posted")


def correct(client: CommentClient, notice: str) -> PostResult | None:
    """Puts a notice on top of the comment, and folds what it says; None if there is none.

    Raises RefusedError, UnansweredError.
    """
    own = client.own_comments()
    if not own:
        return None
    latest = max(own, key=lambda item: _run(item.body))
    try:
        return client.update(own, superseding.superseded(client.head(""), notice, latest.body))
    except _GoneError:
        return None


class _GoneError(Exception):
    """Somebody deleted the comment while we were about to change it."""


@dataclass(frozen=True, kw_only=True)
class CommentClient:
    """The comment about `key` on a pull request. `author` is the login of the token's account, "" if unknown."""

    api: Api
    place: GitHubJob
    number: int
    key: str
    author: str

    @property
    def _path(self) -> str:
        return f"/repos/{self.place.repository}/issues/{self.number}/comments"

    def head(self, commit: str) -> str:
        """The hidden lines: what it is about, which run wrote it, and the commit of its verdict."""
        run = ".".join(map(str, self.place.run))
        return f"{mark(self.key)}\n<!-- perfgate run {run}{superseding.of(commit)} -->"

    def marked(self) -> list[_PostedComment]:
        """All comments that begin with our mark, oldest first, whoever wrote them."""
        comments, first_line = map(self.comment, self.api.all(self._path)), mark(self.key)
        return sorted(
            (comment for comment in comments if comment.body.startswith(first_line)), key=lambda comment: comment.id
        )

    def own_comments(self) -> list[_PostedComment]:
        """Returns the comments of our own account, oldest first."""
        marked = self.marked()
        me = self.author or _me(self.api, marked)
        return [comment for comment in marked if comment.author == me]

    def create(self, body: str) -> _PostedComment:
        return self.comment(self.api.call("POST", self._path, {"body": body}, repeatable=False))

    def update(self, own: list[_PostedComment], body: str) -> PostResult:
        """The oldest gets the text, unless a later run has spoken already; the others go."""
        oldest, *others = own
        latest = max(own, key=lambda item: _run(item.body))
        outdated = _run(latest.body) > self.place.run > (0, 0)
        posted = self.write(oldest, latest.body if outdated else body)
        for other in others:
            self.delete(other)
        return PostResult(how="outdated", url=posted.url) if outdated else posted

    def write(self, comment: _PostedComment, body: str) -> PostResult:
        if comment.body.replace("\r\n", "\n").strip() == body.strip():
            return PostResult(how="unchanged", url=comment.url)
        path = f"/repos/{self.place.repository}/issues/comments/{comment.id}"
        try:
            self.api.call("PATCH", path, {"body": body})
        except RefusedError as refused:
            if refused.status == 404:
                raise _GoneError from refused
            raise
        return PostResult(how="updated", url=comment.url)

    def converge(self, made: _PostedComment, body: str) -> PostResult:
        """Leaves the oldest of ours alone there, after one was made."""
        created = PostResult(how="created", url=made.url)
        for _ in range(MAX_LISTINGS):
            self.api.pause(SETTLE_S)
            ours = [item for item in self.marked() if item.author == made.author]
            if made.id in [our.id for our in ours]:
                break
        else:
            return created
        if ours[0].id == made.id:
            return created
        try:
            return self.update([ours[0], made], body)
        except _GoneError:  # the other one left as well; ours stays
            return created

    def delete(self, comment: _PostedComment) -> None:
        try:
            self.api.call("DELETE", f"/repos/{self.place.repository}/issues/comments/{comment.id}")
        except RefusedError as refused:
            if refused.status != 404:  # gone already is as good
                raise

    def comment(self, answer: Any) -> _PostedComment:
        text: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        number = text.get("id")
        if not isinstance(number, int):
            raise UnansweredError("GitHub's answer is not a comment")
        author = part_of(text, "user").get("login")  # no user: the account was deleted
        return _PostedComment(
            id=number, author=str(author or ""), body=str(text.get("body") or ""), url=str(text.get("html_url") or "")
        )


def _me(api: Api, marked: list[_PostedComment]) -> str:
    """The token's account; asked for only when there is a comment whose author matters."""
    if not marked or api.token.startswith(INSTALLATION):
        return ACTIONS_BOT
    try:
        return str(part_of({"user": api.get("/user")}, "user").get("login") or ACTIONS_BOT)
    except RefusedError:
        return ACTIONS_BOT


def _run(body: str) -> tuple[int, int]:
    match = _RUN.search(body[:400])
    return (int(match[1]), int(match[2])) if match else (0, 0)
