"""Announcement: what publishers are given; PublishOptions: what of it to post; Publication: what was posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.model.verdict import Incident


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What to say beside a line of the budget file. Plain text."""

    path: str  # relative to the root of the repository
    line: int  # 0: the file as a whole
    serious: bool  # stops the build
    title: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A broken budget, or one not measured. Plain text; values in base units."""

    endpoint: str
    metric: str
    outcome: Outcome
    sentence: str
    measured: float | None = None
    baseline: float | None = None
    change: float | None = None  # a ratio
    is_new: bool = True  # the run before on this branch did not fail here


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Which run it is, and what is new, for people who are not looking at its pull request. Plain text."""

    run: str = ""
    name: str = ""  # of the budget file
    budget: str = ""  # its path in the repository
    started: str = ""  # ISO 8601, UTC
    commit: str = ""
    branch: str = ""
    url: str = ""  # of the CI job
    on_baseline: bool = False  # a run of the branch that others are compared with
    recovered: bool = False  # the run before failed on this branch, and this one shows nothing broken
    broken: tuple[Broken, ...] = ()  # worst first
    undecided: tuple[tuple[str, str], ...] = ()  # (endpoint, metric)
    alert: Literal["", "firing", "resolved"] = ""  # of `perfgate watch`
    incidents: tuple[Incident, ...] = ()  # the same: those that it tells of


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """The verdict in the words of a pull request. Markdown is safe as it is: nothing from outside can break out."""

    key: str  # what is tested: one comment per key, updated in place
    title: str  # "perfgate: shop", the name of the check and of the status
    outcome: Outcome
    failed: int  # budgets that are broken or not measured
    blocks: bool  # the build fails
    headline: str  # plain text
    comment: str  # Markdown, under 65,000 characters
    summary: str  # the same with room for more
    annotations: tuple[Annotation, ...] = ()  # worst first, only the worst
    more_annotations: int = 0  # findings beyond these
    occasion: Occasion = Occasion()
    files: Mapping[str, str] = field(default_factory=dict)  # what -> path: "report-markdown", "report-junit", ...
    is_mostly_undecided: bool = False  # no success to show in green, whatever the outcome


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a comment must say at its top when there is no verdict on the newest commit. Markdown is safe as it is."""

    key: str  # of the comment, as in Announcement
    comment: str  # Markdown, under 2,000 characters


class Comment(StrEnum):
    """When to begin a comment. One that is there is always kept up to date: an old verdict would be a wrong one."""

    ALWAYS = "always"
    CHANGES = "changes"  # unless everything is as before
    FAILURES = "failures"  # when the build fails
    NEVER = "never"


class Charts(StrEnum):
    """How a comment shows the course of what failed."""

    AUTO = "auto"  # as pictures on the history's branch, where that may be written; else as text
    TEXT = "text"  # that the page draws itself (Mermaid)
    NONE = "none"


class When(StrEnum):
    """When to tell people who did not ask: in chats, by webhooks."""

    REGRESSIONS = "regressions"  # the baseline's branch fails where it did not before
    CHANGES = "changes"  # the same, and when it recovers
    FAILURES = "failures"  # whenever a build fails, of any branch
    ALWAYS = "always"


@dataclass(frozen=True, kw_only=True)
class PublishOptions:
    comment: Comment = Comment.ALWAYS
    check: bool = False
    status: bool = False
    charts: Charts = Charts.AUTO
    issue: bool = False  # one that is open while the baseline's branch fails
    when: When = When.REGRESSIONS
    summary: bool = True
    annotations: bool = True
    pull_request: int = 0  # instead of the event's
    author: str = ""  # login of the token's account, when it is neither a person's nor GitHub Actions' own


@dataclass(frozen=True, kw_only=True)
class Publication:
    """`messages` and `warnings` are lines for people. What could not be posted never changes a verdict."""

    messages: tuple[str, ...] = ()
    warnings: tuple[Note, ...] = ()
    commands: tuple[str, ...] = ()  # lines that the CI service reads from the log
    comment_url: str = ""
    failed: tuple[str, ...] = ()  # what was asked for and could not be posted: "comment", "check run", "commit status"


@dataclass(frozen=True, kw_only=True)
class NotMeasured:
    """A run that came to nothing, left in its run folder for whoever publishes it."""

    schema: int = 1
    name: str  # of the budget file
    target: str
    commit: str
    reason: str  # one line
    url: str = ""  # of the CI job


@dataclass(frozen=True, kw_only=True)
class ArtifactEntry:
    budget: str  # path of the budget file in the repository
    run: Run
    earlier: Run | None = None  # whose failure `run` confirms


@dataclass(frozen=True, kw_only=True)
class RunsArtifact:
    """What the workflow of a pull request hands to that which may comment: measurements only, no words."""

    schema: int = 1
    runs: tuple[ArtifactEntry, ...]
