"""Bytes to and from the target, each with the time the kernel received it.

The end of a request is not when Python gets round to reading it, but when the kernel received its last byte
(`SO_TIMESTAMPNS`, delivered by `recvmsg`): a busy generator then measures the server and not itself. The socket
stays ours: gevent only tells when it is readable, and TLS runs in memory (`ssl.MemoryBIO`) so that the timestamps
stay with the bytes.
"""

from __future__ import annotations

import socket
import ssl
import struct
from time import time_ns
from typing import Any

import gevent
from gevent import socket as gevent_socket

from perfgate.machine import KERNEL_CLOCK

SO_TIMESTAMPNS = 35  # the same number as the type of the control message that carries the time
READ = 1 << 16
ANCILLARY = socket.CMSG_SPACE(16)
_timespec = struct.Struct("qq").unpack_from


class Wire:
    """A connected TCP socket."""

    def __init__(self, sock: Any) -> None:
        self._owner = sock  # gevent's socket would close the plain one when collected
        self._raw: socket.socket = sock._sock
        loop = gevent.get_hub().loop
        self._readable, self._writable = loop.io(self._raw.fileno(), 1), loop.io(self._raw.fileno(), 2)
        self._wait = gevent.get_hub().wait

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._raw.send(view) :]
            except BlockingIOError:
                self._wait(self._writable)

    def receive(self) -> tuple[int, bytes]:
        """The next bytes and when they arrived (ns, wall clock); no bytes at the end of the connection."""
        while True:
            try:
                data, ancillary, _, _ = self._raw.recvmsg(READ, ANCILLARY)
                break
            except BlockingIOError:
                self._wait(self._readable)
        for _, kind, value in ancillary:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = _timespec(value)
                return seconds * 1_000_000_000 + nanoseconds, data
        return time_ns(), data  # the first bytes after switching the option on can lack it

    def is_quiet(self) -> bool:
        """Whether the connection is open and nothing unasked for has come. Costs one system call."""
        try:
            self._raw.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        for watcher in (self._readable, self._writable):
            watcher.stop()
            watcher.close()
        self._owner.close()


class TlsWire(Wire):
    """The same over TLS. Times are those of the last encrypted bytes that completed the plain ones."""

    def __init__(self, sock: Any, context: ssl.SSLContext, host: str) -> None:
        super().__init__(sock)
        self._inbound, self._outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ended = False  # the server said so; it need not close the TCP connection too
        self._layer = context.wrap_bio(self._inbound, self._outbound, server_hostname=host)

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

    def receive(self) -> tuple[int, bytes]:
        while not self._ended:
            arrived, data = super().receive()
            if not data:
                return arrived, data
            self._inbound.write(data)
            if plain := self._decrypted():
                return arrived, plain
        return time_ns(), b""

    def is_quiet(self) -> bool:
        """Session tickets and key updates may come unasked; only the end of the connection counts."""
        if super().is_quiet():
            return True
        try:
            data = self._raw.recv(READ)
        except OSError:
            return False
        if not data:
            return False
        self._inbound.write(data)
        try:
            return not self._decrypted() and not self._ended
        except ssl.SSLError:
            return False

    def _flush(self) -> None:
        if data := self._outbound.read():
            super().send(data)

    def _decrypted(self) -> bytes:
        plain = bytearray()
        while not self._ended:
            try:
                chunk = self._layer.read(READ)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                chunk = b""
            self._ended = not chunk
            plain += chunk
        return bytes(plain)


def connect(host: str, port: int, tls: ssl.SSLContext | None) -> Wire:
    """Resolves, connects and, with a TLS context, shakes hands. Raises OSError (ssl.SSLError is one)."""
    sock = gevent_socket.create_connection((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if KERNEL_CLOCK:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    if tls is None:
        return Wire(sock)
    wire = TlsWire(sock, tls, host)
    try:
        wire.handshake()
    except BaseException:
        wire.close()
        raise
    return wire
