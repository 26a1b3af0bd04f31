"""A connection that stays open: its request, the head of its answer, and then whatever comes, with its time."""

from __future__ import annotations

from time import monotonic_ns, time_ns
from types import SimpleNamespace

import httptools

from perfgate.runtime.http.connection import CLOCK_STEP_NS
from perfgate.runtime.http.dialling import Origin, TlsConfig, dial, proxy_for
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.http.responses import Response
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.http.wire import Wire

POLL_INTERVAL_NS = 200_000_000  # ns: how soon a waiting stream notices that the load is over
SWITCHING_PROTOCOLS = 101
MAX_DELIVERY_DELAY_NS = 1_000_000_000  # ns from the kernel's receipt to our code; more is a clock that was set


class Ended(ConnectionError):
    """The connection is over; `is_whole` unless it was cut off in the middle of an answer."""

    def __init__(self, text: str, *, is_whole: bool = True) -> None:
        super().__init__(text)
        self.is_whole = is_whole


class StreamChannel:
    """`wait`, `dns`, `connect` and `tls` are ns; `head` becomes the answer's, without a body."""

    def __init__(self, where: Origin, tls_config: TlsConfig, observations: Observations, deadline: int) -> None:
        """Raises OSError or TimedOut."""
        began = monotonic_ns()
        self.wire, self.dns, self.connect, self.tls = dial(where, tls_config, proxy_for(where), deadline, observations)
        self.wait = monotonic_ns() - began
        self.over = False  # the answer is complete
        self.size = 0
        self._body: list[bytes] = []
        self._head: list[bytes] = []
        self._has_head = False
        self._is_framed = False  # the answer says where it ends; else the end of the connection is its end
        self._parser = httptools.HttpResponseParser(
            SimpleNamespace(
                on_headers_complete=self._head_complete,
                on_body=self._body.append,
                on_message_complete=self._message_complete,
            )
        )

    def _head_complete(self) -> None:
        self._has_head = True

    def _message_complete(self) -> None:
        self.over = self._parser.get_status_code() >= 200

    def open(self, request: bytes, deadline: int) -> tuple[Response, bytes, int]:
        """Sends the request and reads the head of its answer. Also what came with it, and when (wall clock, ns).

        Raises OSError, TimedOut or httptools.HttpParserError."""
        wire = self.wire
        wire.deadline, wire.sent = deadline, 0
        wire.send(request)
        first, rest = 0, b""
        while not self._has_head:
            arrived, data = wire.receive()
            if not data:
                raise ConnectionResetError("closed before it answered")
            first = first or arrived
            self._head.append(bytes(data))
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                rest = bytes(data)[upgrade.args[0] :]
                break
        elapsed = monotonic_ns() - wire.left
        service = service_of(wire, arrived, elapsed)
        head = b"".join(self._head)
        if rest or self._parser.get_status_code() == SWITCHING_PROTOCOLS:
            head = head.replace(b" 101 ", b" 200 ", 1)  # final for us, where other answers of 1xx are passed over
        response = Response(
            self._parser.get_status_code(), head, service=service, first_byte=min(service, max(0, first - wire.sent))
        )
        self._is_framed = not {"transfer-encoding", "content-length"}.isdisjoint(response.headers)
        response.wait, response.dns, response.connect, response.tls = self.wait, self.dns, self.connect, self.tls
        response.connections, response.delivery = 1, max(0, elapsed - service)
        return response, rest or self._taken(), arrived

    def read_body(self) -> tuple[int, bytes]:
        """What came next of the body, and when; empty while nothing came for a moment. Raises Ended at its end."""
        if self.over:
            raise Ended("the server ended it")
        try:
            arrived, data = self.read()
        except Ended as end:
            if self._is_framed:
                raise Ended("the connection was closed in the middle of the answer", is_whole=False) from end
            raise
        if data:
            self._parser.feed_data(data)
        return arrived, self._taken()

    def read(self) -> tuple[int, bytes]:
        """Reads like `read_body`, of a connection that has become something else than HTTP."""
        self.wire.deadline = monotonic_ns() + POLL_INTERVAL_NS
        try:
            arrived, data = self.wire.receive()
        except TimedOut:
            return time_ns(), b""
        if not data:
            raise Ended("the connection was closed")
        return arrived, bytes(data)

    def _taken(self) -> bytes:
        data = b"".join(self._body)
        self._body.clear()
        self.size += len(data)
        return data

    def close(self) -> None:
        self.wire.close()


def service_of(wire: Wire, arrived: int, elapsed: int) -> int:
    """Nanoseconds from the sending to `arrived` (wall clock, ns); `elapsed`, by the monotonic clock, where the wall
    clock was set meanwhile."""
    service = arrived - wire.sent
    return service if 0 < service <= elapsed + CLOCK_STEP_NS else elapsed


def monotonic_of(arrived: int) -> int:
    """The monotonic time (ns) of a moment of the last second by the wall clock."""
    delay = time_ns() - arrived
    return monotonic_ns() - (delay if 0 <= delay < MAX_DELIVERY_DELAY_NS else 0)
