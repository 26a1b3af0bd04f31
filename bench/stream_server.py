"""Server of bench/streams.py: event streams, WebSockets, GraphQL and gRPC whose delays are known by the kernel's clock.

A delay begins when the kernel received the message it answers (`SO_TIMESTAMPNS`), or, of an event, when the event says
that it was sent; it ends when the answer is given to the kernel. `GET /truth` has all of them: [end (ns), delay (ns)].
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import struct
import sys
import time
from base64 import b64encode
from collections.abc import Coroutine
from hashlib import sha1
from typing import Any

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, TextMessage

EVERY_S = 0.1
DELAYS_S = (0.01, 0.05)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SO_TIMESTAMPNS = 35
READ = 1 << 16
HTTP2 = b"PRI * HTTP/2.0"  # how its connections begin (RFC 9113, section 3.4)
GRPC_HEAD = [(":status", "200"), ("content-type", "application/grpc")]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: %b\r\n\r\n"


class Truth:
    def __init__(self) -> None:
        self.delays: list[tuple[int, int]] = []
        self._random = random.Random(7)

    def draw(self) -> float:
        return self._random.uniform(*DELAYS_S)

    def phase(self) -> float:
        return self._random.uniform(0, EVERY_S)

    def add(self, began: int) -> None:
        now = time.time_ns()
        self.delays.append((now, now - began))


class Peer:
    """One connection, which an event stream or a WebSocket may take over."""

    def __init__(self, sock: socket.socket, truth: Truth) -> None:
        self._socket, self._truth = sock, truth
        self._loop = asyncio.get_running_loop()
        self._rest, self._frames = b"", Connection(ConnectionType.SERVER)
        self._is_socket, self._is_open = False, True
        self._http2: H2Connection | None = None
        self._paths: dict[int, str] = {}  # of the calls that have begun
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop.add_reader(sock.fileno(), self._read)

    def _read(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(READ, socket.CMSG_SPACE(16))
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        if not data:
            self._close()
            return
        arrived = time.time_ns()
        for _, kind, value in ancillary:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack_from("qq", value)
                arrived = seconds * 1_000_000_000 + nanoseconds
        if self._http2 is None and data.startswith(HTTP2):
            self._http2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
            self._http2.initiate_connection()
        if self._http2 is not None:
            self._calls_in(self._http2, data, arrived)
        elif self._is_socket:
            self._frames_in(data, arrived)
        else:
            self._request_in(data, arrived)

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _write(self, data: bytes) -> None:
        """Small answers: what the kernel does not take at once is a broken bench."""
        if not self._is_open:
            return
        try:
            if self._socket.send(data) != len(data):
                raise SystemExit("the client does not read")
        except OSError:
            self._close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _request_in(self, data: bytes, arrived: int) -> None:
        self._rest += data
        head, found, body = self._rest.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if not found or len(body) < length:
            return
        self._rest = b""
        if head.startswith(b"GET /events"):
            self._start(self._events())
        elif head.startswith(b"GET /socket"):
            self._handshake(head)
        elif head.startswith(b"POST /graphql"):
            self._start(self._graphql(json.loads(body), arrived))
        elif head.startswith(b"GET /truth"):
            self._socket.setblocking(True)
            text = json.dumps(self._truth.delays).encode()
            self._socket.sendall(OK % (len(text), b"application/json") + text)
            self._close()
        else:
            self._write(OK % (0, b"text/plain"))

    async def _graphql(self, asked: dict[str, dict[str, int]], arrived: int) -> None:
        await asyncio.sleep(self._truth.draw())
        text = json.dumps({"data": {"item": {"id": asked["variables"]["id"], "name": "tea"}}}).encode()
        answer = OK % (len(text), b"application/json") + text
        self._truth.add(arrived)
        self._write(answer)

    async def _events(self) -> None:
        self._write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        await asyncio.sleep(self._truth.phase())
        while self._is_open:
            began = time.time_ns()
            await asyncio.sleep(self._truth.draw())
            data = b'data: {"t": %.6f}\n\n' % (began / 1e6)
            self._truth.add(began)
            self._write(data)
            await asyncio.sleep(max(0.0, EVERY_S - (time.time_ns() - began) / 1e9))

    def _handshake(self, head: bytes) -> None:
        [key] = [line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")]
        accept = b64encode(sha1(key + GUID).digest())
        switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._is_socket = True
        self._write(switch + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")

    def _frames_in(self, data: bytes, arrived: int) -> None:
        self._frames.receive_data(data)
        for event in self._frames.events():
            if isinstance(event, TextMessage):
                self._start(self._reply(event.data, arrived))
            elif isinstance(event, CloseConnection):
                self._close()
                return

    async def _reply(self, text: str, arrived: int) -> None:
        await asyncio.sleep(self._truth.draw())
        if self._is_open:
            answer = self._frames.send(TextMessage(text))
            self._truth.add(arrived)
            self._write(answer)

    def _calls_in(self, http2: H2Connection, data: bytes, arrived: int) -> None:
        for event in http2.receive_data(data):
            if isinstance(event, events.RequestReceived):
                self._paths[event.stream_id] = dict(event.headers)[":path"]
            elif isinstance(event, events.DataReceived):
                http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, events.StreamEnded):
                streams = self._paths[event.stream_id].endswith("Watch")
                self._start(
                    self._ticks(http2, event.stream_id) if streams else self._tick(http2, event.stream_id, arrived)
                )
            elif isinstance(event, events.StreamReset):
                del self._paths[event.stream_id]
        self._write(http2.data_to_send())

    async def _tick(self, http2: H2Connection, stream: int, arrived: int) -> None:
        await asyncio.sleep(self._truth.draw())
        http2.send_headers(stream, GRPC_HEAD)
        http2.send_data(stream, _framed(arrived / 1e6))
        http2.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        answer = http2.data_to_send()
        self._truth.add(arrived)
        self._write(answer)

    async def _ticks(self, http2: H2Connection, stream: int) -> None:
        http2.send_headers(stream, GRPC_HEAD)
        self._write(http2.data_to_send())
        await asyncio.sleep(self._truth.phase())
        while self._is_open and stream in self._paths:
            began = time.time_ns()
            await asyncio.sleep(self._truth.draw())
            if stream not in self._paths:
                return
            http2.send_data(stream, _framed(began / 1e6))
            answer = http2.data_to_send()
            self._truth.add(began)
            self._write(answer)
            await asyncio.sleep(max(0.0, EVERY_S - (time.time_ns() - began) / 1e9))


def _framed(sent_ms: float) -> bytes:
    """A gRPC message of `message Tick { double sent_ms = 1; }`."""
    content = b"\x09" + struct.pack("<d", sent_ms)
    return struct.pack(">?I", False, len(content)) + content


async def serve(port: int) -> None:
    truth, peers, loop = Truth(), [], asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listening:
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # accepted sockets inherit it
        while True:
            sock, _ = await loop.sock_accept(listening)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peers.append(Peer(sock, truth))


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    asyncio.run(serve(int(sys.argv[1])))
