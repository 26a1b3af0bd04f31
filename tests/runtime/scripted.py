"""A server that does exactly what a test says, byte by byte, on real sockets and in threads of its own."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from types import TracebackType

import gevent

from perfgate.runtime.http.client import FastClient, SendOptions, Timeouts
from perfgate.runtime.http.dialling import TlsConfig, origin
from perfgate.runtime.http.responses import Response

PATIENCE = 60.0  # s: no test waits so long unless it fails


def until(condition: Callable[[], object]) -> None:
    """Waits for what is about to happen anyway, and lets greenlets run meanwhile."""
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline
        gevent.sleep(0.001)


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, server: Server) -> None:
        self.socket, self.server = sock, server
        self._buffer = b""

    def request(self) -> bytes:
        """The next whole request, also kept in the server's `requests`; empty when there is none."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return b""
        head, _, _ = self._buffer.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        end = len(head) + 4 + length
        while len(self._buffer) < end:
            if not self._more():
                return b""
        request, self._buffer = self._buffer[:end], self._buffer[end:]
        self.server.requests.append(request)
        return request

    def _more(self) -> bool:
        try:
            data = self.socket.recv(1 << 16)
        except OSError:
            return False
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Closes with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def wait_for_end(self) -> None:
        """Until the client has gone, or the test is over."""
        while self._more():
            self._buffer = b""


Script = Callable[[Peer], None]


class Server:
    """Runs one script per connection, in order; the last one serves all further connections. The connection is closed
    when its script ends. `buffer` is how many bytes the kernel keeps for a slow reader; 0 for its own choice."""

    def __init__(
        self, *scripts: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", buffer: int = 0
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = Event()
        self._scripts, self._tls, self._host = scripts, tls, host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=50)
        if buffer:  # before there are connections: a window that shrinks later loses packets
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.port = self._listener.getsockname()[1]
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(sock)
            thread = Thread(target=self._serve, args=(sock, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            script(Peer(sock, self))
        except OSError:
            pass  # the client went away, which some tests are about
        finally:
            sock.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)


def answers(*data: bytes) -> Script:
    """Answers the requests of a connection one after the other, with the last answer for all further ones."""

    def script(peer: Peer) -> None:
        number = 0
        while peer.request():
            peer.send(data[min(number, len(data) - 1)])
            number += 1

    return script


def silent_after(*data: bytes) -> Script:
    """Answers the first requests of a connection with `data`, and the next one never."""

    def script(peer: Peer) -> None:
        for answer in data:
            peer.request()
            peer.send(answer)
        peer.request()
        peer.server.over.wait(PATIENCE)

    return script


def ok(body: bytes = b"hello", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def client_of(server: Server, trust: TlsConfig = TlsConfig()) -> FastClient:  # noqa: B008 - a value
    return FastClient(origin(server.url), trust)


def ask(
    client: FastClient,
    method: str = "GET",
    *,
    path: str = "/",
    body: bytes = b"",
    timeout: float = PATIENCE,
    connect: float = 0.0,
    first_byte: float = 0.0,
    keep_body: bool = True,
    endpoint: str = "shop",
) -> Response:
    """Timeouts in seconds; 0: none of its own."""
    length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
    data = f"{method} {path} HTTP/1.1\r\nHost: test\r\n{length}\r\n".encode() + body
    timeouts = Timeouts(*(int(limit * 1e9) for limit in (timeout, connect, first_byte)))
    return client.send(data, SendOptions(method, timeouts, keep_body, endpoint))
