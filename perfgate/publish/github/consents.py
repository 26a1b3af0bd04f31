"""Words of acceptance that GitHub knows: labels of a pull request and who set them, trailers of its commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfgate.ci import acceptances
from perfgate.ci.acceptances import AcceptanceClaim
from perfgate.ci.revision import is_from_fork, part_of
from perfgate.net import http
from perfgate.publish.github import place as places
from perfgate.publish.github import pulls
from perfgate.publish.github.api import TIMEOUT_S, Api, RefusedError, UnansweredError
from perfgate.publish.github.place import GitHubJob
from perfgate.text.notes import note

_LABELED = "labeled"


@dataclass(frozen=True, kw_only=True)
class AcceptanceQuery:
    """What is wanted of GitHub. `now` is the time of claims whose own nobody knows, ISO 8601."""

    now: str
    pull_request: int = 0  # its labels
    should_look_up: bool = False  # the labels of the open one whose head was measured: after the workflow of a fork
    should_read_commits: bool = False  # the trailers of its commits, too: where the checkout is shallow
    is_trusted: bool = True  # whether these commits are of people who may merge
    merged: tuple[str, ...] = ()  # commits of a branch: the labels of the pull requests by which they came
    event: Mapping[str, Any] | None = None  # has the labels as well, as they were when it happened


def gather(environ: Mapping[str, str], query: AcceptanceQuery) -> tuple[tuple[AcceptanceClaim, ...], tuple[str, ...]]:
    """The claims, and warnings for people. Without a token, the event's own labels."""
    here = places.find(environ, query.pull_request)
    if not (here.repository and here.token):
        return tuple(_of_event(query, here)), ()
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        return _LabelReader(Api(url=here.api, token=here.token, session=session), here, query).gather()


@dataclass(frozen=True)
class _LabelReader:
    api: Api
    place: GitHubJob
    query: AcceptanceQuery

    def gather(self) -> tuple[tuple[AcceptanceClaim, ...], tuple[str, ...]]:
        claims: list[AcceptanceClaim] = []
        warnings: list[str] = []
        for what, find in (
            ("labels", self._labels),
            ("commits", self._commits),
            ("merged pull requests", self._merged),
        ):
            try:
                claims += list(find())
            except (RefusedError, UnansweredError) as error:
                claims += _of_event(self.query, self.place) if what == "labels" else ()
                text = error.message.replace(self.place.token, "[GITHUB_TOKEN]")
                warnings.append(note("PG-P008", f"Acceptances in {what} could not be read: {text}."))
        return tuple(claims), tuple(warnings)

    def _labels(self) -> Iterator[AcceptanceClaim]:
        number, pull = self.query.pull_request, part_of(self.query.event or {}, "pull_request")
        if self.query.should_look_up and (number := pulls.look_up(self.api, self.place)):
            pull = part_of({"pull": self.api.get(f"{self._root}/pulls/{number}")}, "pull")
        if not number:
            return
        names = [_name(item) for item in self.api.all(f"{self._root}/issues/{number}/labels")]
        yield from self._claims(number, names, title=str(pull.get("title") or ""), pull=pull)

    def _commits(self) -> Iterator[AcceptanceClaim]:
        if not (self.query.should_read_commits and self.query.pull_request):
            return
        for item in self.api.all(f"{self._root}/pulls/{self.query.pull_request}/commits"):
            if not isinstance(item, dict):
                continue
            commit = part_of(item, "commit")
            yield from acceptances.of_message(
                str(commit.get("message") or ""),
                author=str(part_of(commit, "author").get("name") or ""),
                at=str(part_of(commit, "committer").get("date") or self.query.now),
                commit=str(item.get("sha") or ""),
                distrust="" if self.query.is_trusted else acceptances.FORKS_TRAILER,
            )

    def _merged(self) -> Iterator[AcceptanceClaim]:
        observed: set[int] = set()
        for commit in self.query.merged:
            for pull in self.api.all(f"{self._root}/commits/{commit}/pulls"):
                number = pull.get("number") if isinstance(pull, dict) else None
                if not isinstance(number, int) or number in observed or not pull.get("merged_at"):
                    continue
                observed.add(number)
                names = [_name(item) for item in pull.get("labels") or ()]
                yield from self._claims(number, names, title=str(pull.get("title") or ""), pull=None)

    def _claims(
        self, number: int, names: Sequence[str], *, title: str, pull: Mapping[str, Any] | None
    ) -> Iterator[AcceptanceClaim]:
        """`pull` is that of the event, of which a fork may still push, and change the title; None for a merged one."""
        if not any(acceptances.of_label(name, author="", at="", reason="") for name in names):
            return
        set_by, is_forks = self._set_by(number), pull is not None and is_from_fork(pull)
        for name in names:
            author, at = set_by.get(name, ("", ""))
            late = pull is not None and is_forks and not _after_push(at, pull)
            claim = acceptances.of_label(
                name,
                author=author or "a label",
                at=at or self.query.now,
                reason=f"#{number} {'' if is_forks else title}".strip(),
                distrust=acceptances.FORKS_LABEL if late else "",
            )
            if claim:
                yield claim

    def _set_by(self, number: int) -> dict[str, tuple[str, str]]:
        """Label -> who set it last, and when; nothing where GitHub does not tell."""
        try:
            return {
                _name(item.get("label")): (str(part_of(item, "actor").get("login") or ""), str(item.get("created_at")))
                for item in self.api.all(f"{self._root}/issues/{number}/events")
                if isinstance(item, dict) and item.get("event") == _LABELED
            }
        except (RefusedError, UnansweredError):
            return {}

    @property
    def _root(self) -> str:
        return f"/repos/{self.place.repository}"


def _of_event(query: AcceptanceQuery, place: GitHubJob) -> Iterator[AcceptanceClaim]:
    """Labels as they were when it happened; who set one is known if that is what happened."""
    event = query.event or {}
    pull = part_of(event, "pull_request")
    new = _name(event.get("label")) if event.get("action") == _LABELED else ""
    for item in pull.get("labels") or ():
        name = _name(item)
        by_sender = bool(new) and name == new
        claim = acceptances.of_label(
            name,
            author=str(part_of(event, "sender").get("login") or "") if by_sender else "a label",
            at=query.now,
            reason=f"#{pull.get('number')} {'' if place.is_from_fork else pull.get('title') or ''}".strip(),
            distrust=acceptances.FORKS_LABEL if place.is_from_fork and not by_sender else "",
        )
        if claim:
            yield claim


def _after_push(at: str, pull: Mapping[str, Any]) -> bool:
    """Whether the fork has pushed nothing since. Both times are GitHub's own, alike in form: they compare as text."""
    pushed = part_of(part_of(pull, "head"), "repo").get("pushed_at")
    return isinstance(pushed, str) and bool(at) and at >= pushed


def _name(label: object) -> str:
    name = label.get("name") if isinstance(label, dict) else ""
    return name if isinstance(name, str) else ""
