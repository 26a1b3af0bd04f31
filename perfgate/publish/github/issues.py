"""One issue per thing tested, open while the baseline's branch fails: opened, kept up to date, closed by perfgate.

Hidden marks in its text say whose it is, what is broken, and whether perfgate closed it. One that a person closed stays
closed until something else breaks. Two jobs may both find none and both open one: the older stays, and the other, which
nobody can delete, is closed without its marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from perfgate.ci.revision import part_of
from perfgate.model.publication import Announcement, Occasion
from perfgate.publish.github.api import Api, RefusedError, UnansweredError
from perfgate.publish.github.comments import ACTIONS_BOT, INSTALLATION, MAX_LISTINGS, SETTLE_S
from perfgate.publish.github.place import GitHubJob

MAX_TITLE_CHARS = 200  # characters
MAX_SERIES = 100  # that are remembered: the text has to stay below GitHub's limit

_SERIES = re.compile(r"<!-- perfgate broken([ 0-9a-f]*) -->")
_CLOSED = "<!-- perfgate closed it -->"


@dataclass(frozen=True, kw_only=True)
class _Issue:
    number: int
    author: str
    is_open: bool
    body: str
    url: str

    @property
    def series(self) -> frozenset[str]:
        match = _SERIES.search(self.body[: 20 * MAX_SERIES])
        return frozenset(match[1].split()) if match else frozenset()

    @property
    def is_closed_by_us(self) -> bool:
        return _CLOSED in self.body


def keep(api: Api, place: GitHubJob, announcement: Announcement, author: str = "") -> str:
    """What was done, for people. Only for runs of the baseline's branch. Raises RefusedError, UnansweredError."""
    occasion = announcement.occasion
    if not occasion.on_baseline:
        return "No issue: this is no run of the baseline's branch."
    client = _IssueClient(api, place, announcement, author or _me(api))
    issue = client.find()
    digests = sorted(digest(item.endpoint, item.metric) for item in occasion.broken)
    broken = frozenset(digests[:MAX_SERIES])
    if broken:
        return client.report_broken(issue, broken)
    undecided = frozenset(digest(*finding) for finding in occasion.undecided)
    if issue is None or not issue.is_open:
        return "No issue: nothing is broken."
    if issue.series & undecided:
        return f"The issue stays open, what broke is undecided: {issue.url}"
    return client.close_recovered(issue)


def digest(endpoint: str, metric: str) -> str:
    return sha256(f"{endpoint}\0{metric}".encode(errors="surrogatepass")).hexdigest()[:12]


def mark(key: str) -> str:
    return f"<!-- perfgate issue v1 {sha256(key.encode(errors='surrogatepass')).hexdigest()[:16]} -->"


@dataclass(frozen=True)
class _IssueClient:
    api: Api
    place: GitHubJob
    announcement: Announcement
    me: str

    def find(self) -> _Issue | None:
        """The oldest of ours that is open, and of several the only one from then on; else the newest."""
        issues = self._ours()
        opened = [issue for issue in issues if issue.is_open]
        for other in opened[1:]:
            self._give_up(other, opened[0])
        return next(iter(opened or issues[-1:]), None)

    def _ours(self) -> list[_Issue]:
        """Oldest first. Anybody can write the mark, so the author counts as well."""
        listed = self.api.all(f"{self._issues}?state=all&creator={_quoted(self.me)}")
        return sorted(self._marked(listed), key=lambda item: item.number)

    def _marked(self, issues: Iterable[Any]) -> Iterator[_Issue]:
        first = mark(self.announcement.key)
        for item in issues:
            if not isinstance(item, dict) or "pull_request" in item or part_of(item, "user").get("login") != self.me:
                continue
            issue = _issue(item)
            if issue.body.startswith(first):
                yield issue

    def report_broken(self, issue: _Issue | None, broken: frozenset[str]) -> str:
        body = self._body(broken)
        if issue is None:
            return self._open(body, broken)
        news = broken - issue.series
        if not issue.is_open and not issue.is_closed_by_us and not news:
            return f"The issue stays closed, as a person left it: {issue.url}"
        self.api.call(
            "PATCH", f"{self._issues}/{issue.number}", {"title": self._title(), "body": body, "state": "open"}
        )
        if issue.is_open and not news:
            return f"Issue updated: {issue.url}"
        self._comment(issue, "Broken again." if not issue.is_open else "More is broken.")
        return f"Issue {'reopened' if not issue.is_open else 'updated'}: {issue.url}"

    def _open(self, body: str, broken: frozenset[str]) -> str:
        try:
            made = _issue(self.api.call("POST", self._issues, {"title": self._title(), "body": body}, repeatable=False))
        except UnansweredError:  # it may be there now
            self.api.pause(SETTLE_S)
            there = self.find()
            if there is None or not there.is_open:
                raise
            return f"Issue opened: {there.url}"
        client = replace(self, me=made.author)  # the token of an app cannot ask who it is before
        for _ in range(MAX_LISTINGS):
            self.api.pause(SETTLE_S)
            ours = client._ours()
            if made.number in [our.number for our in ours]:
                break
        else:
            return f"Issue opened: {made.url}"
        earlier = [our for our in ours if our.number < made.number]
        if not earlier or (made.author == self.me and not any(item.is_open for item in earlier)):
            return f"Issue opened: {made.url}"
        first = next((item for item in earlier if item.is_open), earlier[-1])
        client._give_up(made, first)
        return client.report_broken(first, broken)

    def _give_up(self, issue: _Issue, first: _Issue) -> None:
        text = f"The same as #{first.number}, which was there first.\n"
        self.api.call("PATCH", f"{self._issues}/{issue.number}", {"body": text, "state": "closed"})

    def close_recovered(self, issue: _Issue) -> str:
        self._comment(issue, "Nothing of this is broken any more.")
        body = f"{issue.body.rstrip()}\n{_CLOSED}\n"
        self.api.call("PATCH", f"{self._issues}/{issue.number}", {"body": body, "state": "closed"})
        return f"Issue closed: {issue.url}"

    def _comment(self, issue: _Issue, message: str) -> None:
        text = f"{message}\n\n{self.announcement.comment}"
        self.api.call("POST", f"{self._issues}/{issue.number}/comments", {"body": text}, repeatable=False)

    def _title(self) -> str:
        return f"{self.announcement.title}: {_where(self.announcement.occasion)} is slower"[:MAX_TITLE_CHARS]

    def _body(self, broken: frozenset[str]) -> str:
        series = " ".join(sorted(broken))
        return f"{mark(self.announcement.key)}\n<!-- perfgate broken {series} -->\n{self.announcement.comment}"

    @property
    def _issues(self) -> str:
        return f"/repos/{self.place.repository}/issues"


def _where(occasion: Occasion) -> str:
    return occasion.branch or "the baseline"


def _me(api: Api) -> str:
    if api.token.startswith(INSTALLATION):
        return ACTIONS_BOT
    try:
        return str(part_of({"user": api.get("/user")}, "user").get("login") or ACTIONS_BOT)
    except RefusedError:
        return ACTIONS_BOT


def _issue(answer: Any) -> _Issue:
    number = answer.get("number") if isinstance(answer, dict) else None
    if not isinstance(number, int):
        raise UnansweredError("GitHub's answer is not an issue")
    return _Issue(
        number=number,
        author=str(part_of(answer, "user").get("login") or ""),
        is_open=answer.get("state") == "open",
        body=str(answer.get("body") or "").replace("\r\n", "\n"),
        url=str(answer.get("html_url") or ""),
    )


def _quoted(login: str) -> str:
    return login.replace("[", "%5B").replace("]", "%5D")
