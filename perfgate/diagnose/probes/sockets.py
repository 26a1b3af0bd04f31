"""TCP sockets of this machine, as Linux' sock_diag tells them: one question, one answer, no process is disturbed."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

ESTABLISHED, SYN_SENT, LISTEN = 1, 2, 10
_STATES = 1 << ESTABLISHED | 1 << SYN_SENT | 1 << LISTEN
_SOCK_DIAG, _BY_FAMILY, _DUMP, _DONE, _ERROR, _INFO = 4, 20, 0x301, 3, 2, 2
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=BBBB2s2s16s16sI8sIIIII")
_NO_INFO = (0, 0, 0, 0, 0)


class TcpSocket(NamedTuple):
    """`unread` is bytes that its process has not read yet; of a listening socket, connections not yet accepted.
    `sent` and `received` are milliseconds since the last data; `messages` is segments with data that were sent,
    `answers` that were received, `size` their bytes."""

    inode: int
    state: int
    port: int
    peer: str
    peer_port: int
    unread: int
    sent: int
    received: int
    messages: int
    size: int
    answers: int


class ConnectionTurn(NamedTuple):
    """Whose turn it is on a connection: the service awaits an answer, or nothing. As it was with so many messages and
    answers."""

    is_awaiting: bool
    messages: int
    answers: int


FIRST = ConnectionTurn(False, 0, 0)


def turn(item: TcpSocket, earlier: ConnectionTurn = FIRST) -> ConnectionTurn:
    """Who sent last and has had nothing since awaits an answer. The kernel's clock ticks every 4 ms at most: where it
    shows both in one tick, the number of answers decides, by how many segments an answer usually has."""
    return ConnectionTurn(_is_awaiting(item, earlier), item.messages, item.answers)


def _is_awaiting(item: TcpSocket, earlier: ConnectionTurn) -> bool:
    if item.state != ESTABLISHED or not item.messages:
        return item.state == SYN_SENT
    if item.sent != item.received:
        return item.sent < item.received
    if not item.answers:  # a connection that was made in the tick in which it sent
        return True
    sent, came = item.messages - earlier.messages, item.answers - earlier.answers
    if not sent and not came:
        return earlier.is_awaiting
    due = sent + earlier.is_awaiting
    return came < (due - 0.5) * item.answers / item.messages


class SocketReader:
    """Raises OSError where the system does not tell."""

    def __init__(self) -> None:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG)
        self._netlink.settimeout(1.0)

    def read(self) -> list[TcpSocket]:
        return [item for family in (socket.AF_INET, socket.AF_INET6) for item in self._dump(family)]

    def close(self) -> None:
        self._netlink.close()

    def _dump(self, family: int) -> Iterator[TcpSocket]:
        body = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 1 << (_INFO - 1), 0, _STATES)
        self._netlink.send(_HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _DUMP, 1, 0) + body)
        while True:
            data, at = self._netlink.recv(1 << 18), 0
            while at < len(data):
                length, kind, _, _, _ = _HEADER.unpack_from(data, at)
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError("sock_diag refuses")
                yield _parsed(family, data[at + _HEADER.size : at + length])
                at += (length + 3) & ~3


def _parsed(family: int, message: bytes) -> TcpSocket:
    _, state, _, _, port, peer_port, _, peer, _, _, _, unread, _, _, inode = _MESSAGE.unpack_from(message)
    sent, received, messages, size, answers = _NO_INFO
    at = _MESSAGE.size
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        if kind == _INFO and length >= 4 + 160:
            sent, _, received = struct.unpack_from("=III", message, at + 4 + 44)
            [size] = struct.unpack_from("=Q", message, at + 4 + 128)
            answers, messages = struct.unpack_from("=II", message, at + 4 + 152)
        at += max(4, (length + 3) & ~3)
    raw = peer[:4] if family == socket.AF_INET else peer
    if family == socket.AF_INET6 and raw[:12] == bytes(10) + b"\xff\xff":
        family, raw = socket.AF_INET, raw[12:]
    return TcpSocket(
        inode=inode,
        state=state,
        port=int.from_bytes(port, "big"),
        peer=socket.inet_ntop(family, raw),
        peer_port=int.from_bytes(peer_port, "big"),
        unread=unread,
        sent=sent,
        received=received,
        messages=messages,
        size=size,
        answers=answers,
    )


def inodes(pid: int) -> Iterator[int]:
    """Inodes of all sockets that a process has open; none where it may not be looked at."""
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(OSError):
                target = os.readlink(f"{folder}/{name}")
                if target.startswith("socket:["):
                    yield int(target[8:-1])
