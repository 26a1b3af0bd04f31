"""What activities (jobs, streams) need of the virtual user that performs them. Plain requests use none of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import gevent
from locust.exception import StopUser

from perfgate.runtime.http.channel import StreamChannel
from perfgate.runtime.http.dialling import Origin, TlsConfig, resolved
from perfgate.runtime.http.observations import GENERATOR
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load
from perfgate.runtime.scenario.arms import LoadArm
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.session import Session
from perfgate.runtime.scenario.values import OutOfRows

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

UNAUTHORIZED = 401
PAUSE_S = 0.05  # s that a user waits after nothing could be sent, so as not to spin


class Turn(NamedTuple):
    """The open model's word to a visitor: begin now. Monotonic ns."""

    due: int
    queued: int  # how long it waited for a free visitor


class ActivityStart(NamedTuple):
    """When the time of an activity counts from (monotonic ns), and how long it had waited for a free visitor."""

    began: int
    queued: int


class Activity(Protocol):
    """What takes more than one exchange. `request` is the endpoint whose name it is recorded under."""

    request: Endpoint

    def perform(self, visitor: Visitor) -> bool:
        """Whether it came to a good end. What became of it is recorded."""
        ...


class Performer:
    """The part of a Visitor that activities use."""

    _load: Load
    _arm: LoadArm | None
    _record: Callable[..., None]
    _send: Callable[..., Response]
    _renew_login: Callable[[], bool]
    _session: Session
    _origin: Origin
    tls: TlsConfig
    turn: Turn | None
    has_no_row: bool
    values: dict[str, Any]
    kept: dict[Origin, Any]  # connections of activities that outlive one, to each target; closed when the user stops

    @property
    def where(self) -> Origin:
        """The target of this visit."""
        return self._origin

    @property
    def load(self) -> Load:
        return self._load

    def record(self, label: tuple[str, str], began: int, response: Response, failure: Failure | None) -> None:
        """Records under this visit's arm of an A/B test."""
        self._record(label, began, response, failure)

    def compiled(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint as it is for this visit's target."""
        return self._arm.own(endpoint) if self._arm is not None else endpoint

    def begin(self, endpoint: Endpoint) -> ActivityStart:
        """The beginning of an activity: when its time counts from. Draws the endpoint's values. Raises StopUser when
        the load is over, or no row of data is left."""
        turn, self.turn = self.turn, None
        if turn is None and self._load.stopping:
            raise StopUser
        try:
            endpoint.draw(self._session)
        except OutOfRows as error:
            self.has_no_row = True
            self._load.found_no_row(str(error), turn.due if turn else None)
            raise StopUser from None
        return ActivityStart(turn.due, turn.queued) if turn else ActivityStart(monotonic_ns(), 0)

    def draw(self, endpoint: Endpoint) -> None:
        """Draws the endpoint's values once more."""
        endpoint.draw(self._session)

    def own_address(self) -> str:
        """The address of this machine on the way to this visit's target. Raises OSError."""
        [(family, *_, address), *_] = resolved(self._origin.host, self._origin.port)
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect(address)  # sends nothing
            return str(sock.getsockname()[0])

    def dial(self, deadline: int) -> StreamChannel:
        """A connection of its own to this visit's target. Raises OSError or TimedOut."""
        return StreamChannel(self._origin, self.tls, self._load.observations, deadline)

    def message(self, endpoint: Endpoint) -> bytes:
        """The bytes of one request with this visit's cookies. Raises KeyError or ValueError, as Endpoint.message."""
        cookies = self._session.cookies
        if cookies.everywhere and not endpoint.has_host:
            return endpoint.message(self._origin, self.values, cookies.header, None)
        header = cookies.for_request(endpoint.place(self._origin, self.values, None))
        return endpoint.message(self._origin, self.values, header, None)

    def renew_login(self) -> bool:
        """Logs in again after an answer of 401. Returns whether the login had expired and was made anew."""
        return self._renew_login()

    def pause_after(self, response: Response, failure: Failure | None) -> None:
        """Waits a moment where nothing could be sent, so that users do not spin."""
        if failure is not None and (failure.kind in ("connection", GENERATOR) or not response.status):
            gevent.sleep(PAUSE_S)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Counts an activity as in flight meanwhile."""
        self._load.in_flight += 1
        try:
            yield
        except gevent.GreenletExit:
            self._load.abandoned += 1
            raise
        finally:
            self._load.in_flight -= 1

    def exchange(self, endpoint: Endpoint) -> tuple[Response, Failure | None]:
        """Sends one request that is not recorded, even while the load is stopping. A login is renewed after a 401."""
        own = self.compiled(endpoint)
        response = self._send(own, self.values)
        failure = own.judge(response)
        if failure is not None and response.status == UNAUTHORIZED and self._renew_login():
            response = self._send(own, self.values)
            failure = own.judge(response)
        return response, failure
