"""A target that writes down every request, byte for byte, and always gives the same answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

from servers import end_accepting

ANSWER: dict[str, Any] = {
    "data": {},  # of a GraphQL query
    "token": "t\"o'k\\e{n} ü",
    "id": 7,
    "ratio": 0.5,
    "flag": True,
    "list": [1, "two", None],
    "odd name": {"deep": "x/y?ü"},
}
BODY = json.dumps(ANSWER, ensure_ascii=False).encode()
LOCATION = "/next/page?after=7&q=a%20b"
HEADERS = (
    b"HTTP/1.1 200 OK\r\nServer: recorder\r\nContent-Type: application/json\r\nX-Trace: abc-1\r\n"
    b"Set-Cookie: session=c00kie; Path=/\r\nLocation: %b\r\nContent-Length: %d\r\n\r\n"
) % (LOCATION.encode(), len(BODY))
MARK = "/-/mark"  # a request for this path is not recorded: what comes after it belongs together


class Recorded(NamedTuple):
    method: str
    target: str
    headers: tuple[tuple[str, bytes], ...]
    body: bytes

    def header(self, name: str) -> bytes | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class RecordingServer:
    url: str
    groups: list[list[Recorded]] = field(default_factory=lambda: [[]])
    lock: Lock = field(default_factory=Lock)

    @property
    def requests(self) -> list[Recorded]:
        return [request for group in self.groups for request in group]

    def record(self, request: Recorded) -> None:
        with self.lock:
            if request.target == MARK:
                self.groups.append([])
            else:
                self.groups[-1].append(request)


@contextmanager
def recording_server() -> Iterator[RecordingServer]:
    over = Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = RecordingServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
        acceptor = Thread(target=_accept, args=(listener, server, over), daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            over.set()
            end_accepting(listener, acceptor)


def _accept(listener: socket.socket, server: RecordingServer, over: Event) -> None:
    while not over.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        Thread(target=_serve, args=(connection, server), daemon=True).start()


def _serve(connection: socket.socket, server: RecordingServer) -> None:
    with closing(connection), suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        while (line := stream.readline()).strip():
            method, target, _ = line.decode("ascii").split(" ")
            headers = []
            while (line := stream.readline()) != b"\r\n":
                name, _, value = line.removesuffix(b"\r\n").partition(b": ")
                headers.append((name.decode("ascii"), value))
            length = next((int(value) for name, value in headers if name == "Content-Length"), 0)
            server.record(Recorded(method, target, tuple(headers), stream.read(length)))
            connection.sendall(HEADERS if method == "HEAD" else HEADERS + BODY)
