"""The HTTP client of one virtual user: its connections and cookies, timeouts, and the names of failures.

`Client` is the interface behind which other ways of sending may stand.
"""

from __future__ import annotations

import socket
import ssl
from functools import cache
from time import monotonic_ns
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import gevent
import httptools

from perfgate.runtime import wire
from perfgate.runtime.connection import Closed, Connection
from perfgate.runtime.responses import Failure, Response, Timing

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


class Outgoing(NamedTuple):
    """One request, ready to send. `data` is the whole message."""

    method: str
    data: bytes
    timeout: float  # s, from asking for a connection to the last byte
    keep_body: bool


class Client(Protocol):
    opened: int  # connections so far

    def send(self, outgoing: Outgoing) -> Response:
        """Never raises for what the target does: that is the response's `failure`."""
        ...

    def close(self) -> None: ...


class Origin(NamedTuple):
    """Scheme, host and port of the target, and the path that every request's path is put behind."""

    tls: bool
    host: str
    port: int
    base: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def serves(self, url: str) -> bool:
        """Whether `url` has the same scheme, host and port; `//host/path` has the same scheme."""
        try:
            other = origin(url if urlsplit(url).scheme else f"{'https' if self.tls else 'http'}:{url}")
        except ValueError:
            return False
        return (other.tls, other.host, other.port) == (self.tls, self.host, self.port)


def origin(url: str) -> Origin:
    """Raises ValueError when `url` is not http(s) with a host."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"the target is not an http(s) URL with a host: {url!r}")
    tls = parts.scheme == "https"
    return Origin(tls, parts.hostname, parts.port or (443 if tls else 80), parts.path.rstrip("/"))


@cache
def tls_context() -> ssl.SSLContext:
    """Verifies certificates; SSL_CERT_FILE and SSL_CERT_DIR name other authorities."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class KernelClient:
    """HTTP/1.1 over a keep-alive connection of its own, timed by the kernel."""

    def __init__(self, where: Origin) -> None:
        self.opened = 0
        self._where = where
        self._connection: Connection | None = None

    def send(self, outgoing: Outgoing) -> Response:
        began = monotonic_ns()
        limit = gevent.Timeout(outgoing.timeout)
        try:
            with limit:
                return self._exchange(outgoing)
        except gevent.Timeout as error:
            if error is not limit:  # of a hand-written scenario around this
                raise
            failure = Failure("timeout", f"no complete answer within {outgoing.timeout:g} s")
        except OSError as error:
            failure = Failure("connection", _said(error))
        except httptools.HttpParserError as error:
            failure = Failure("protocol", f"not HTTP: {str(error)[:80]}")
        self.close()
        return Response(failure=failure, timing=Timing(service=monotonic_ns() - began))

    def _exchange(self, outgoing: Outgoing) -> Response:
        began = monotonic_ns()
        connection = self._connection
        if connection is not None and connection.reusable and connection.wire.is_quiet():
            try:
                return self._finish(connection, outgoing)
            except ConnectionError:
                # The server closed an idle connection at this very moment. Where nothing of the answer came, and
                # asking twice changes nothing, a new connection may try; any other method is never sent again. The
                # time lost counts as waiting for a connection.
                if outgoing.method not in IDEMPOTENT or connection.answered:
                    raise
        self.close()
        opened = wire.connect(self._where.host, self._where.port, tls_context() if self._where.tls else None)
        self.opened += 1
        connection = self._connection = Connection(opened)
        waited = monotonic_ns() - began
        response = self._finish(connection, outgoing)
        response.timing.wait = waited
        return response

    def _finish(self, connection: Connection, outgoing: Outgoing) -> Response:
        response = connection.exchange(outgoing.data, keep_body=outgoing.keep_body, no_body=outgoing.method == "HEAD")
        if not connection.reusable:
            self.close()
        return response

    def close(self) -> None:
        if self._connection is not None:
            self._connection.wire.close()
            self._connection = None


def _said(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)) and not isinstance(error, Closed):
        return "connection reset"
    if isinstance(error, socket.gaierror):
        return "the host's name cannot be resolved"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}"[:120]
    return (error.strerror or str(error))[:120]
