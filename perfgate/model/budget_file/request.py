"""What an endpoint sends, where its values come from, and what is expected of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Json = Any  # what json.loads gives: None, bool, int, float, str, list, dict


class BodyKind(StrEnum):
    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    RAW = "raw"
    GRAPHQL = "graphql"


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A file of a multipart body. `path` is relative to the budget file's folder."""

    path: str
    filename: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a request carries. `content` by kind: json any JSON; form str -> str; multipart str -> str or FilePart;
    raw str; graphql the query text (untouched, braces are its own), with `variables` beside it."""

    kind: BodyKind
    content: Json
    variables: Mapping[str, Json] = field(default_factory=dict)
    operation: str = ""  # of a GraphQL document, sent beside it
    persisted: bool = False  # whether the hash of the document is sent instead, where the server knows it


class SourceKind(StrEnum):
    BETWEEN = "between"  # [low, high], inclusive; ints give ints, floats give floats
    CHOICE = "choice"  # a list of values
    UUID = "uuid"  # random UUID4; no arguments
    SEQUENCE = "sequence"  # [start, step]: no value twice in a run, whatever the number of processes
    CONSTANT = "constant"  # one value
    ENVIRONMENT = "environment"  # [name] or [name, default]: one environment variable, read at run time


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the values of one `{name}` come from. `arguments` by kind, see SourceKind."""

    kind: SourceKind
    arguments: tuple[Json, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A CSV file (header line) or JSON file (list of objects) whose columns become names, one row per iteration."""

    path: str  # relative to the budget file's folder
    columns: tuple[str, ...]
    once: bool = False  # no row twice: stop when the data is used up instead of wrapping round
    per: Literal["iteration", "user"] = "iteration"  # user: each has one row, and no two the same
    separator: str = ","  # of a CSV file


@dataclass(frozen=True, kw_only=True)
class Values:
    """The `with:` of an endpoint."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    rows: Rows | None = None


class Test(StrEnum):
    EQUALS = "equals"
    EXISTS = "exists"  # argument True or False
    MATCHES = "matches"  # regular expression, searched
    CONTAINS = "contains"
    LESS_THAN = "less_than"
    GREATER_THAN = "greater_than"


class Part(StrEnum):
    """The part of a response that an expectation or a capture looks at."""

    STATUS = "status"  # name unused; test EQUALS with a tuple of accepted statuses
    HEADER = "header"  # name: header
    JSON = "json"  # name: JSONPath
    TEXT = "text"  # the body as text; name unused
    REGEX = "regex"  # name: pattern (capture: its first group, or the whole match)
    COOKIE = "cookie"  # capture only; name: cookie


@dataclass(frozen=True, kw_only=True)
class Expectation:
    part: Part
    test: Test
    argument: Json
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Capture:
    part: Part
    name: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an endpoint sends. All texts may hold `{x}` (a value of this iteration) and `${X}` (environment)."""

    method: str
    path: str  # begins with "/" or with a "{name}"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    values: Values = Values()
    expect: tuple[Expectation, ...] = ()
    capture: Mapping[str, Capture] = field(default_factory=dict)
    timeout: float = 10.0  # from asking for a connection to the last byte
    connect_timeout: float | None = None  # of that, at most so long until connected (TLS included)
    first_byte_timeout: float | None = None  # of that, at most so long from the send to the first byte
    follow_redirects: bool = False
