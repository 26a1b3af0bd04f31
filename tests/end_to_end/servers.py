"""Targets that misbehave, as threads of the test process."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread


def self_signed(folder: Path, address: str = "127.0.0.1") -> tuple[Path, Path]:
    """A new certificate for that address, cert.pem, and its key.pem; needs openssl."""
    subject = f"-subj /CN=localhost -addext subjectAltName=IP:{address}"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 {subject} -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, capture_output=True, check=True)
    return folder / "cert.pem", folder / "key.pem"


class Behaviour:
    """What a server does with each connection; `requests` counts what it has read."""

    def __init__(self, handle: Callable[[Behaviour, socket.socket], None]) -> None:
        self.handle = handle
        self.requests = 0
        self.lock = Lock()
        self.over = Event()

    def read(self, connection: socket.socket) -> bytes:
        """One request head (and whatever came with it); empty at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65536)
            if not chunk:
                return b""
            data += chunk
        with self.lock:
            self.requests += 1
        return data


@contextmanager
def serving(
    handle: Callable[[Behaviour, socket.socket], None], host: str = "127.0.0.1"
) -> Iterator[tuple[str, Behaviour]]:
    behaviour = Behaviour(handle)
    with closing(socket.create_server((host, 0), backlog=2048)) as listener:
        acceptor = Thread(target=_accept, args=(listener, behaviour), daemon=True)
        acceptor.start()
        try:
            yield f"http://{host}:{listener.getsockname()[1]}", behaviour
        finally:
            behaviour.over.set()
            end_accepting(listener, acceptor)


def end_accepting(listener: socket.socket, acceptor: Thread) -> None:
    """Ends a thread that waits in `accept`. Closing the listener does not: a system call that is begun again, as after a
    stop of the process, would then take connections of whatever has the same file descriptor."""
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    acceptor.join()


def _accept(listener: socket.socket, behaviour: Behaviour) -> None:
    while not behaviour.over.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        Thread(target=_serve, args=(connection, behaviour), daemon=True).start()


def _serve(connection: socket.socket, behaviour: Behaviour) -> None:
    with closing(connection), suppress(OSError):
        behaviour.handle(behaviour, connection)


def hangs(behaviour: Behaviour, connection: socket.socket) -> None:
    """Takes requests and never answers."""
    behaviour.read(connection)
    behaviour.over.wait(30)


def resets(behaviour: Behaviour, connection: socket.socket) -> None:
    """Resets every connection once it has a request."""
    behaviour.read(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answering(status: int, body: bytes = b"{}", *, after: float = 0.0) -> Callable[[Behaviour, socket.socket], None]:
    """Always the same answer, `after` seconds."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    def handle(behaviour: Behaviour, connection: socket.socket) -> None:
        while behaviour.read(connection):
            behaviour.over.wait(after)
            connection.sendall(head + body)

    return handle
