"""A target that breaks connections in ten ways and counts what it broke: the truth that a run is compared with."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Callable
from threading import Lock

import servers

EVERY = 20  # of the requests of an endpoint, one is treated badly
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
ANSWER = HEAD + b"hello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


def _end(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _send(data: bytes, then: Callable[[socket.socket], None] = lambda _: None) -> Callable[[socket.socket], None]:
    def act(connection: socket.socket) -> None:
        connection.sendall(data)
        then(connection)

    return act


# What visitors get no answer from.
FAILING: dict[str, Callable[[socket.socket], None]] = {
    "closes": _end,
    "resets": _reset,
    "closes in the head": _send(HEAD[:20], _end),
    "closes in the body": _send(ANSWER[:-2], _end),
    "resets in the body": _send(ANSWER[:-2], _reset),
    "leaves out the last chunk": _send(CHUNKED, _end),
    "is not HTTP": _send(b"SSH-2.0-OpenSSH_9.6\r\n", _end),
    "is silent": lambda _: None,
}
# What visitors do not notice.
HARMLESS: dict[str, Callable[[socket.socket], None]] = {
    "closes after its answer": _send(ANSWER, _end),
    "goes on after its answer": _send(ANSWER + b"more"),
}


class Breaking:
    """Handles the connections of `servers.serving`. The path says how an endpoint breaks."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self._lock = Lock()
        self._ways = {path(name): (name, act) for name, act in (FAILING | HARMLESS).items()}

    def __call__(self, behaviour: servers.Behaviour, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := behaviour.read(connection):
            known = self._ways.get(data.split(b" ")[1].decode())
            if known is None:
                connection.sendall(ANSWER)
                continue
            name, act = known
            with self._lock:
                self.received[name] += 1
                is_bad = self.received[name] % EVERY == 0
                self.broken[name] += is_bad
            if not is_bad:
                connection.sendall(ANSWER)
            else:
                act(connection)
                if name == "resets" or name == "resets in the body":
                    return


def path(name: str) -> str:
    return "/" + name.replace(" ", "-")
