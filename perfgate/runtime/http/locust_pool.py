"""Connections of `client: locust`: the library's pools, with perfgate's rules for what servers do to connections.

The rules are those of the fast client (client.py, mending.py): which heads are read, when a request is sent again, and
what becomes of bytes that nobody asked for.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic_ns
from typing import Any

import gevent
from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool
from geventhttpclient.response import HTTPConnectionClosed

from perfgate.runtime.http.client import RETRY_AFTER_IDLE_NS, SAFE, SendOptions
from perfgate.runtime.http.connection import CHUNK_FAULT, HEAD_FAULT, UNASKED
from perfgate.runtime.http.dialling import resolved
from perfgate.runtime.http.framing import Framing
from perfgate.runtime.http.headers import Headers, final_head, is_chunked
from perfgate.runtime.http.mending import BEGINNING, is_possible_beginning, mended
from perfgate.runtime.http.observations import Observations, require_spare_files
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.http.wire import has_unacknowledged

READ_BYTES = 1 << 16


class MendingSocket:
    """A socket that hands out one answer as the library's parser reads it. `head` is its beginning."""

    def __init__(self, plain: Any, pool: Pool) -> None:
        self.plain, self._pool = plain, pool
        self.head = b""
        self.has_surplus = False  # whether bytes came after the end of the answer
        self._has_late_body = False  # of the answer before this one
        self._begun = bytearray()
        self._ready = b""
        self._left: int | None = None  # bytes of the answer that are still to come, where its head says so
        self._framing: Framing | None = None  # of a chunked answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def recv(self, size: int, *flags: int) -> bytes:
        if self.head and not self._ready:
            return self._next(size, *flags)
        while not self._ready:
            data = self.plain.recv(READ_BYTES)
            if not data:
                self._pool.undelivered = has_unacknowledged(self.plain)
                self._ready = self.head = bytes(self._begun)
                break
            self._begun += data
            self._ready = self.head = self._read_head(bytes(self._begun))
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def _next(self, size: int, *flags: int) -> bytes:
        """The next bytes of the body; none at the end of the connection."""
        while data := bytes(self.plain.recv(size, *flags)):
            if cut := self._cut(data):  # a part of a line may be nothing yet
                return cut
            if self._framing is None or self._framing.is_complete:
                break
        return b""

    def _read_head(self, data: bytes) -> bytes:
        """What the library may see of it so far."""
        if self._pool.bodiless and not data.startswith(BEGINNING[: len(data)]):
            if not self._has_late_body:  # however many pieces it comes in
                self._has_late_body = True
                self._pool.blame_last()
            start = data.find(BEGINNING)
            if start < 0:
                del self._begun[: 1 - len(BEGINNING)]
                return b""
            data = data[start:]
        if not is_possible_beginning(data[: len(BEGINNING)]):
            return data
        again = mended(data)
        if again is None:
            return b""
        for fault in again.faults:
            self._pool.observations.remark(self._pool.options.endpoint, HEAD_FAULT + fault)
        if not again.head_bytes:
            return again.data
        self._left = self._body_bytes(again.data)
        return again.data[: again.head_bytes] + self._cut(again.data[again.head_bytes :])

    def _body_bytes(self, head: bytes) -> int | None:
        if self._pool.options.method == "HEAD" or final_head(head)[9:12] in (b"204", b"304"):
            return 0
        headers = Headers(head)
        if is_chunked(headers):
            self._framing = Framing()
        length = headers.get("content-length", "")
        return int(length) if length.isdigit() and "transfer-encoding" not in headers else None

    def _cut(self, data: bytes) -> bytes:
        """`data` without what comes after the answer: the library would take that for a broken answer."""
        if self._framing is not None:
            return self._reframed(self._framing, data)
        if self._left is None:
            return data
        if len(data) > self._left:
            self.has_surplus = True
            self._pool.observations.remark(self._pool.options.endpoint, UNASKED)
        data = data[: self._left]
        self._left -= len(data)
        return data

    def _reframed(self, framing: Framing, data: bytes) -> bytes:
        was_complete = framing.is_complete
        data = framing.feed(data)
        observations, endpoint = self._pool.observations, self._pool.options.endpoint
        if framing.is_complete and not was_complete:
            for fault in framing.faults:
                observations.remark(endpoint, CHUNK_FAULT + fault)
        if framing.surplus and not self.has_surplus:
            self.has_surplus = True
            observations.remark(endpoint, UNASKED)
        return data


class Pool(ConnectionPool):
    """A pool of one connection, opened as the library does it. `opened` is when (monotonic ns; 0: it was there
    already), and `phases` how long that took: DNS, connecting, TLS."""

    observations: Observations
    options: SendOptions
    bodiless = False
    _ended = 0  # monotonic ns, when the last answer was complete

    def begin(self, options: SendOptions) -> None:
        """A request begins. Its timeouts are its own; the library's are those of a client."""
        self.opened, self.phases = 0, (0, 0, 0)
        self._tries = 0
        self.is_connecting = False
        self.undelivered = False
        self.socket: MendingSocket | None = None
        self._last, self.options = getattr(self, "options", options), options
        self.first_byte = timer(options.timeouts.first_byte, "no answer")

    def end(self, status: int) -> None:
        """An answer has come: `bodiless` is whether it had no body by its nature, whatever its server believes."""
        self.bodiless = status in (204, 304) or self.options.method == "HEAD"
        self._ended = monotonic_ns()

    def blame_last(self) -> None:
        self.observations.remark(self._last.endpoint, UNASKED)

    def get_socket(self) -> Any:
        if self._tries:  # the library asks again where the first connection was lost
            if self.opened or not self._was_closed_before():
                raise HTTPConnectionClosed("closed before it answered")
            self.observations.resends[self.options.endpoint] += 1
        self._tries += 1
        sock = super().get_socket()
        self.first_byte.cancel()
        self.first_byte.start()
        self.socket = MendingSocket(sock, self)
        return self.socket

    def _was_closed_before(self) -> bool:
        """Decides as FastClient does."""
        if self.options.method not in SAFE:
            return False
        return self.undelivered or monotonic_ns() - self._ended >= RETRY_AFTER_IDLE_NS

    def return_socket(self, sock: Any) -> None:
        if sock.has_surplus or self.options.closes:
            self.release_socket(sock)
        else:
            super().return_socket(sock.plain)

    def _is_socket_alive(self, sock: Any) -> bool:
        if super()._is_socket_alive(sock):
            return True
        with suppress(OSError, ValueError):
            if sock.recv(1):
                self.blame_last()
        return False

    def _create_socket(self) -> Any:
        self.bodiless = False
        self.is_connecting = True
        began = monotonic_ns()
        with timer(self.options.timeouts.connect, "no connection"):
            sock = super()._create_socket()
        self.is_connecting = False
        self.opened = monotonic_ns()
        tls = self.opened - self._connected if isinstance(self, SSLConnectionPool) else 0
        self.phases = (self._resolved - began, self._connected - self._resolved, tls)
        return sock

    def _resolve(self) -> Any:
        addresses = self.observations.spread(resolved(self._connection_host, self._connection_port))
        self._resolved = monotonic_ns()
        self._silent: list[tuple[int, str]] = []
        return addresses

    def _create_tcp_socket(self, family: int, socktype: int, protocol: int) -> Any:
        sock = super()._create_tcp_socket(family, socktype, protocol)
        try:
            require_spare_files(sock)
        except OSError:
            sock.close()
            raise
        return sock

    def _connect_socket(self, sock: Any, address: Any) -> Any:
        try:
            connected = super()._connect_socket(sock, address)
        except OSError:
            self._silent.append((sock.family, address[0]))
            raise
        self._connected = monotonic_ns()
        self.observations.remark_silent(self._silent, connected.family)
        if not self._use_proxy:
            self.observations.addresses[address[0]] += 1
        return connected


class TlsPool(SSLConnectionPool, Pool):
    """The library's layer of TLS, above our connecting."""


def timer(limit: int, what: str) -> gevent.Timeout:
    """Raises TimedOut in this greenlet after `limit` ns, once it is started; 0: never. Not an OSError: the library
    would go on to the next address."""
    return gevent.Timeout(limit / 1e9 if limit else None, TimedOut(f"{what} within {limit / 1e9:g} s"))
