"""Bytes to and from the target, each with the time the kernel received it.

The end of a request is not when Python gets round to reading it, but when the kernel received its last byte
(`SO_TIMESTAMPNS`, delivered by `recvmsg`): a busy generator then measures the server and not itself. The socket
stays ours: gevent only tells when it is readable, and TLS runs in memory (`ssl.MemoryBIO`) so that the timestamps
stay with the bytes.

What all greenlets have to send leaves together, just before the event loop sleeps (`Outbox`): a server that sleeps
would otherwise be woken for each request, which costs the sender more than the request does. The clock of a request
starts when its bytes leave.
"""

from __future__ import annotations

import fcntl
import socket
import ssl
import struct
import termios
from functools import cache
from time import monotonic_ns, time_ns
from typing import Any

import gevent
from gevent import getcurrent

from perfgate.recording.clock import KERNEL_CLOCK
from perfgate.runtime.http.watchdog import TimedOut, watchdog

SO_TIMESTAMPNS = 35  # the same number as the type of the control message that carries the time
READ_BYTES = 1 << 16
MAX_COALESCING_NS = 1_000_000  # ns that bytes wait for company at most
ANCILLARY = socket.CMSG_SPACE(16)
_timespec = struct.Struct("qq").unpack_from

# One buffer serves all wires: what is read is parsed before anybody else can read.
_BUFFER = bytearray(READ_BYTES)
_BUFFERS = [_BUFFER]
_VIEW = memoryview(_BUFFER)


class Outbox:
    """The wires of this process that have something to send. There is one per process: `outbox()`."""

    def __init__(self) -> None:
        self._wires: list[Wire] = []
        self._oldest = 0  # monotonic ns, when the first of them came
        self._soon = gevent.get_hub().loop.run_callback

    def add(self, wire: Wire) -> None:
        now = monotonic_ns()
        if not self._wires:
            self._oldest = now
            self._soon(self._flush)
        self._wires.append(wire)
        if now - self._oldest > MAX_COALESCING_NS:  # much is going on
            self._flush()

    def _flush(self) -> None:
        wires, self._wires = self._wires, []
        for wire in wires:
            wire.leave()


@cache
def outbox() -> Outbox:
    return Outbox()


class Wire:
    """A connected TCP socket, used by one greenlet at a time. `deadline` (monotonic ns) ends any wait: TimedOut.

    `sent` is when what was sent last began to leave, by the wall clock, and `left` the same by the monotonic clock.
    Whoever sends sets `sent` to 0 before; while it is 0, nothing has left. `unsent` is what has not left yet.
    """

    def __init__(self, sock: Any) -> None:
        self.deadline = self.sent = self.left = 0
        self.waits = False
        self.has_unasked = False
        self.refused = False  # whether the other end would not take all that was sent
        self.greenlet: Any = None
        self._owner = sock  # gevent's socket would close the plain one when collected
        self._raw: socket.socket = sock._sock
        self.unsent: bytes | memoryview = b""
        hub = gevent.get_hub()
        self._readable, self._writable = hub.loop.io(self._raw.fileno(), 1), hub.loop.io(self._raw.fileno(), 2)
        self._listens = self._writes = False  # whether `_readable` and `_writable` are started
        self._switch = hub.switch
        self._add = outbox().add
        watchdog().watch(self)

    def send(self, data: bytes) -> None:
        """Sends the bytes soon, at the latest when this greenlet waits. Should that fail, receiving says why."""
        if self.unsent:
            self.unsent = bytes(self.unsent) + data
        else:
            self.unsent = data
            self._add(self)

    def leave(self) -> None:
        """Runs in the hub, and again whenever there is room for more."""
        data = self.unsent
        if not data:  # closed meanwhile
            return
        if not self.sent:
            self.left, self.sent = monotonic_ns(), time_ns()
        try:
            number = self._raw.send(data)
        except BlockingIOError:
            number = 0
        except OSError:  # closed: what the server said before that may still be read
            self.refused = True
            number = len(data)
        if number == len(data):
            self.unsent = b""
            if self._writes:
                self._writable.stop()
                self._writes = False
        else:
            self.unsent = memoryview(data)[number:]
            self._writable.start(self.leave)
            self._writes = True

    def receive(self) -> tuple[int, memoryview]:
        """The next bytes and when they arrived (ns, wall clock); no bytes at the end of the connection.

        The bytes are valid until anything is received again, on any wire.
        """
        while True:
            self._wait()
            try:
                number, ancillary, _, _ = self._raw.recvmsg_into(_BUFFERS, ANCILLARY)
                break
            except BlockingIOError:
                continue
        for _, kind, value in ancillary:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = _timespec(value)
                return seconds * 1_000_000_000 + nanoseconds, _VIEW[:number]
        return time_ns(), _VIEW[:number]  # the first bytes after switching the option on can lack it

    def _wait(self) -> None:
        """Suspends this greenlet until there is something to read. Raises TimedOut at the deadline."""
        self.greenlet = getcurrent()
        if not self._listens:
            self._readable.start(self._wake)
            self._listens = True
        self.waits = True
        try:
            self._switch()
        finally:
            self.waits = False

    def _wake(self) -> None:
        """Runs in the hub. The watcher stays started: to start and stop it for each answer costs more than this."""
        if self.waits:
            self.greenlet.switch()
        else:
            self._readable.stop()
            self._listens = False

    def is_quiet(self) -> bool:
        """Whether the connection is open and nothing unasked for has come; else `has_unasked` tells these apart. Costs
        one system call."""
        try:
            self.has_unasked = bool(self._raw.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def is_undelivered(self) -> bool:
        """Whether the other end has not got all that was sent, as far as the system tells."""
        return bool(self.unsent) or has_unacknowledged(self._raw)

    def close(self) -> None:
        watchdog().forget(self)
        self.unsent = b""
        for watcher in (self._readable, self._writable):
            watcher.stop()
            watcher.close()
        self._owner.close()


def has_unacknowledged(sock: socket.socket) -> bool:
    """Whether the other end has not acknowledged all that left; False where the system does not tell."""
    waiting = bytearray(4)
    try:
        fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, waiting)
    except (OSError, ValueError):
        return False
    return any(waiting)


class TlsWire(Wire):
    """A wire over TLS. Times are those of the encrypted bytes that completed the plain ones."""

    def __init__(self, sock: Any, context: ssl.SSLContext, host: str) -> None:
        """Raises ValueError for a host that TLS cannot ask for."""
        self._inbound, self._outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._layer = context.wrap_bio(self._inbound, self._outbound, server_hostname=host)
        self._ended = False  # the server said so; it need not close the TCP connection too
        super().__init__(sock)

    def handshake(self) -> None:
        """Raises ssl.SSLError or ConnectionResetError."""
        while True:
            try:
                self._layer.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                _, data = super().receive()
                if not data:
                    raise ConnectionResetError("closed during the TLS handshake") from None
                self._inbound.write(data)
            else:
                self._flush()
                return

    def send(self, data: bytes) -> None:
        self._layer.write(data)
        self._flush()

    def receive(self) -> tuple[int, memoryview]:
        while not self._ended:
            arrived, data = super().receive()
            if not data:
                return arrived, data
            self._inbound.write(data)
            if plain := self._decrypted():
                return arrived, memoryview(plain)
        return time_ns(), memoryview(b"")

    def is_quiet(self) -> bool:
        """Session tickets and key updates may come unasked; only the end of the connection counts."""
        if super().is_quiet():
            return True
        self.has_unasked = False
        try:
            data = self._raw.recv(READ_BYTES)
        except OSError:
            return False
        if not data:
            return False
        self._inbound.write(data)
        try:
            self.has_unasked = bool(self._decrypted())
            return not self.has_unasked and not self._ended
        except ssl.SSLError:
            return False

    def _flush(self) -> None:
        if data := self._outbound.read():
            super().send(data)

    def _decrypted(self) -> bytes:
        """The plain bytes so far."""
        plain = []
        while not self._ended:
            try:
                chunk = self._layer.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                chunk = b""
            self._ended = not chunk
            plain.append(chunk)
        return b"".join(plain)


__all__ = ["KERNEL_CLOCK", "SO_TIMESTAMPNS", "TimedOut", "TlsWire", "Wire"]
