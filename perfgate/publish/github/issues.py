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
from perfgate.publish.github.comments import ACTIONS_BOT, INSTALLATION, LOOKS, SETTLE
from perfgate.publish.github.place import Place

LONGEST_TITLE = 200  # characters
MOST_SERIES = 100  # that are remembered: the text has to stay below GitHub's limit

_SERIES = re.compile(r"<!-- perfgate broken([ 0-9a-f]*) -->")
_CLOSED = "<!-- perfgate closed it -->"


@dataclass(frozen=True, kw_only=True)
class _Issue:
    number: int
    author: str
    open: bool
    body: str
    url: str

    @property
    def series(self) -> frozenset[str]:
        found = _SERIES.search(self.body[: 20 * MOST_SERIES])
        return frozenset(found[1].split()) if found else frozenset()

    @property
    def closed_by_us(self) -> bool:
        return _CLOSED in self.body


def keep(api: Api, place: Place, announcement: Announcement, author: str = "") -> str:
    """What was done, for people. Only for runs of the baseline's branch. Raises RefusedError, UnansweredError."""
    occasion = announcement.occasion
    if not occasion.on_baseline:
        return "No issue: this is no run of the baseline's branch."
    desk = _Desk(api, place, announcement, author or _me(api))
    found = desk.find()
    digests = sorted(digest(one.endpoint, one.metric) for one in occasion.broken)
    broken = frozenset(digests[:MOST_SERIES])
    if broken:
        return desk.broken(found, broken)
    undecided = frozenset(digest(*one) for one in occasion.undecided)
    if found is None or not found.open:
        return "No issue: nothing is broken."
    if found.series & undecided:
        return f"The issue stays open, what broke is undecided: {found.url}"
    return desk.recovered(found)


def digest(endpoint: str, metric: str) -> str:
    return sha256(f"{endpoint}\0{metric}".encode(errors="surrogatepass")).hexdigest()[:12]


def mark(key: str) -> str:
    return f"<!-- perfgate issue v1 {sha256(key.encode(errors='surrogatepass')).hexdigest()[:16]} -->"


@dataclass(frozen=True)
class _Desk:
    api: Api
    place: Place
    announcement: Announcement
    me: str

    def find(self) -> _Issue | None:
        """The oldest of ours that is open, and of several the only one from then on; else the newest."""
        found = self._ours()
        opened = [one for one in found if one.open]
        for other in opened[1:]:
            self._give_up(other, opened[0])
        return next(iter(opened or found[-1:]), None)

    def _ours(self) -> list[_Issue]:
        """Oldest first. Anybody can write the mark, so the author counts as well."""
        listed = self.api.all(f"{self._issues}?state=all&creator={_quoted(self.me)}")
        return sorted(self._marked(listed), key=lambda one: one.number)

    def _marked(self, issues: Iterable[Any]) -> Iterator[_Issue]:
        first = mark(self.announcement.key)
        for one in issues:
            if not isinstance(one, dict) or "pull_request" in one or part_of(one, "user").get("login") != self.me:
                continue
            issue = _issue(one)
            if issue.body.startswith(first):
                yield issue

    def broken(self, found: _Issue | None, broken: frozenset[str]) -> str:
        body = self._body(broken)
        if found is None:
            return self._open(body, broken)
        news = broken - found.series
        if not found.open and not found.closed_by_us and not news:
            return f"The issue stays closed, as a person left it: {found.url}"
        self.api.call(
            "PATCH", f"{self._issues}/{found.number}", {"title": self._title(), "body": body, "state": "open"}
        )
        if found.open and not news:
            return f"Issue updated: {found.url}"
        self._comment(found, "Broken again." if not found.open else "More is broken.")
        return f"Issue {'reopened' if not found.open else 'updated'}: {found.url}"

    def _open(self, body: str, broken: frozenset[str]) -> str:
        try:
            made = _issue(self.api.call("POST", self._issues, {"title": self._title(), "body": body}, repeatable=False))
        except UnansweredError:  # it may be there now
            self.api.pause(SETTLE)
            there = self.find()
            if there is None or not there.open:
                raise
            return f"Issue opened: {there.url}"
        desk = replace(self, me=made.author)  # the token of an app cannot ask who it is before
        for _ in range(LOOKS):
            self.api.pause(SETTLE)
            ours = desk._ours()
            if made.number in [one.number for one in ours]:
                break
        else:
            return f"Issue opened: {made.url}"
        earlier = [one for one in ours if one.number < made.number]
        if not earlier or (made.author == self.me and not any(one.open for one in earlier)):
            return f"Issue opened: {made.url}"
        first = next((one for one in earlier if one.open), earlier[-1])
        desk._give_up(made, first)
        return desk.broken(first, broken)

    def _give_up(self, issue: _Issue, first: _Issue) -> None:
        said = f"The same as #{first.number}, which was there first.\n"
        self.api.call("PATCH", f"{self._issues}/{issue.number}", {"body": said, "state": "closed"})

    def recovered(self, found: _Issue) -> str:
        self._comment(found, "Nothing of this is broken any more.")
        body = f"{found.body.rstrip()}\n{_CLOSED}\n"
        self.api.call("PATCH", f"{self._issues}/{found.number}", {"body": body, "state": "closed"})
        return f"Issue closed: {found.url}"

    def _comment(self, issue: _Issue, said: str) -> None:
        text = f"{said}\n\n{self.announcement.comment}"
        self.api.call("POST", f"{self._issues}/{issue.number}/comments", {"body": text}, repeatable=False)

    def _title(self) -> str:
        return f"{self.announcement.title}: {_where(self.announcement.occasion)} is slower"[:LONGEST_TITLE]

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
        open=answer.get("state") == "open",
        body=str(answer.get("body") or "").replace("\r\n", "\n"),
        url=str(answer.get("html_url") or ""),
    )


def _quoted(login: str) -> str:
    return login.replace("[", "%5B").replace("]", "%5D")
