"""A gRPC call as an activity: one message is sent, one or several come back.

The latency of a unary call ends with the last byte of its trailers. A call whose method streams is recorded like any
stream: its latency ends with the head of the answer, its messages are aspects, and its end is its completion.
"""

from __future__ import annotations

from contextlib import closing
from time import monotonic_ns
from typing import TYPE_CHECKING

from gevent.lock import Semaphore
from h2.exceptions import ProtocolError

from perfgate.runtime.http.channel import POLL_INTERVAL_NS, Ended, monotonic_of, service_of
from perfgate.runtime.http.client import failure_of
from perfgate.runtime.http.dialling import Origin
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.scenario.declarations import Declarations, ProtoError, method_of
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.stated_times import StatedTime
from perfgate.runtime.streams import grpc_messages
from perfgate.runtime.streams.grpc_answer import CallAnswer
from perfgate.runtime.streams.grpc_messages import Method
from perfgate.runtime.streams.grpc_reflection import call_headers, read_declarations
from perfgate.runtime.streams.grpc_statuses import DEADLINE_EXCEEDED, OK
from perfgate.runtime.streams.http2 import HeaderList, Http2Connection
from perfgate.runtime.streams.messages import Message
from perfgate.runtime.streams.recording import MessageRecord
from perfgate.runtime.streams.stream import DISAGREE, NS_PER_SECOND, Listening, recorder
from perfgate.runtime.users.performing import ActivityStart

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

NO_LOGIN = "gRPC status UNAUTHENTICATED"  # how its failure begins
NOT_METADATA = frozenset(
    "accept accept-encoding connection content-length content-type host keep-alive te transfer-encoding upgrade".split()
)


class Grpc:
    """`Grpc(Endpoint("search", "POST", "/shop.Catalog/Search", json={"query": "tea"}), declared=proto("shop.proto"))`

    Without `declared`, the server's reflection tells what the method takes and gives. Any other than `status` is a
    failure. A stream is listened to for `seconds`, or until `count` messages have come, or the server ends it.
    """

    def __init__(
        self,
        request: Endpoint,
        *,
        declared: Declarations | None = None,
        status: str = OK,
        seconds: float = 10.0,
        count: int = 0,
        silence: float = 0.0,
        sent: StatedTime | None = None,
    ) -> None:
        self.name, self.request = request.name, request
        self._status, self._sent = status, sent
        self._listening = Listening(seconds, count, silence, ends=False)
        self._declared = declared
        self._methods: dict[Origin, Method | ProtoError] = {}
        self._asking = Semaphore()

    def perform(self, visitor: Visitor) -> bool:
        start = visitor.begin(self.request)
        with visitor.under_way():
            response, failure = self._attempt(visitor, start.began)
            if failure is not None and failure.detail.startswith(NO_LOGIN) and visitor.renew_login():
                start = ActivityStart(monotonic_ns(), 0)
                response, failure = self._attempt(visitor, start.began)
        response.queue = start.queued
        if failure is None and self.request.captures:
            captured, failure = self.request.captured(response)
            visitor.values.update(captured)
        visitor.record(self.request.series, start.began, response, failure)
        visitor.pause_after(response, failure)
        return failure is None

    def _attempt(self, visitor: Visitor, due: int) -> tuple[Response, Failure | None]:
        began = monotonic_ns()
        deadline = began + self.request.options.timeouts.total
        response, connection = Response(), None
        try:
            method = self._method(visitor, deadline)
            connection, is_new = self._connection(visitor, deadline)
            headers, content = self._message(visitor, method)
            connection.begin(headers, content, deadline)
            answer = CallAnswer()
            if method.streams:
                self._listen(visitor, connection, method, answer, due, deadline)
                _time(response, connection, answer.first, answer.first_seen)
            else:
                response.body = self._read_message(connection, method, answer, deadline)
                _time(response, connection, answer.last, monotonic_ns())
            answer.check_end()
            if is_new:
                _add_dial(response, connection)
            return self._judged(response, answer)
        except (KeyError, ValueError, ProtoError) as error:
            failure = Failure("expectation", _words(error))
        except TimedOut:
            failure = Failure("timeout", f"no answer within {(monotonic_ns() - began) / NS_PER_SECOND:.3g} s")
        except Ended as error:
            failure = Failure("connection", str(error))
        except OSError as error:
            failure = failure_of(error, visitor.load.observations)
        except ProtocolError as error:
            failure = Failure("protocol", f"not HTTP/2: {str(error)[:80] or type(error).__name__}")
        except (ArithmeticError, LookupError, TypeError) as error:
            failure = Failure("protocol", f"could not be read: {type(error).__name__}: {error}"[:120])
        if connection is not None:
            response.size = connection.size
            connection.close()
            visitor.kept.pop(visitor.where, None)
        response.service = response.service or monotonic_ns() - began
        return response, failure

    def _connection(self, visitor: Visitor, deadline: int) -> tuple[Http2Connection, bool]:
        """The visitor's connection to this visit's target, and whether it is new. Raises OSError or TimedOut."""
        known = visitor.kept.get(visitor.where)
        if known is not None:
            if known.is_open():
                return known, False
            known.close()
        connection = Http2Connection(visitor.where, visitor.tls, visitor.load.observations, deadline)
        visitor.kept[visitor.where] = connection
        return connection, True

    def _method(self, visitor: Visitor, deadline: int) -> Method:
        """What is called. A server is asked once. Raises ProtoError, and OSError or TimedOut where it is asked."""
        where, path = visitor.where, self._path(visitor)
        if where not in self._methods:
            with self._asking:
                if where not in self._methods:
                    self._methods[where] = self._look_up(visitor, path, deadline)
        known = self._methods[where]
        if isinstance(known, ProtoError):
            raise known
        return known

    def _look_up(self, visitor: Visitor, path: str, deadline: int) -> Method | ProtoError:
        try:
            if self._declared is not None:
                return grpc_messages.method(method_of(self._declared, path))
            observations = visitor.load.observations
            with closing(Http2Connection(visitor.where, visitor.tls, observations, deadline)) as connection:
                declared = read_declarations(connection, visitor.where, path, deadline)
                return grpc_messages.method(method_of(declared, path))
        except ProtoError as error:
            return error

    def _path(self, visitor: Visitor) -> str:
        place = visitor.compiled(self.request).place(visitor.where, visitor.values)
        return place.path.removeprefix(visitor.where.base)

    def _message(self, visitor: Visitor, method: Method) -> tuple[HeaderList, bytes]:
        """Headers and body of the call: metadata and values are those of an ordinary request. Raises KeyError or
        ValueError."""
        written = visitor.message(visitor.compiled(self.request))
        head, _, body = written.partition(b"\r\n\r\n")
        lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:])
        metadata = [(name.lower(), value) for name, _, value in lines if name.lower() not in NOT_METADATA]
        headers = call_headers(visitor.where, method.path) + metadata
        if not method.streams:
            headers.append(("grpc-timeout", f"{self.request.options.timeouts.total // 1_000_000}m"))
        return headers, method.encoded(body.decode() or "{}")

    def _read_message(self, connection: Http2Connection, method: Method, answer: CallAnswer, deadline: int) -> bytes:
        """The answer's message as JSON, where somebody asked for it."""
        content = []
        while not answer.is_over:
            for piece in connection.read(deadline):
                content += answer.take(piece)
                if len(content) > 1:
                    raise ValueError("a unary method answered with several messages")
        if answer.status == OK and len(content) != 1:
            raise ValueError(f"a unary method answered with {len(content)} messages")
        return method.as_json(content[0]) if content and self.request.options.keep_body else b""

    def _listen(
        self, visitor: Visitor, connection: Http2Connection, method: Method, answer: CallAnswer, due: int, deadline: int
    ) -> None:
        """Takes messages until it is over. The head of the answer has to come before `deadline`, whatever else ends."""
        record = recorder(visitor, self.name)
        came = MessageRecord(record, due, self._sent)
        opened = monotonic_ns()
        while not answer.is_over:
            try:
                pieces = connection.read(monotonic_ns() + POLL_INTERVAL_NS)
            except TimedOut:
                pieces = []
            for piece in pieces:
                for content in answer.take(piece):
                    came.add(Message(method.as_json(content) if self._sent else b"", piece.arrived))
            if answer.is_over:
                break
            if not answer.first:
                if monotonic_ns() > deadline:
                    raise TimedOut
            elif visitor.load.stopping or self._listening.is_over(came, opened):
                connection.cancel()
                break
            elif self._listening.is_silent(came, opened):
                came.finish()
                raise TimedOut
        if not came.is_stated:
            visitor.load.note(DISAGREE.format(name=self.name))
        if not answer.is_over and not visitor.load.stopping:
            came.finish()
        if answer.is_over and answer.status == OK:
            record("completion", due, max(0, monotonic_of(answer.last) - due))

    def _judged(self, response: Response, answer: CallAnswer) -> tuple[Response, Failure | None]:
        response.status, response.head = answer.http_status, answer.head
        if answer.http_status != 200:
            return response, Failure("status", f"status: {answer.http_status} instead of a gRPC answer")
        if not answer.is_over:  # given up while it streamed
            return response, None
        if answer.status == self._status:
            return response, self.request.judge(response)
        kind = "timeout" if answer.status == DEADLINE_EXCEEDED else "status"
        expected = "" if self._status == OK else f", expected {self._status}"
        detail = f": {answer.detail}" if answer.detail else ""
        return response, Failure(kind, f"gRPC status {answer.status}{expected}{detail}")


def _time(response: Response, connection: Http2Connection, end: int, seen: int) -> None:
    """Fills in how long it took until `end` (wall clock, ns), by the kernel's clock where that can be; `seen` is when
    perfgate noticed (monotonic ns)."""
    elapsed = seen - connection.wire.left
    response.service = service_of(connection.wire, end, elapsed)
    response.first_byte = response.service
    response.delivery = max(0, elapsed - response.service)
    response.size = connection.size


def _add_dial(response: Response, connection: Http2Connection) -> None:
    response.wait, response.dns, response.connect, response.tls = connection.dialled
    response.connections = 1


def _words(error: Exception) -> str:
    if isinstance(error, ProtoError):
        return f"{error.message}: {error.hint}" if error.hint else error.message
    return f"the value {{{error.args[0]}}} was never captured" if isinstance(error, KeyError) else str(error)
