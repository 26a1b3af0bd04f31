"""Activities: what an endpoint does beyond one request and its answer; and recorded arrivals. Times in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from perfgate.model.budget_file.request import Expectation, Json


@dataclass(frozen=True, kw_only=True)
class StatedTime:
    """A time that an answer or a message states itself: a number at the JSONPath `start` in units of `unit` seconds;
    with `end`, the time between two moments (ISO 8601, or seconds or milliseconds since 1970)."""

    start: str
    end: str = ""
    unit: float | None = None  # None: as usual


@dataclass(frozen=True, kw_only=True)
class Poll:
    """How to learn when a background job is done that a request has started."""

    path: str  # of a GET; `{x}` and `${X}` as in the request's
    until: tuple[Expectation, ...]
    fails: tuple[Expectation, ...] = ()  # one that is met says that the job has failed
    every: float = 0.5
    timeout: float = 60.0  # from the request on
    queued: StatedTime | None = None  # in the answer that says it is done
    work: StatedTime | None = None


@dataclass(frozen=True, kw_only=True)
class Callback:
    """How a background job says itself that it is done: by a call to `{callback}`, a URL of the load generator's."""

    until: tuple[Expectation, ...] = ()  # of none, any call says that it is done
    fails: tuple[Expectation, ...] = ()
    timeout: float = 60.0  # from the request on
    queued: StatedTime | None = None  # in the call that says it is done
    work: StatedTime | None = None
    listen: str = "127.0.0.1"  # HOST or HOST:PORT
    host: str = ""  # under which the application reaches it; empty: that of `listen`


@dataclass(frozen=True, kw_only=True)
class Listen:
    """How long a stream of messages is listened to: `seconds`, or until `count` of them have come (0: no matter)."""

    seconds: float = 10.0
    count: int = 0
    silence: float = 0.0  # the longest without a message that is no failure; 0: any
    sent: StatedTime | None = None  # in each message: when it was sent


@dataclass(frozen=True, kw_only=True)
class Events:
    """Server-sent events. With `ends` the server ends them, and that is their completion."""

    listen: Listen = Listen()
    ends: bool = False
    event: str = ""  # the only kind that counts
    fails: tuple[Expectation, ...] = ()  # one that a message meets says that the stream has failed


@dataclass(frozen=True, kw_only=True)
class WebSocket:
    """Messages over a WebSocket. Texts may hold `{x}` and `${X}`; what is no text is sent as JSON."""

    listen: Listen = Listen()
    first: tuple[Json, ...] = ()  # sent at once
    ready: tuple[Expectation, ...] = ()  # which a message must have met before any of `send`
    send: tuple[Json, ...] = ()  # then in turn, one every `every` s
    every: float = 1.0
    reply: str = ""  # "next", or a JSONPath whose value a message and its reply share; empty: none
    subprotocol: str = ""
    ends: bool = False  # the server closes it normally, and that is its completion
    fails: tuple[Expectation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Grpc:
    """A gRPC call: the request's path is that of a method, its JSON body the message."""

    proto: str = ""  # the .proto file or descriptor set, relative to the budget file's folder; empty: by reflection
    status: str = "OK"  # the one that is no failure
    listen: Listen = Listen()  # to a method that streams


class RecordedArrival(NamedTuple):
    """`due` in s since the first, at the speed of the replay; `values` are those of its path."""

    due: float
    endpoint: str
    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Arrivals in order of time. `left_out` counts those of no endpoint."""

    file: str  # relative to the budget file's folder
    speed: float = 1.0
    arrivals: tuple[RecordedArrival, ...] = field(default=(), repr=False)
    left_out: int = 0
    only: tuple[str, ...] = ()  # hosts; of none: all that are there
    hosts: int = 1  # that the arrivals went to
