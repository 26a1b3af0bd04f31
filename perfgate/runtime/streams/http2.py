"""One HTTP/2 connection (RFC 9113) by h2 over the engine's wire, with one stream at a time.

Every event keeps the time at which the kernel received the bytes that completed it. h2 takes a GOAWAY for the end of
everything, where it lets streams that have begun come to their end (RFC 9113, section 6.8): these frames are read here,
and h2 never sees them.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import Any, NamedTuple

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from perfgate.runtime.http.channel import Ended
from perfgate.runtime.http.dialling import Origin, TlsConfig, dial, proxy_for
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.http.wire import Wire

WINDOW_BYTES = 16 << 20  # that a server may send before we grant more, per stream and connection
ALPN = "h2"
FRAME_HEAD_BYTES = 9
MAX_FRAME_BYTES = 1 << 14  # that a server may send, unless we allow more
GOAWAY = 7

MAX_LOOK_NS = 1_000_000_000  # for what came between two calls

HeaderList = list[tuple[str, str]]


class Dial(NamedTuple):
    """How long the phases of making a connection took, ns."""

    wait: int
    dns: int
    connect: int
    tls: int


class Piece(NamedTuple):
    """Something that came of a stream, at `arrived` (wall clock, ns): headers, data, or its end."""

    arrived: int
    headers: HeaderList | None = None
    data: bytes = b""
    is_end: bool = False


class Http2Connection:
    """`dialled` tells how it was made."""

    def __init__(self, where: Origin, tls_config: TlsConfig, observations: Observations, deadline: int) -> None:
        """Raises OSError or TimedOut."""
        began = monotonic_ns()
        proxy = proxy_for(where) if where.tls else None
        self.wire, dns, connect, tls = dial(where, tls_config._replace(alpn=ALPN), proxy, deadline, observations)
        self.dialled = Dial(monotonic_ns() - began, dns, connect, tls)
        self.size = 0  # bytes of data frames that came of the current stream
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._h2.local_settings[SettingCodes.INITIAL_WINDOW_SIZE] = WINDOW_BYTES
        self._h2.local_settings[SettingCodes.ENABLE_PUSH] = 0
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(WINDOW_BYTES)
        self._is_going = False  # the server takes no new streams
        self._stream = 0
        self._has_ended = False  # the current stream's answer is complete
        self._rest = b""  # of a frame that has not come as a whole
        self._unsent = b""  # of the request's body, for which the server has granted no room yet

    def is_open(self) -> bool:
        """Whether a new stream may begin. What came unasked meanwhile (pings, settings, the end) is dealt with."""
        try:
            self.wire.deadline = monotonic_ns() + MAX_LOOK_NS
            while not Wire.is_quiet(self.wire):
                if not self.wire.has_unasked or monotonic_ns() > self.wire.deadline:
                    return False
                self._receive()
        except (OSError, ProtocolError, TimedOut):
            return False
        return not self._is_going

    def begin(self, headers: HeaderList, body: bytes, deadline: int) -> None:
        """Sends a request."""
        self._stream = self._h2.get_next_available_stream_id()
        self.size, self._unsent, self._has_ended = 0, body, False
        self.wire.deadline, self.wire.sent = deadline, 0
        self._h2.send_headers(self._stream, headers)
        self._send_body()

    def read(self, deadline: int) -> list[Piece]:
        """What came next of the stream; nothing where only the connection was concerned.

        Raises Ended when the connection or the stream is over without an end, OSError, TimedOut, or ProtocolError."""
        self.wire.deadline = deadline
        return self._receive()

    def cancel(self) -> None:
        """Gives up the stream; the connection stays."""
        try:
            self._h2.reset_stream(self._stream, ErrorCodes.CANCEL)
        except ProtocolError:  # over meanwhile
            return
        self._flush()

    def close(self) -> None:
        self.wire.close()

    def _receive(self) -> list[Piece]:
        arrived, data = self.wire.receive()
        if not data:
            raise Ended("the connection was closed")
        pieces: list[Piece] = []
        for event in self._h2.receive_data(self._frames(bytes(data))):
            self._take(event, arrived, pieces)
        self._flush()
        return pieces

    def _frames(self, data: bytes) -> bytes:
        """The frames that have come as a whole, but for goodbyes. Raises Ended when the server has not taken the
        current stream."""
        data, position, frames = self._rest + data, 0, []
        while len(data) - position >= FRAME_HEAD_BYTES:
            length = int.from_bytes(data[position : position + 3], "big")
            end = position + FRAME_HEAD_BYTES + length
            if length > MAX_FRAME_BYTES:  # h2 says what is wrong
                end = len(data)
            if end > len(data):
                break
            if data[position + 3] == GOAWAY and length <= MAX_FRAME_BYTES:
                self._is_going = True
                start = position + FRAME_HEAD_BYTES
                if int.from_bytes(data[start : start + 4], "big") & 0x7FFFFFFF < self._stream:
                    raise Ended("the server goes away")
            else:
                frames.append(data[position:end])
            position = end
        self._rest = data[position:]
        return b"".join(frames)

    def _take(self, event: Any, arrived: int, pieces: list[Piece]) -> None:
        if isinstance(event, (events.WindowUpdated, events.RemoteSettingsChanged)) and self._unsent:
            self._send_body()
        if getattr(event, "stream_id", None) != self._stream:
            return
        if isinstance(event, (events.ResponseReceived, events.TrailersReceived)):
            pieces.append(Piece(arrived, headers=[(str(name), str(value)) for name, value in event.headers]))
        elif isinstance(event, events.DataReceived):
            self.size += event.flow_controlled_length
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            pieces.append(Piece(arrived, data=event.data))
        elif isinstance(event, events.StreamEnded):
            self._has_ended = True
            pieces.append(Piece(arrived, is_end=True))
        elif isinstance(event, events.StreamReset):
            self._unsent = b""
            if self._has_ended:  # the server wants no more of the request (RFC 9113, section 8.1)
                return
            raise Ended(f"the server reset the stream ({_name(event.error_code)})")

    def _send_body(self) -> None:
        """Sends as much of the body as the server has room for."""
        while self._unsent:
            room = min(self._h2.local_flow_control_window(self._stream), self._h2.max_outbound_frame_size)
            if room <= 0:
                break
            part, self._unsent = self._unsent[:room], self._unsent[room:]
            self._h2.send_data(self._stream, part, end_stream=not self._unsent)
        self._flush()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self.wire.send(data)


def _name(code: int) -> str:
    try:
        return ErrorCodes(code).name
    except ValueError:
        return str(code)
