"""The shape of what an endpoint does beyond one request and its answer: `poll`, `callback`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from perfgate.budgets.shape.conditions import Conditions
from perfgate.budgets.shape.fields import (
    LIST,
    MAP,
    TEXT,
    Maybe,
    PositiveDuration,
    Shape,
    by_type,
    checked,
    optional,
    required,
)
from perfgate.budgets.shape.texts import Host, JsonPath, ListenAddress, RequestLine, split_request

UNITS = {"ms": 1e-3, "us": 1e-6, "s": 1.0}


def _get(line: str) -> str:
    method, _ = split_request(line)
    return "" if method == "GET" else f"a poll is a GET, not a {method}\nwrite `GET /exports/{{id}}`"


class StatedShape(Shape):
    s: Maybe[JsonPath] = optional("Where a number of seconds stands.", "$.queued")
    ms: Maybe[JsonPath] = optional("Where a number of milliseconds stands.", "$.queued_ms")
    us: Maybe[JsonPath] = optional("Where a number of microseconds stands.", "$.queued_us")


def one_unit(value: Any) -> str:
    return (
        "" if len(value.model_fields_set) == 1 else "takes exactly one of `s`, `ms`, `us`\nfor example `{ms: $.wait}`"
    )


Moments = Annotated[list[JsonPath], Field(min_length=2, max_length=2)]
Stated = Annotated[
    Annotated[StatedShape, checked(one_unit), Tag(MAP)]
    | Annotated[Moments, Tag(LIST)]
    | Annotated[JsonPath, Tag(TEXT)],
    Discriminator(by_type),
]


class PollShape(Shape):
    request: Annotated[RequestLine, checked(_get)] = required(
        "The GET whose answer tells the state; it may use what the request captures.",
        "GET {location}",
        "GET /jobs/{id}",
    )
    until: Conditions = required(
        "The job is done when all of this is so: conditions on JSONPaths, and on `status`.",
        {"$.state": "done"},
        {"status": 303},
    )
    fails: Maybe[Conditions] = optional("The job has failed when any of this is so.", {"$.state": "failed"})
    every: Maybe[PositiveDuration] = optional("The pause before each poll. Default: 500ms.", "200ms")
    timeout: Maybe[PositiveDuration] = optional("How long the job may take, from the request on. Default: 60s.", "20s")
    queued: Maybe[Stated] = optional(
        "How long the job waited, by the last answer: a path of a number of seconds, `{ms: PATH}`, or two paths of "
        "moments.",
        ["$.created_at", "$.started_at"],
        {"ms": "$.queued_ms"},
    )
    work: Maybe[Stated] = optional(
        "How long the job was worked at, in the same ways.", ["$.started_at", "$.finished_at"], {"ms": "$.run_ms"}
    )


class CallbackShape(Shape):
    until: Maybe[Conditions] = optional(
        "A call says that the job is done when all of this is so: conditions on JSONPaths. Default: any call does.",
        {"$.state": "done"},
    )
    fails: Maybe[Conditions] = optional("The job has failed when any of this is so.", {"$.state": "failed"})
    timeout: Maybe[PositiveDuration] = optional("How long the job may take, from the request on. Default: 60s.", "20s")
    queued: Maybe[Stated] = optional(
        "How long the job waited, by the last call; as under `poll`.",
        ["$.created_at", "$.started_at"],
        {"ms": "$.queued_ms"},
    )
    work: Maybe[Stated] = optional(
        "How long the job was worked at, in the same ways.", ["$.started_at", "$.finished_at"], {"ms": "$.run_ms"}
    )
    listen: Maybe[ListenAddress] = optional(
        "Where perfgate listens. Default: 127.0.0.1, on a free port. Each further process takes the next port.",
        "0.0.0.0:8900",
    )
    host: Maybe[Host] = optional(
        "The name under which the application reaches this machine. Default: the address listened on.",
        "host.docker.internal",
    )
