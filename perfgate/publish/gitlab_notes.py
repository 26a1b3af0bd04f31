"""GitLab's notes on a merge request: ours are found by hidden mark and author, written, changed in place, removed.

Of two pipelines that write at once the later one's text stays, in the older note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from perfgate import __version__
from perfgate.model.errors import PerfgateError
from perfgate.model.publication import Announcement, Correction
from perfgate.net import http
from perfgate.net.retrying import Retries
from perfgate.publish import superseding
from perfgate.text.sanitize import one_line

MAX_TRIES = 4
MAX_WAIT_S = 60.0  # that an answer may ask for
MAX_PAGES = 100
MAX_ANSWER_CHARS = 200  # characters of GitLab's own words
_JOB = re.compile(r"<!-- perfgate job ([0-9]{1,18})(?: of [0-9a-f]+)? -->")


class GitLabError(PerfgateError):
    """GitLab refused, or did not answer. `status` is 0 without an answer."""

    code = "PG-P001"

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"GitLab answered {status}: {text}" if status else f"GitLab does not answer: {text}")
        self.status = status


@dataclass(frozen=True, kw_only=True)
class GitLabJob:
    api: str  # https://gitlab.example/api/v4
    project: str  # the one that the merge request is in
    merge_request: int
    token: str = field(repr=False)
    job_token: bool = False
    job: int = 0  # later pipelines have greater ones


def mark(key: str) -> str:
    """The first line of the note about `key`, not shown."""
    return f"<!-- perfgate note v1 {sha256(key.encode(errors='surrogatepass')).hexdigest()[:16]} -->"


@dataclass
class NoteClient:
    """Notes on the merge request of one job."""

    job: GitLabJob
    session: http.HttpSession
    sleep: Callable[[float], None]

    def put(self, announcement: Announcement, *, create: bool) -> str:
        """Returns what became of it, for people. Of two by racing jobs the older stays."""
        first = mark(announcement.key)
        body = f"{self.head(first, announcement.occasion.commit)}\n{announcement.comment}"
        notes = self.own_notes(first)
        if not notes:
            if not create:
                return f"No note: nothing to say ({announcement.outcome.value})."
            made = self.call("POST", self._notes, {"body": body})
            notes = self._racing(first)
            if not notes or notes[0]["id"] == _id(made):
                return f"Note created on !{self.job.merge_request}"
        return self.update(notes, body)

    def _racing(self, first: str) -> list[dict[str, Any]]:
        """Our own notes once one was made, also another job's; none where GitLab does not say whose they are."""
        try:
            return self.own_notes(first)
        except GitLabError:
            return []

    def correct(self, correction: Correction) -> str:
        """What became of it; nothing if there is no note."""
        first = mark(correction.key)
        notes = self.own_notes(first)
        if not notes:
            return ""
        latest = max(notes, key=lambda note: _job(note["body"]))
        return self.update(notes, superseding.superseded(self.head(first, ""), correction.comment, latest["body"]))

    def head(self, first: str, commit: str) -> str:
        """The hidden lines: what it is about, which pipeline wrote it, and the commit of its verdict."""
        return f"{first}\n<!-- perfgate job {self.job.job}{superseding.of(commit)} -->"

    def update(self, notes: list[dict[str, Any]], body: str) -> str:
        """The oldest gets the text, unless a later pipeline has spoken already; the others go."""
        oldest, *others = notes
        latest = max(notes, key=lambda note: _job(note["body"]))
        outdated = _job(latest["body"]) > self.job.job > 0
        text = latest["body"] if outdated else body
        if oldest["body"].strip() != text.strip():
            self.call("PUT", f"{self._notes}/{oldest['id']}", {"body": text})
        for other in others:
            self.delete(other["id"])
        how = "outdated: a later pipeline has spoken" if outdated else "updated"
        return f"Note {how} on !{self.job.merge_request}"

    def delete(self, note: int) -> None:
        try:
            self.call("DELETE", f"{self._notes}/{note}")
        except GitLabError as error:
            if error.status != 404:  # another job was quicker
                raise

    def own_notes(self, first: str) -> list[dict[str, Any]]:
        """Our own notes with this mark, oldest first. Anybody can write the mark, so the author counts as well."""
        marked = sorted((note for note in self.notes() if note["body"].startswith(first)), key=lambda note: note["id"])
        if not marked:
            return []
        me = self.me()
        return [note for note in marked if note["author"] == me]

    def me(self) -> int:
        """Who writes our notes. A job's token may not ask for its user, but for its job: it writes as whoever started
        that. Raises GitLabError where GitLab does not say."""
        answer = self.call("GET", "/job" if self.job.job_token else "/user")
        user = answer.get("user") if self.job.job_token and isinstance(answer, dict) else answer
        number = _id(user)
        if number is None:
            raise GitLabError(200, "nothing of whose token this is")
        return number

    def notes(self) -> Iterator[dict[str, Any]]:
        page = "1"
        for _ in range(MAX_PAGES):
            reply = self.exchange("GET", f"{self._notes}?sort=asc&order_by=created_at&per_page=100&page={page}", None)
            notes = _answer(reply)
            for note in notes if isinstance(notes, list) else ():
                if isinstance(note, dict) and isinstance(note.get("id"), int) and not note.get("system"):
                    author = note.get("author")
                    author_id = author.get("id") if isinstance(author, dict) else None
                    yield {"id": note["id"], "body": str(note.get("body") or ""), "author": author_id}
            page = reply.headers.get("x-next-page", "")
            if not (page.isascii() and page.isdigit()):
                return

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return _answer(self.exchange(method, path, body))

    def exchange(self, method: str, path: str, body: Any) -> http.Reply:
        """Raises GitLabError. A note that may have been made is looked for, not made again: POST is asked once, unless
        GitLab certainly did nothing."""
        token = {"JOB-TOKEN" if self.job.job_token else "PRIVATE-TOKEN": self.job.token}
        headers = {"User-Agent": f"perfgate/{__version__}", "Accept": "application/json", **token}
        url = f"{self.job.api}{path}"
        retries = Retries(tries=MAX_TRIES, max_wait_s=MAX_WAIT_S, sleep=self.sleep)
        try:
            reply = retries.send(
                lambda: self.session.exchange(method, url, headers=headers, json=body), is_repeatable=method != "POST"
            )
        except http.NoReplyError as error:
            raise GitLabError(0, str(error)) from error
        if reply.status >= 300:
            raise GitLabError(reply.status, _message(reply))
        return reply

    @property
    def _notes(self) -> str:
        return f"/projects/{quote(self.job.project, safe='')}/merge_requests/{self.job.merge_request}/notes"


def _id(answer: object) -> int | None:
    number = answer.get("id") if isinstance(answer, dict) else None
    return number if isinstance(number, int) else None


def _job(body: str) -> int:
    match = _JOB.search(body[:400])
    return int(match[1]) if match else 0


def _answer(reply: http.Reply) -> Any:
    try:
        return reply.json()
    except ValueError as error:
        raise GitLabError(reply.status, "no JSON") from error


def _message(reply: http.Reply) -> str:
    try:
        answer = reply.json()
    except ValueError:
        return "no message"
    words = (answer.get("message") or answer.get("error") or "no message") if isinstance(answer, dict) else "no message"
    return one_line(str(words), MAX_ANSWER_CHARS)
