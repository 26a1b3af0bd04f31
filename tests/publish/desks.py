"""Builders for the publishers' tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fake_github.events import environ, pull_request
from fake_github.server import FakeGitHub
from fake_github.world import Pull, Repository

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Annotation, Announcement, Comment, Publication, PublishOptions
from perfgate.net import http
from perfgate.publish import github as publisher
from perfgate.publish.github import place
from perfgate.publish.github.api import Api

FAILED = Annotation(path="budgets.yaml", line=12, serious=True, title="search p95", message="131 ms: over 120 ms")


def make_announcement(text: str = "the verdict", outcome: Outcome = Outcome.FAIL, **others: Any) -> Announcement:
    return Announcement(
        outcome=outcome,
        **{
            "key": "budgets.yaml",
            "title": "perfgate: shop",
            "failed": 1 if outcome is Outcome.FAIL else 0,
            "blocks": outcome is Outcome.FAIL,
            "headline": f"{outcome.value.upper()}: 1 of 9 budgets",
            "comment": text,
            "summary": f"{text}, at length",
            "annotations": (FAILED,) if outcome is Outcome.FAIL else (),
            **others,
        },
    )


class Waits(list[float]):
    """How long was waited, without waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def tell(announcement: Announcement, known: dict[str, str], waits: Waits | None = None, **options: Any) -> Publication:
    here = place.find(known, options.get("pull_request", 0))
    wished = PublishOptions(**{**options, "comment": Comment(options.get("comment", "always"))})
    sleep = Waits() if waits is None else waits
    with http.HttpSession(timeout=60) as session:
        api = Api(url=here.api, token=here.token, session=session, sleep=sleep, chance=lambda: 0.5)
        return publisher.deliver(announcement, here, api, wished)


def opened(
    github: FakeGitHub, folder: Path, *write: str, login: str = "github-actions[bot]", **pull: Any
) -> tuple[Repository, Pull, dict[str, str]]:
    """A repository with a pull request, and the environment of a workflow that runs for it."""
    repo = github.add_repository()
    one = repo.add_pull(**{"head_sha": "b" * 40, **pull})
    token = github.token(*write, login=login)
    return repo, one, environ(github, repo, "pull_request", pull_request(repo, one), folder, token=token)


def at_once(act: Callable[[str], object], *names: str) -> None:
    """Does it for each name in a thread of its own, and waits for all."""
    jobs = [threading.Thread(target=act, args=(name,)) for name in names]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
