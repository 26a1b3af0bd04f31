"""Receives callbacks: a small HTTP server in each load process, which times them by the kernel's clock."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from time import monotonic_ns
from typing import Any
from urllib.parse import urlsplit

import gevent
import httptools
from gevent import socket as gevent_socket

from perfgate.recording.clock import KERNEL_CLOCK
from perfgate.runtime.callbacks.awaited import AwaitedCallbacks
from perfgate.runtime.callbacks.requests import CallbackRequest, RequestParser, TooLarge
from perfgate.runtime.http.observations import Observations, require_spare_files
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.http.wire import SO_TIMESTAMPNS, Wire

PATH = "/callback/"
IDLE_NS = 60_000_000_000  # after which a silent connection is closed
MAX_CONNECTIONS = 1000
MAX_NEXT_PORTS = 64  # the processes of one machine take ports that follow one another
BACKLOG = 1024
ACCEPT_PAUSE_S = 0.05  # after the system would not accept
CALLS = frozenset({"GET", "POST", "PUT", "PATCH"})  # other methods only ask what there is
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ANSWERS = {
    204: b"HTTP/1.1 204 No Content\r\n\r\n",
    404: b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    400: b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    413: b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
}
MALFORMED = "what came instead of a callback was no HTTP, or too long"


class CallbackReceiver:
    """Listens on `listen`, HOST or HOST:PORT; a port that is taken is passed over for the next one. `host` is what an
    application calls; empty where all addresses are listened on and none was given."""

    def __init__(self, listen: str, host: str, observations: Observations) -> None:
        """Raises OSError where the address cannot be listened on."""
        self.awaited = AwaitedCallbacks(observations)
        self._observations = observations
        parts = urlsplit(f"//{listen}")
        self._listening = _listening(parts.hostname or "127.0.0.1", parts.port or 0)
        self._connections = 0
        address, self.port = self._listening.getsockname()[:2]
        self.host = host or ("" if ip_address(address).is_unspecified else address)
        self._accepting = gevent.spawn(self._accept)

    def url(self, token: str, host: str) -> str:
        """The URL of a job; `host` is this machine as the application sees it."""
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}{PATH}{token}"

    def close(self) -> None:
        self._accepting.kill()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                gevent.sleep(ACCEPT_PAUSE_S)
                continue
            try:
                require_spare_files(sock)
            except OSError:
                sock.close()
                continue
            if self._connections >= MAX_CONNECTIONS:
                sock.close()
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            gevent.spawn(self._serve, sock)

    def _serve(self, sock: Any) -> None:
        try:
            wire = Wire(sock)
        except OSError:
            sock.close()
            return
        self._connections += 1
        try:
            for status in self._statuses(wire):
                wire.send(ANSWERS[status])
            gevent.sleep(0)  # the answer leaves before the connection is closed
        except (OSError, TimedOut):
            pass
        finally:
            wire.close()
            self._connections -= 1

    def _statuses(self, wire: Wire) -> Iterator[int]:
        """The answers of one connection, in order."""
        parser = RequestParser()
        while True:
            wire.deadline = monotonic_ns() + IDLE_NS
            arrived, data = wire.receive()
            if not data:
                return
            try:
                requests = parser.feed(bytes(data))
            except (httptools.HttpParserError, httptools.HttpParserUpgrade, TooLarge) as error:
                self._observations.remark("callbacks", MALFORMED)
                yield 413 if isinstance(error, TooLarge) else 400
                return
            for request in requests:
                yield self._status(request, arrived)
                if not request.keeps_alive:
                    return
            if parser.must_continue:
                parser.must_continue = False
                wire.send(CONTINUE)

    def _status(self, request: CallbackRequest, arrived: int) -> int:
        if request.method not in CALLS:
            return 204
        token = request.path.rstrip("/").rpartition("/")[2]  # a proxy may put a path of its own in front
        return 204 if self.awaited.deliver(token, request.body, arrived) else 404


def _listening(host: str, port: int) -> Any:
    """A listening socket on the port, or on one of the next where it is taken. Raises OSError."""
    last = OSError()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + MAX_NEXT_PORTS, 65536)) if port else (0,):
        sock = gevent_socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if KERNEL_CLOCK:
                sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # accepted connections inherit it
            sock.bind((host, candidate))
            sock.listen(BACKLOG)
            return sock
        except OSError as error:
            sock.close()
            last = error
            if error.errno != errno.EADDRINUSE:
                break
    raise last


_receivers: dict[tuple[str, str], CallbackReceiver] = {}


def receiver(listen: str, host: str, observations: Observations) -> CallbackReceiver:
    """The receiver of this process on this address; it listens from the first use on. Raises OSError."""
    key = (listen, host)
    if key not in _receivers:
        _receivers[key] = CallbackReceiver(listen, host, observations)
    return _receivers[key]
