"""What can be started: endpoints, and journeys of several."""

from __future__ import annotations

from dataclasses import dataclass

from perfgate.model.budget_file.activity import Callback, Events, Grpc, Poll, WebSocket
from perfgate.model.budget_file.request import Request


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One kind of request we care about; its name is the join key everywhere.

    `request` is None for an endpoint that only hand-written scenarios send: it is judged, not generated.
    """

    name: str
    request: Request | None
    weight: float = 1.0
    login: str = ""  # name of the endpoint or journey that logs each user in before the first use
    login_every: float = 0.0  # s after which it is made anew, as it is after a 401; 0: never
    poll: Poll | None = None
    callback: Callback | None = None
    events: Events | None = None
    websocket: WebSocket | None = None
    grpc: Grpc | None = None


@dataclass(frozen=True, kw_only=True)
class Send:
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class Think:
    seconds: float


Step = Send | Think


@dataclass(frozen=True, kw_only=True)
class Journey:
    """An ordered list of endpoints that one virtual user walks, with captured values carried along."""

    name: str
    steps: tuple[Step, ...]
    weight: float = 1.0
    login: str = ""
    login_every: float = 0.0
