"""Visitor: the virtual user of generated scenarios. It sends endpoints, thinks, and walks journeys."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import count
from time import monotonic_ns
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

import gevent
from locust import User, constant
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING

from perfgate.runtime.http.client import Client, FastClient
from perfgate.runtime.http.dialling import Origin, TlsConfig, origin
from perfgate.runtime.http.observations import GENERATOR
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load
from perfgate.runtime.scenario.arms import LoadArm
from perfgate.runtime.scenario.endpoint import Endpoint, Hop
from perfgate.runtime.scenario.logins import Logins
from perfgate.runtime.scenario.session import Row, Session
from perfgate.runtime.scenario.values import OutOfRows, share
from perfgate.runtime.users.performing import PAUSE_S, Activity, Performer, Turn
from perfgate.runtime.users.redirects import MAX_REDIRECTS, REDIRECT_STATUSES, location_of, next_method

THINK_STEP_S = 0.1  # s: how soon a thinking user notices that the test is over
UNAUTHORIZED = 401


class StepFailed(RescheduleTask):
    """A request failed: the rest of its journey makes no sense. Locust goes on with the next task."""


class NotSent(StepFailed):
    """The load generator could not send a request: its journey says nothing of the target."""


class Side(NamedTuple):
    """What a visitor keeps of one target."""

    origin: Origin
    client: Client
    session: Session
    logins: Logins


class Visitor(Performer, User):
    """Subclasses set `host` and have tasks. Values that responses gave are carried along in `values`.

    `tls` says whose certificates to believe, `client` how to send: "fast", or "locust" for Locust's own way. Each task
    is a visit, and begins as a new visitor; with `session = "keep"` it goes on with the last one's cookies and values.
    """

    abstract = True
    wait_time = constant(0)
    tls = TlsConfig()
    client = "fast"
    session = "new"

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.turn: Turn | None = None
        self.has_no_row = False  # of data, that it needs
        self.kept = {}
        self._load: Load = environment.perfgate
        self._sides: dict[LoadArm | None, Side] = {}
        self._own_rows: dict[str, Row] = {}
        for arm in self._load.arms.both if self._load.arms else (None,):
            self._go_to(arm)
        if self._load.settings is None:  # Locust's own loop does not say when a task begins
            self.tasks = _as_visits(self)
        self._load.add_user()

    def begin_visit(self, due: int) -> None:
        """Begins a visit, before each task: which target of an A/B test it goes to, and what it begins with. `due` in
        monotonic ns."""
        if self._load.arms is not None:
            self._go_to(self._load.arms.draw(due - self._load.recorder.started))
        if self.values or self._cookies.stored or self._logins.in_use:
            self._session.begin(keep=self.session == "keep")
            self._logins.begin()

    def enter(self) -> None:
        """`on_start`, at every target there is. What it leaves is there in every visit."""
        for arm in tuple(self._sides):
            self._go_to(arm)
            self.on_start()
            self._session.mark()

    def _go_to(self, arm: LoadArm | None) -> None:
        side = self._sides.get(arm)
        if side is None:
            where = arm.origin if arm else origin(self.environment.host or self.host)
            session = Session(where.host, self._own_rows)
            logins = Logins(session, keep=self.session == "keep")
            side = self._sides[arm] = Side(where, self._new_client(where), session, logins)
        self._arm = arm  # None outside A/B tests
        self._record = arm.record if arm else self._load.record
        self._origin, self._client, self._session, self._logins = side
        self._cookies, self.values = side.session.cookies, side.session.values

    def _new_client(self, where: Origin) -> Client:
        if self.client == "locust":
            from perfgate.runtime.http.locust_client import LocustClient

            return LocustClient(where, self.tls, self._load.observations)
        return FastClient(where, self.tls, self._load.observations)

    def send(self, endpoint: Endpoint) -> Response:
        """Sends one request and records it. Raises StepFailed when it failed, StopUser when the test is over."""
        load, turn = self._load, self.turn
        if self._arm is not None:
            endpoint = self._arm.own(endpoint)
        if turn is None:
            if load.stopping:
                raise StopUser
            began = monotonic_ns()
        else:
            self.turn = None
            began = turn.due
        load.in_flight += 1
        try:
            if endpoint.draws:
                endpoint.draw(self._session)
            values = self.values
            response = self._send(endpoint, values)
            if endpoint.follow_redirects:
                response = self._followed(endpoint, values, response)
            if turn is not None:
                response.queue = turn.queued
            failure = endpoint.judge(response)
            if failure is not None and response.status == UNAUTHORIZED and self._renew_login():
                return self.send(endpoint)
            if failure is None and endpoint.captures:
                captured, failure = endpoint.captured(response)
                self.values.update(captured)
            self._record(endpoint.series, began, response, failure)
        except gevent.GreenletExit:
            load.abandoned += 1
            raise
        except OutOfRows as error:
            self.has_no_row = True
            load.found_no_row(str(error), turn.due if turn else None)
            raise StopUser from None
        finally:
            load.in_flight -= 1
        if failure is not None:
            if turn is None and (response.unsent or failure.kind in ("connection", GENERATOR)):
                gevent.sleep(PAUSE_S)
            raise NotSent if failure.kind == GENERATOR else StepFailed
        return response

    def perform(self, activity: Activity) -> None:
        """Does what takes more than one exchange: a job until it is done, a stream until it ends. Raises as `send`."""
        if not activity.perform(self):
            raise StepFailed

    def ensure_login(self, login: Endpoint | Callable[[], None], every: float = 0.0) -> None:
        """Logs in by this endpoint, or journey, unless this user has done so before; with `every` (s), not longer ago,
        and once more when an answer is 401."""
        if isinstance(login, Endpoint):
            self._logins.ensure(login.name, lambda: self.send(login), every)
        else:
            self._logins.ensure(login.__name__, login, every)

    def send_once(self, endpoint: Endpoint) -> None:
        """Sends it if this user has not done so successfully before."""
        Visitor.ensure_login(self, endpoint)

    def _renew_login(self) -> bool:
        """Logs in again. Returns whether this visit's login had expired and was made anew."""
        if not self._logins.in_use:
            return False
        try:
            renewed = self._logins.renew_refused()
        except StepFailed:  # then the 401 stands
            return False
        self._load.renewed += renewed
        return renewed

    def think(self, seconds: float) -> None:
        """Waits as a person would. Raises StopUser when the test is over meanwhile."""
        until = monotonic_ns() + int(seconds * 1e9)
        while not self._load.stopping and (left := (until - monotonic_ns()) / 1e9) > 0:
            gevent.sleep(min(left, THINK_STEP_S))
        if self._load.stopping:
            raise StopUser

    def walk(self, name: str, steps: Callable[[Any], None]) -> None:
        """Walks a journey and records how long it took as a whole; not when the end of the test cuts it off."""
        began = self.turn.due if self.turn else monotonic_ns()
        failure = None
        try:
            steps(self)
        except NotSent:
            raise
        except StepFailed:
            failure = Failure("step", "a step failed")
        self._record(("journey", name), began, Response(service=monotonic_ns() - began), failure)
        if failure:
            raise StepFailed

    def run(self) -> None:
        """One task after the other, without Locust's per-task bookkeeping: that costs as much as a request.

        Plain `locust -f` keeps Locust's own loop, with its events and its wait_time.
        """
        if self._load.settings is None:
            super().run()
            return
        self._state = LOCUST_STATE_RUNNING
        deck: list[Callable[[Any], None]] = []
        try:
            self._perform(Visitor.enter)
            while self._state != LOCUST_STATE_STOPPING and not self._load.stopping:
                if not deck:  # every task as often as its weight says, in random order
                    deck = list(self.tasks)
                    if len(deck) > 1:
                        share.random.shuffle(deck)
                self._perform(deck.pop())
        except (gevent.GreenletExit, StopUser):
            pass
        finally:
            self.on_stop()

    def _perform(self, work: Callable[[Any], None]) -> None:
        try:
            self.begin_visit(monotonic_ns())
            work(self)
        except (RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet):
            pass
        except StopUser:
            raise
        except Exception as error:  # noqa: BLE001 - a scenario may have been edited by hand
            self.environment.events.user_error.fire(user_instance=self, exception=error, tb=error.__traceback__)
            gevent.sleep(PAUSE_S)

    def on_stop(self) -> None:
        for side in self._sides.values():
            side.client.close()
        for connection in self.kept.values():
            connection.close()

    def _send(self, endpoint: Endpoint, values: Any, hop: Hop | None = None) -> Response:
        cookies = self._cookies
        try:
            if cookies.everywhere and not endpoint.has_host:
                data = endpoint.message(self._origin, values, cookies.header, hop)
            else:
                header = cookies.for_request(endpoint.place(self._origin, values, hop))
                data = endpoint.message(self._origin, values, header, hop)
        except KeyError as error:
            return Response(
                failure=Failure("expectation", f"the value {{{error.args[0]}}} was never captured"), unsent=True
            )
        except UnicodeEncodeError as error:
            unfit = error.object[error.start].encode("unicode_escape").decode()
            return Response(failure=Failure("expectation", f"a value holds {unfit}, half a character"), unsent=True)
        except ValueError as error:
            return Response(failure=Failure("expectation", str(error)), unsent=True)
        response = self._client.send(data, endpoint.options if hop is None else endpoint.manner_of(hop))
        response.method = endpoint.method
        if response.sets_cookies:
            for odd in cookies.take(response.cookies, endpoint.place(self._origin, values, hop)):
                self._load.note(odd)
        return response

    def _followed(self, endpoint: Endpoint, values: Any, response: Response) -> Response:
        """The answer at the end of the redirects; its times and size are the sums of all answers'.

        A location is relative to the URL of the request that it answers (RFC 9110, section 10.2.2).
        """
        if response.status not in REDIRECT_STATUSES:
            return response
        url, method = self._url(endpoint, values), endpoint.method
        for hops in count():
            location = location_of(response)
            if response.status not in REDIRECT_STATUSES or not location:
                return response
            if hops == MAX_REDIRECTS:
                break
            try:
                url = urljoin(url, location)
                parts = urlsplit(url)
            except ValueError:
                response.failure = Failure("protocol", "redirected to what is not a URL")
                return response
            if not self._origin.serves(url, endpoint.host(values)):
                response.failure = Failure("connection", self._origin.leaving(parts))
                return response
            method = next_method(method, response.status)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            before = response
            response = self._send(endpoint, values, Hop(method, target))
            response.add(before)
        response.failure = Failure("protocol", f"more than {MAX_REDIRECTS} redirects")
        return response

    def _url(self, endpoint: Endpoint, values: Any) -> str:
        """URL of the request that the endpoint sends with these values."""
        first_line, _, _ = endpoint.message(self._origin, values, "").partition(b"\r\n")
        return f"{self._origin.root}{first_line.split(b' ')[1].decode()}"


def _as_visits(visitor: Visitor) -> list[Any]:
    return [_as_visit(work) for work in visitor.tasks]


def _as_visit(work: Any) -> Any:
    """A task that begins as a visit; other things that Locust can run are left as they are."""
    if isinstance(work, type):
        return work

    @wraps(work)
    def visit(self: Visitor) -> None:
        self.begin_visit(monotonic_ns())
        work(self)

    return visit


Steps = TypeVar("Steps", bound=Callable[[Any], None])


def journey(name: str) -> Callable[[Steps], Callable[[Any], None]]:
    """Measures a task as a whole, under this name, besides its requests."""

    def decorate(steps: Steps) -> Callable[[Any], None]:
        @wraps(steps)
        def walk(self: Visitor) -> None:
            self.walk(name, steps)

        return walk

    return decorate
