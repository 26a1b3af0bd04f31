"""What a source of requests becomes before it is written: endpoints, journeys, and what had to be left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Json = Any
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
NOT_SAFE = "may change data; `--unsafe` takes it in"


@dataclass(frozen=True, kw_only=True)
class InitSource:
    """A text to convert. `document` is what it says as JSON or YAML, None where it is neither."""

    name: str  # a path or URL, for messages and comments
    text: str
    document: Json = None
    folder: Path | None = None  # which `name` begins in, where it is a path: that of the budget file


@dataclass(frozen=True, kw_only=True)
class ProposalOptions:
    """What the user asks for. `target` and `rate` are empty where the source is to say it."""

    target: str = ""
    unsafe: bool = False  # take in methods that may change data


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One kind of request. `path` and texts are templates: `{x}` is a value, `${X}` a variable, `{{` a brace."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body_key: str = ""  # json, form, multipart, body or graphql; empty without a body
    body: Json = None
    variables: Json = None  # of a GraphQL query
    values: Mapping[str, Json] = field(default_factory=dict)  # what stands under `with`
    captures: Mapping[str, Json] = field(default_factory=dict)  # a JSONPath, or what stands under `capture`
    expect: Mapping[str, Json] = field(default_factory=dict)
    budget: Mapping[str, str] = field(default_factory=dict)  # beside `defaults.budget`
    weight: float | None = None
    comment: str = ""

    @property
    def request(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class ProposedJourney:
    """Steps in order: names of endpoints, and pauses in seconds."""

    name: str
    steps: tuple[str | float, ...]
    weight: float | None = None
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class ProposedLoad:
    """Load that the source says: levels (starts per second, or users) that follow each other, each with its seconds."""

    is_open: bool
    levels: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Omission:
    """What could not be converted, and why."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """An endpoint that the file has as a comment, and why."""

    endpoint: Endpoint
    why: str


@dataclass(frozen=True, kw_only=True)
class FileProposal:
    """Everything that the budget file is written from. `variables` says by name what each is to be set to."""

    target: str = ""  # empty where the source does not say it
    endpoints: tuple[Endpoint, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    journeys: tuple[ProposedJourney, ...] = ()
    scenarios: tuple[str, ...] = ()
    omissions: tuple[Omission, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    rate: float | None = None  # per second, as seen
    users: int | None = None  # a closed model instead of a rate
    load: ProposedLoad | None = None  # instead of both
    budget: Mapping[str, str] = field(default_factory=dict)  # of all endpoints, instead of what is proposed
    seconds: float | None = None  # that an answer takes on average, sent alone
    notes: tuple[str, ...] = ()


class Format(Protocol):
    """A kind of source. To add one: a module with these two functions, and a line in FORMATS."""

    def recognizes(self, source: InitSource) -> bool:
        """Whether the source is of this kind, by its content."""

    def convert(self, source: InitSource, options: ProposalOptions) -> FileProposal:
        """The requests in it. Raises UsageError when nothing of it can be read."""
