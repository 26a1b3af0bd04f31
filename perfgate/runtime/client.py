"""The HTTP client of one virtual user: its connection, timeouts, and the names of failures.

`Client` is the interface behind which other ways of sending stand (locust_client.py).
"""

from __future__ import annotations

import socket
import ssl
from time import monotonic_ns
from typing import NamedTuple, Protocol

import httptools

from perfgate.machine import KERNEL_CLOCK
from perfgate.runtime.connection import Connection
from perfgate.runtime.dialling import Origin, Trust, dial, proxy_for
from perfgate.runtime.responses import Failure, Response
from perfgate.runtime.watchdog import TimedOut

# ns of idleness after which a connection is looked at before it is used again. Only the kernel's clock tells what came
# unasked in that time from an answer.
PAUSE = 5_000_000 if KERNEL_CLOCK else 0
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


class Patience(NamedTuple):
    """Timeouts in nanoseconds. `total` is from asking for a connection to the last byte; 0: only that counts."""

    total: int
    connect: int = 0
    first_byte: int = 0


class Manner(NamedTuple):
    """How a request is sent, besides its bytes."""

    method: str
    patience: Patience
    keep_body: bool


class Client(Protocol):
    def send(self, data: bytes, manner: Manner) -> Response:
        """Sends the whole message `data`. Never raises for what the target does: that is the response's `failure`."""
        ...

    def close(self) -> None: ...


class FastClient:
    """HTTP/1.1 over a keep-alive connection of its own, timed by the kernel."""

    def __init__(self, where: Origin, trust: Trust = Trust()) -> None:  # noqa: B008 - a value
        self._where, self._trust = where, trust
        self._proxy = proxy_for(where)
        self._to_proxy = bool(self._proxy) and not where.tls  # a TLS target is talked to through a tunnel
        self._connection: Connection | None = None
        self._opened = 0  # monotonic ns, when the connection was there
        self._phases = (0, 0, 0)  # of opening it: dns, connect, tls

    def send(self, data: bytes, manner: Manner) -> Response:
        began = monotonic_ns()
        deadline = began + manner.patience.total
        try:
            return self._send(data, manner, began, deadline)
        except TimedOut:
            failure = Failure("timeout", self._overdue(manner.patience, monotonic_ns() - began))
        except OSError as error:
            if isinstance(error, TimeoutError):
                failure = Failure("timeout", self._overdue(manner.patience, monotonic_ns() - began))
            else:
                failure = Failure("connection", _said(error))
        except httptools.HttpParserError as error:
            failure = Failure("protocol", f"not HTTP: {str(error)[:80]}")
        response = Response(failure=failure, service=monotonic_ns() - began)
        if self._connection is not None and self._opened >= began:
            self._tell_opening(response, began)
            response.service -= response.wait
        self.close()
        return response

    def _send(self, data: bytes, manner: Manner, began: int, deadline: int) -> Response:
        connection = self._connection
        if connection is not None and self._is_usable(connection, manner, began):
            try:
                return self._exchange(connection, data, manner, deadline)
            except ConnectionError:
                # The server closed an idle connection at this very moment. Where nothing of the answer came, and
                # asking twice changes nothing, a new connection may try; any other method is never sent again. The
                # time lost counts as waiting for a connection.
                if manner.method not in IDEMPOTENT or connection.answered:
                    raise
        self.close()
        connect = manner.patience.connect
        limit = min(deadline, monotonic_ns() + connect) if connect else deadline
        wire, dns, connect, tls = dial(self._where, self._trust, self._proxy, limit)
        connection = self._connection = Connection(wire)
        self._opened, self._phases = monotonic_ns(), (dns, connect, tls)
        response = self._exchange(connection, data, manner, deadline)
        self._tell_opening(response, began)
        return response

    def _tell_opening(self, response: Response, began: int) -> None:
        """The connection was opened for this request."""
        response.connections, response.wait = 1, self._opened - began
        response.dns, response.connect, response.tls = self._phases

    @staticmethod
    def _is_usable(connection: Connection, manner: Manner, now: int) -> bool:
        """Asking the socket costs a system call: only worth it after a pause, in which a server may say goodbye, and
        for a request that must not be sent twice. Not reusable: something broke off its last request."""
        if not connection.reusable:
            return False
        if now - connection.idle_since < PAUSE and manner.method in IDEMPOTENT:
            return True
        connection.idle_since = 0
        return connection.wire.is_quiet()

    def _exchange(self, connection: Connection, data: bytes, manner: Manner, deadline: int) -> Response:
        connection.wire.deadline = deadline
        if self._to_proxy:
            data = self._for_proxy(data)
        response = connection.exchange(
            data,
            keep_body=manner.keep_body,
            no_body=manner.method == "HEAD",
            first_byte=manner.patience.first_byte,
        )
        if not connection.reusable:
            self.close()
        return response

    def _for_proxy(self, data: bytes) -> bytes:
        """The message with a whole URL in its first line (RFC 9112, section 3.2.2), and who asks."""
        first, _, rest = data.partition(b"\r\n")
        method, _, target = first.partition(b" ")
        assert self._proxy is not None
        said = f"Proxy-Authorization: {self._proxy.authorization}\r\n" if self._proxy.authorization else ""
        return b"%b http://%b%b\r\n%b%b" % (method, self._where.authority.encode(), target, said.encode(), rest)

    def _overdue(self, patience: Patience, elapsed: int) -> str:
        """Which of the timeouts it was."""
        if elapsed >= patience.total:
            return f"no complete answer within {patience.total / 1e9:g} s"
        if self._connection is None:
            return f"no connection within {(patience.connect or patience.total) / 1e9:g} s"
        return f"no answer within {(patience.first_byte or patience.total) / 1e9:g} s"

    def close(self) -> None:
        if self._connection is not None:
            self._connection.wire.close()
            self._connection = None


def _said(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return str(error) if error.errno is None else "connection refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "connection reset" if error.errno is not None else str(error) or "connection reset"
    if isinstance(error, socket.gaierror):
        return "the host's name cannot be resolved"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}"[:120]
    return (error.strerror or str(error))[:120]
