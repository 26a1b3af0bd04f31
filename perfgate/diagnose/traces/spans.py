"""Spans, as little of them as a diagnosis needs: no attribute is kept, so no literal of a statement is either."""

from __future__ import annotations

from typing import Literal, NamedTuple

from perfgate.model.diagnosis import Layer

Kind = Literal["internal", "server", "client", "producer", "consumer"]
KINDS: tuple[Kind, ...] = ("internal", "internal", "server", "client", "producer", "consumer")  # by OTLP's number


def service_of(process: str) -> str:
    """The name of the service that a process (see TraceSpan) is of; empty where it does not tell one."""
    return process.partition("/")[0]


class SpanOperation(NamedTuple):
    """What a span says it does. `what` is a fingerprint, a command or a host: never a literal."""

    layer: Layer
    what: str = ""
    is_call: bool = True  # opening a connection is none
    is_closed: bool = True  # what is below it belongs to it; calls of a service that is traced too are open
    rows: int | None = None


class TraceSpan(NamedTuple):
    """Times in nanoseconds, of the clock of its `process`. Ids are lower-case hexadecimal, `parent` may be empty."""

    trace: str
    id: str
    parent: str
    name: str
    kind: Kind
    start: int
    end: int
    process: str = ""
    operation: SpanOperation | None = None
    scope: str = ""  # the library that tells it
