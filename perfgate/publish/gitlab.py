"""GitLab: one note on the merge request, found by its hidden mark and its author, changed in place.

Where we are is read from the CI_* variables, which GitLab writes. A job's own token may not write notes on most
instances; a project access token with the scope `api` and the role Reporter may.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from perfgate import __version__
from perfgate.model.errors import PerfgateError
from perfgate.model.outcome import Outcome
from perfgate.model.publication import Announcement, Comment, Correction, Publication, Wishes
from perfgate.net import http
from perfgate.net.retrying import Retries
from perfgate.publish import superseding
from perfgate.text.notes import note
from perfgate.text.sanitize import one_line

TIMEOUT = 20.0  # seconds for each answer
TRIES = 4
MAX_WAIT_S = 60.0  # that an answer may ask for
MOST_PAGES = 100
MAX_ANSWER_CHARS = 200  # characters of GitLab's own words
STANDS = "The verdict stands."
NEEDS = (
    "Give the job a project access token with the scope api and the role Reporter, as the masked variable "
    "PERFGATE_GITLAB_TOKEN (Settings, CI/CD, Variables): see docs/gitlab.md."
)
TOKENS = ("PERFGATE_GITLAB_TOKEN", "GITLAB_TOKEN")
_NOTHING_NEW = (Outcome.PASS, Outcome.NO_BASELINE)
_OPEN = re.compile(r"[^,]*!([0-9]{1,18})")
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


def publish(
    announcement: Announcement,
    environ: Mapping[str, str],
    wishes: Wishes,
    sleep: Callable[[float], None] = time.sleep,
) -> Publication:
    """Never raises for what GitLab refuses: that is a warning."""
    here = place(environ, wishes.pull_request)
    if wishes.comment is Comment.NEVER:
        return Publication(told=("No note: none is wished.",))
    if not (here.api and here.project):
        return Publication(warnings=(note("PG-P004", "Nothing was posted to GitLab: this is no job of GitLab CI."),))
    if not here.merge_request:
        return Publication(told=("No note: this run belongs to no open merge request.",))
    if not here.token:
        return _failed(f"No note: there is no token. {STANDS}\n{NEEDS}")
    with http.HttpSession(timeout=TIMEOUT) as session:
        client = _NoteClient(here, session, sleep)
        return _attempt(here, lambda: client.put(announcement, create=_worth_it(announcement, wishes)))


def correct(
    correction: Correction,
    environ: Mapping[str, str],
    wishes: Wishes,
    sleep: Callable[[float], None] = time.sleep,
) -> Publication:
    """Corrects a note that is there; none is begun. Never raises for what GitLab refuses: that is a warning."""
    here = place(environ, wishes.pull_request)
    if wishes.comment is Comment.NEVER or not (here.api and here.project and here.merge_request and here.token):
        return Publication()
    with http.HttpSession(timeout=TIMEOUT) as session:
        client = _NoteClient(here, session, sleep)
        return _attempt(here, lambda: client.correct(correction))


def _attempt(here: GitLabJob, act: Callable[[], str]) -> Publication:
    try:
        return Publication(told=tuple(filter(None, [act()])))
    except GitLabError as error:
        text = error.message.replace(here.token, "[token]")
        cure = f"\n{NEEDS}" if error.status in (401, 403, 404) else ""
        return _failed(f"No note: {text}. {STANDS}{cure}")


def place(environ: Mapping[str, str], merge_request: int = 0) -> GitLabJob:
    """`merge_request` is somebody's own word, and counts more than the pipeline's."""
    token = next((word for name in TOKENS if (word := environ.get(name, "").strip())), "")
    number = merge_request or _number(environ.get("CI_MERGE_REQUEST_IID", ""))
    if not number and (match := _OPEN.match(environ.get("CI_OPEN_MERGE_REQUESTS", ""))):  # of a branch's pipeline
        number = int(match[1])
    return GitLabJob(
        api=environ.get("CI_API_V4_URL", "").rstrip("/"),
        project=environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID", ""),
        merge_request=number,
        token=token or environ.get("CI_JOB_TOKEN", ""),
        job_token=not token,
        job=_number(environ.get("CI_PIPELINE_ID", "")),
    )


def mark(key: str) -> str:
    """The first line of the note about `key`, not shown."""
    return f"<!-- perfgate note v1 {sha256(key.encode(errors='surrogatepass')).hexdigest()[:16]} -->"


@dataclass
class _NoteClient:
    place: GitLabJob
    session: http.HttpSession
    sleep: Callable[[float], None]

    def put(self, announcement: Announcement, *, create: bool) -> str:
        """What became of it, for people. Of two by racing jobs the older stays."""
        first = mark(announcement.key)
        body = f"{self.head(first, announcement.occasion.commit)}\n{announcement.comment}"
        mine = self.mine(first)
        if not mine:
            if not create:
                return f"No note: nothing to say ({announcement.outcome.value})."
            made = self.call("POST", self._notes, {"body": body})
            mine = self.mine(first)
            if not mine or mine[0]["id"] == _id(made):
                return f"Note created on !{self.place.merge_request}"
        return self.update(mine, body)

    def correct(self, correction: Correction) -> str:
        """What became of it; nothing if there is no note."""
        first = mark(correction.key)
        mine = self.mine(first)
        if not mine:
            return ""
        latest = max(mine, key=lambda note: _job(note["body"]))
        return self.update(mine, superseding.superseded(self.head(first, ""), correction.comment, latest["body"]))

    def head(self, first: str, commit: str) -> str:
        """The hidden lines: what it is about, which pipeline wrote it, and the commit of its verdict."""
        return f"{first}\n<!-- perfgate job {self.place.job}{superseding.of(commit)} -->"

    def update(self, mine: list[dict[str, Any]], body: str) -> str:
        """The oldest gets the text, unless a later pipeline has spoken already; the others go."""
        oldest, *others = mine
        latest = max(mine, key=lambda note: _job(note["body"]))
        outdated = _job(latest["body"]) > self.place.job > 0
        text = latest["body"] if outdated else body
        if oldest["body"].strip() != text.strip():
            self.call("PUT", f"{self._notes}/{oldest['id']}", {"body": text})
        for other in others:
            self.delete(other["id"])
        how = "outdated: a later pipeline has spoken" if outdated else "updated"
        return f"Note {how} on !{self.place.merge_request}"

    def delete(self, note: int) -> None:
        try:
            self.call("DELETE", f"{self._notes}/{note}")
        except GitLabError as error:
            if error.status != 404:  # another job was quicker
                raise

    def mine(self, first: str) -> list[dict[str, Any]]:
        """Our own notes with this mark, oldest first. Anybody can write the mark, so the author counts as well."""
        matches = sorted((note for note in self.notes() if note["body"].startswith(first)), key=lambda note: note["id"])
        if not matches:
            return []
        me = self.me()
        return [note for note in matches if me is None or note["author"] == me]

    def me(self) -> int | None:
        """None with a job's token, which may not ask who it is."""
        if self.place.job_token:
            return None
        user = self.call("GET", "/user")
        return _id(user)

    def notes(self) -> Iterator[dict[str, Any]]:
        page = "1"
        for _ in range(MOST_PAGES):
            reply = self.exchange("GET", f"{self._notes}?sort=asc&order_by=created_at&per_page=100&page={page}", None)
            matches = _answer(reply)
            for match in matches if isinstance(matches, list) else ():
                if isinstance(match, dict) and isinstance(match.get("id"), int) and not match.get("system"):
                    author = match.get("author")
                    author_id = author.get("id") if isinstance(author, dict) else None
                    yield {"id": match["id"], "body": str(match.get("body") or ""), "author": author_id}
            page = reply.headers.get("x-next-page", "")
            if not (page.isascii() and page.isdigit()):
                return

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return _answer(self.exchange(method, path, body))

    def exchange(self, method: str, path: str, body: Any) -> http.Reply:
        """Raises GitLabError. A note that may have been made is looked for, not made again: POST is asked once, unless
        GitLab certainly did nothing."""
        token = {"JOB-TOKEN" if self.place.job_token else "PRIVATE-TOKEN": self.place.token}
        headers = {"User-Agent": f"perfgate/{__version__}", "Accept": "application/json", **token}
        url = f"{self.place.api}{path}"
        retries = Retries(tries=TRIES, max_wait_s=MAX_WAIT_S, sleep=self.sleep)
        try:
            reply = retries.ask(
                lambda: self.session.exchange(method, url, headers=headers, json=body), is_repeatable=method != "POST"
            )
        except http.NoReplyError as error:
            raise GitLabError(0, str(error)) from error
        if reply.status >= 300:
            raise GitLabError(reply.status, _said(reply))
        return reply

    @property
    def _notes(self) -> str:
        return f"/projects/{quote(self.place.project, safe='')}/merge_requests/{self.place.merge_request}/notes"


def _worth_it(announcement: Announcement, wishes: Wishes) -> bool:
    if wishes.comment is Comment.FAILURES:
        return announcement.blocks
    return wishes.comment is Comment.ALWAYS or announcement.outcome not in _NOTHING_NEW


def _failed(warning: str) -> Publication:
    return Publication(warnings=(note("PG-P001", warning),), failed=("comment",))


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else 0


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


def _said(reply: http.Reply) -> str:
    try:
        answer = reply.json()
    except ValueError:
        return "no message"
    words = (answer.get("message") or answer.get("error") or "no message") if isinstance(answer, dict) else "no message"
    return one_line(str(words), MAX_ANSWER_CHARS)
