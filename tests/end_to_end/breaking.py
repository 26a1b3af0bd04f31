"""A target that breaks connections in many ways and counts what it broke: the truth that a run is compared with."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock

import servers

EVERY = 20  # of the requests of an endpoint, one is treated badly
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
ANSWER = HEAD + b"hello"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = CHUNKED_HEAD + b"5\r\nhello\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
LONG_HEAD = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"v" * 2000) for n in range(40))
PAUSE = 0.02  # s, between the bytes of a dripping answer


def _end(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _half_end(connection: socket.socket) -> None:
    """Says no more, and takes what still comes for nothing."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(5)
    with suppress(OSError):
        while connection.recv(65536):
            pass
    connection.close()


def _drip(connection: socket.socket) -> None:
    """Longer than any client waits."""
    for at in range(len(ANSWER)):
        connection.sendall(ANSWER[at : at + 1])
        Event().wait(PAUSE)


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
    "half-closes in the body": _send(ANSWER[:-2], _half_end),
    "promises a longer body": _send(HEAD.replace(b" 5", b" 50") + b"hello"),
    "lies about a chunk": _send(CHUNKED_HEAD + b"20\r\nhello\r\n0\r\n\r\n"),
    "has no size of a chunk": _send(CHUNKED_HEAD + b"zz\r\nhello\r\n0\r\n\r\n", _end),
    "sends interim answers alone": _send(INTERIM * 300, _end),
    "drips its answer": _drip,
}
LEAVING = ("resets", "resets in the body", "half-closes in the body", "half-closes after its answer")
# What visitors do not notice.
HARMLESS: dict[str, Callable[[socket.socket], None]] = {
    "closes after its answer": _send(ANSWER, _end),
    "goes on after its answer": _send(ANSWER + b"more"),
    "half-closes after its answer": _send(ANSWER, _half_end),
    "answers by HTTP 1.0 without a length": _send(b"HTTP/1.0 200 OK\r\n\r\nhello", _end),
    "sends interim answers first": _send(INTERIM * 20 + ANSWER),
    "has a long head": _send(LONG_HEAD + b"Content-Length: 5\r\n\r\nhello"),
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
                if name in LEAVING:
                    return


def path(name: str) -> str:
    return "/" + name.replace(" ", "-")
