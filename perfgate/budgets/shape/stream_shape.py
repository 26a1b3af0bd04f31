"""The shape of streams and calls: `events`, `websocket` and `grpc`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from perfgate.budgets.shape.activity_shape import StatedShape, one_unit
from perfgate.budgets.shape.conditions import Conditions
from perfgate.budgets.shape.fields import MAP, TEXT, Count, MapOrText, Maybe, PositiveDuration, Shape, checked, optional
from perfgate.budgets.shape.texts import JsonPath, Quotable, Text, json_path_problem

NEXT = "next"


def _reply(text: str) -> str:
    return "" if text == NEXT else json_path_problem(text)


Moment = Annotated[Annotated[StatedShape, checked(one_unit), Tag(MAP)] | Annotated[JsonPath, Tag(TEXT)], MapOrText]


class ListenShape(Shape):
    for_: Maybe[PositiveDuration] = optional("How long to listen, at most. Default: 10s.", "30s", alias="for")
    count: Maybe[Count] = optional("Until so many messages have come.", 20)
    silence: Maybe[PositiveDuration] = optional("A longer time without a message is an error. Default: none is.", "5s")
    sent: Maybe[Moment] = optional(
        "Where a message says when it was sent (ISO 8601, or a number since 1970): its latency counts from there. Both "
        "clocks must agree.",
        "$.sent_at",
        {"ms": "$.t"},
    )


class MessagesShape(ListenShape):
    fails: Maybe[Conditions] = optional(
        "The stream has failed when a message meets any of this: conditions on JSONPaths.", {"$.type": "error"}
    )


class EventsShape(MessagesShape):
    ends: Maybe[bool] = optional(
        "Whether the server ends it itself, as answers do that come in pieces. Default: false.", True
    )
    event: Maybe[Text] = optional("The only kind of event that counts. Default: all.", "price")


Outgoing = Annotated[Any, Field(description="A text, or anything else as JSON.")]
Several = Annotated[
    Annotated[list[Outgoing], Field(min_length=1), Tag("<list>")] | Annotated[Outgoing, Tag("<text>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<text>"),
]


class WebSocketShape(MessagesShape):
    subprotocol: Maybe[Quotable] = optional("To ask for; the server must speak it.", "graphql-transport-ws")
    first: Maybe[Several] = optional("Sent at once: a message, or a list.", {"type": "connection_init"})
    ready: Maybe[Conditions] = optional(
        "What a message must have met before any of `send` is sent, such as the answer to `first`. Default: nothing.",
        {"$.type": "connection_ack"},
    )
    send: Maybe[Several] = optional(
        "Sent after that in turn, one `every` so often: a message, or a list.", {"say": "hello"}
    )
    every: Maybe[PositiveDuration] = optional("The time between two of `send`. Default: 1s.", "100ms")
    reply: Maybe[Annotated[str, checked(_reply)]] = optional(
        "Which message answers one of `send`: the `next`, or that with the same value at this JSONPath. Its latency "
        "counts from the sending. Default: next, where nothing is `sent`.",
        NEXT,
        "$.id",
    )
    ends: Maybe[bool] = optional(
        "Whether the server ends it itself, by closing it normally (1000). Default: false.", True
    )


GRPC_STATUSES = Literal[
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]


class GrpcShape(ListenShape):
    proto: Maybe[Quotable] = optional(
        "The .proto file that declares the method, or a descriptor set. Default: the server is asked (reflection).",
        "shop.proto",
    )
    status: Maybe[GRPC_STATUSES] = optional("The status that is no failure. Default: OK.", "NOT_FOUND")
