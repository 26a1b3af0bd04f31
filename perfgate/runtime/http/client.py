"""The HTTP client of one virtual user: its connection, timeouts, and the names of failures.

`Client` is the interface behind which other ways of sending stand (locust_client.py).
"""

from __future__ import annotations

import ssl
from time import monotonic_ns
from typing import NamedTuple, Protocol

import httptools

from perfgate.recording.clock import KERNEL_CLOCK
from perfgate.runtime.http.connection import Closed, Connection, Unasked
from perfgate.runtime.http.dialling import Origin, TlsConfig, dial, proxy_for
from perfgate.runtime.http.observations import GENERATOR, Observations
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.http.watchdog import TimedOut

# ns of idleness after which a connection is looked at before it is used again. Only the kernel's clock tells what came
# unasked in that time from an answer.
CHECK_AFTER_IDLE_NS = 5_000_000 if KERNEL_CLOCK else 0
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # what asks for nothing to be changed (RFC 9110, section 9.2.1)
# ns of idleness after which a reset may be that of a server that closes idle connections. Servers wait longer.
RETRY_AFTER_IDLE_NS = 500_000_000


class Timeouts(NamedTuple):
    """Timeouts in nanoseconds. `total` is from asking for a connection to the last byte; 0: only that counts."""

    total: int
    connect: int = 0
    first_byte: int = 0


class SendOptions(NamedTuple):
    """How a request is sent, besides its bytes."""

    method: str
    timeouts: Timeouts
    keep_body: bool
    endpoint: str = ""  # whose request it is
    closes: bool = False  # whether it says `Connection: close`: the server may then close without a word


class Client(Protocol):
    def send(self, data: bytes, options: SendOptions) -> Response:
        """Sends the whole message `data`. Never raises for what the target does: that is the response's `failure`."""
        ...

    def close(self) -> None: ...


class FastClient:
    """HTTP/1.1 over a keep-alive connection of its own, timed by the kernel."""

    def __init__(
        self,
        where: Origin,
        tls_config: TlsConfig = TlsConfig(),  # noqa: B008 - a value
        observations: Observations | None = None,
    ) -> None:
        self._where, self._tls_config = where, tls_config
        self._observations = observations or Observations()
        self._proxy = proxy_for(where)
        self._to_proxy = bool(self._proxy) and not where.tls  # a TLS target is talked to through a tunnel
        self._connection: Connection | None = None
        self._opened = 0  # monotonic ns, when the connection was there
        self._phases = (0, 0, 0)  # of opening it: dns, connect, tls

    def send(self, data: bytes, options: SendOptions) -> Response:
        began = monotonic_ns()
        deadline = began + options.timeouts.total
        try:
            return self._send(data, options, began, deadline)
        except TimedOut:
            failure = Failure("timeout", self._overdue(options.timeouts, monotonic_ns() - began))
        except OSError as error:
            if isinstance(error, TimeoutError):
                failure = Failure("timeout", self._overdue(options.timeouts, monotonic_ns() - began))
            else:
                failure = failure_of(error, self._observations)
        except httptools.HttpParserError as error:
            failure = Failure("protocol", f"not HTTP: {str(error)[:80]}")
        response = Response(failure=failure, service=monotonic_ns() - began)
        if self._connection is not None and self._opened >= began:
            self._tell_opening(response, began)
            response.service -= response.wait
        self.close()
        return response

    def _send(self, data: bytes, options: SendOptions, began: int, deadline: int) -> Response:
        connection = self._connection
        if connection is not None and self._is_usable(connection, options, began):
            try:
                return self._exchange(connection, data, options, deadline)
            except ConnectionError as error:
                if options.method not in SAFE or not self._was_closed_before(connection, error, began):
                    raise
                self._observations.resends[options.endpoint] += 1  # the time lost counts as waiting for a connection
        self.close()
        connect = options.timeouts.connect
        limit = min(deadline, monotonic_ns() + connect) if connect else deadline
        wire, dns, connect, tls = dial(self._where, self._tls_config, self._proxy, limit, self._observations)
        connection = self._connection = Connection(wire, self._observations)
        self._opened, self._phases = monotonic_ns(), (dns, connect, tls)
        response = self._exchange(connection, data, options, deadline)
        self._tell_opening(response, began)
        return response

    @staticmethod
    def _was_closed_before(connection: Connection, error: ConnectionError, began: int) -> bool:
        """Whether the server had given up the connection before this request reached it, as servers do with idle ones:
        a browser sends such a request again. A server that takes the request and closes has failed.

        The end of a connection is that of an idle one when the request was never acknowledged: taking it would have
        acknowledged it. A reset says nothing of the kind, so only a long pause makes it likely.
        """
        if connection.answered:
            return False
        if isinstance(error, Unasked):
            return True
        if isinstance(error, Closed):
            return connection.wire.is_undelivered()
        return began - connection.ended >= RETRY_AFTER_IDLE_NS

    def _tell_opening(self, response: Response, began: int) -> None:
        """The connection was opened for this request."""
        response.connections, response.wait = 1, self._opened - began
        response.dns, response.connect, response.tls = self._phases

    @staticmethod
    def _is_usable(connection: Connection, options: SendOptions, now: int) -> bool:
        """Asking the socket costs a system call: only worth it after a pause, in which a server may say goodbye, and
        for a request that must not be sent twice. Not reusable: something broke off its last request."""
        if not connection.reusable:
            return False
        if now - connection.idle_since < CHECK_AFTER_IDLE_NS and options.method in SAFE:
            return True
        connection.idle_since = 0
        if connection.wire.is_quiet():
            return True
        if connection.wire.has_unasked:
            connection.blame_last()
        return False

    def _exchange(self, connection: Connection, data: bytes, options: SendOptions, deadline: int) -> Response:
        connection.wire.deadline = deadline
        if self._to_proxy:
            data = self._for_proxy(data)
        response = connection.exchange(
            data,
            keep_body=options.keep_body,
            no_body=options.method == "HEAD",
            first_byte=options.timeouts.first_byte,
            endpoint=options.endpoint,
        )
        if not connection.reusable or options.closes:
            self.close()
        return response

    def _for_proxy(self, data: bytes) -> bytes:
        """The message with a whole URL in its first line (RFC 9112, section 3.2.2), and who asks."""
        first, _, rest = data.partition(b"\r\n")
        method, _, target = first.partition(b" ")
        assert self._proxy is not None
        text = f"Proxy-Authorization: {self._proxy.authorization}\r\n" if self._proxy.authorization else ""
        return b"%b http://%b%b\r\n%b%b" % (method, self._where.authority.encode(), target, text.encode(), rest)

    def _overdue(self, timeout: Timeouts, elapsed: int) -> str:
        """Which of the timeouts it was."""
        is_over = elapsed >= timeout.total
        if self._connection is None:
            return f"no connection within {(timeout.total if is_over else timeout.connect or timeout.total) / 1e9:g} s"
        if is_over:
            return f"no complete answer within {timeout.total / 1e9:g} s"
        return f"no answer within {(timeout.first_byte or timeout.total) / 1e9:g} s"

    def close(self) -> None:
        if self._connection is not None:
            self._connection.wire.close()
            self._connection = None


def failure_of(error: OSError, observations: Observations) -> Failure:
    """The target's failure, or the generator's own when one of its resources ran out."""
    shortage = observations.shortage(error)
    return Failure(GENERATOR, shortage) if shortage else Failure("connection", _describe(error))


def _describe(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return str(error) if error.errno is None else "connection refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "connection reset" if error.errno is not None else str(error) or "connection reset"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}"[:120]
    return (error.strerror or str(error))[:120]
