"""What the fake remembers: accounts, repositories, pull requests, comments, checks, workflow runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from fake_github.objects import Objects

ACTIONS_BOT = "github-actions[bot]"
WRITE = frozenset({"issues", "pull-requests", "checks", "statuses", "contents", "actions"})


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose token it is. `write` are the permissions granted; `blind` tokens cannot see private repositories."""

    login: str = ACTIONS_BOT
    write: frozenset[str] = WRITE
    blind: bool = False

    @property
    def is_app(self) -> bool:
        return self.login.endswith("[bot]")


@dataclass
class Comment:
    id: int
    issue: int
    author: str
    body: str
    edits: int = 0
    hidden_from: int = 0  # listings that do not show it yet


@dataclass
class Issue:
    number: int
    title: str
    author: str = "octocat"
    body: str = ""
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    locked: bool = False
    events: list[tuple[str, str, str]] = field(default_factory=list)  # labels set: (label, by whom, when)


@dataclass
class Pull:
    number: int
    head_sha: str
    head_ref: str
    head_owner: str
    base_ref: str
    state: str = "open"
    head_repo: bool = True  # False: the fork was deleted
    merge_commit_sha: str | None = None
    merged_at: str | None = None
    commits: list[tuple[str, str]] = field(default_factory=list)  # (sha, message), oldest first


@dataclass
class Artifact:
    id: int
    run_id: int
    name: str
    content: bytes
    expired: bool = False


@dataclass
class Repository:
    owner: str
    name: str
    private: bool = False
    default_branch: str = "main"
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    artifacts: dict[int, Artifact] = field(default_factory=dict)
    objects: Objects = field(default_factory=Objects)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    ids: Iterator[int] = field(default_factory=lambda: count(1001))
    lag: int = 0  # a new comment is missing from so many listings

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def add_pull(
        self, *, head_sha: str = "a" * 40, head_ref: str = "feature", head_owner: str = "", base_ref: str = "main"
    ) -> Pull:
        number = next(self.numbers)
        self.issues[number] = Issue(number=number, title=f"pull request {number}")
        self.pulls[number] = Pull(number, head_sha, head_ref, head_owner or self.owner, base_ref)
        return self.pulls[number]

    def add_comment(self, number: int, body: str, author: str = "octocat") -> Comment:
        comment = Comment(next(self.ids), number, author, body, hidden_from=self.lag)
        self.comments[comment.id] = comment
        return comment

    def comments_of(self, number: int) -> list[Comment]:
        return [comment for _, comment in sorted(self.comments.items()) if comment.issue == number]

    def add_run(self, *, head_sha: str, event: str = "pull_request", conclusion: str = "failure") -> int:
        run_id = next(self.ids)
        self.runs[run_id] = {"head_sha": head_sha, "event": event, "conclusion": conclusion, "status": "completed"}
        return run_id

    def add_artifact(self, run_id: int, name: str, content: bytes) -> Artifact:
        artifact = Artifact(next(self.ids), run_id, name, content)
        self.artifacts[artifact.id] = artifact
        return artifact


@dataclass(frozen=True)
class Answer:
    """`body` is JSON, or bytes with a content type of their own."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"


def refusal(status: int, message: str, **headers: str) -> Answer:
    documented = {"documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return Answer(status, {"message": message, **documented}, {k.replace("_", "-"): v for k, v in headers.items()})


NOT_FOUND = refusal(404, "Not Found")
NOT_PERMITTED = refusal(403, "Resource not accessible by integration")

Handler = Callable[..., Answer]
