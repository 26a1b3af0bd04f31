"""WebSockets: the handshake of RFC 6455 as an ordinary request, then frames by wsproto over the engine's connection.

No compression is offered: what arrives is then timed by its own last byte.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha1
from time import monotonic_ns
from typing import TYPE_CHECKING, Any

import gevent
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from perfgate.runtime.http.channel import POLL_INTERVAL_NS, Ended, StreamChannel, monotonic_of
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.stated_times import StatedTime
from perfgate.runtime.scenario.texts import Fill, Text, json_filler
from perfgate.runtime.streams.messages import Message
from perfgate.runtime.streams.recording import MessageRecord
from perfgate.runtime.streams.replies import AwaitedReplies
from perfgate.runtime.streams.stream import Listening, Stream

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

Record = Callable[[int, int, Failure | None], None]  # when a reply came (monotonic ns), what it took (ns), failure
SWITCHING_PROTOCOLS = 101
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class WebSocket(Stream):
    """`WebSocket(Endpoint("chat", "GET", "/chat"), send=[{"say": "hello"}], every=0.1, reply="next", seconds=10)`

    `first` are sent at once, those of `send` in turn every `every` s. A reply is the `next` message, or the one with
    the same value at the JSONPath `reply`. Texts are sent as they are, everything else as JSON; `{x}` are values,
    drawn anew for each message.
    """

    def __init__(
        self,
        request: Endpoint,
        *,
        first: Sequence[Any] = (),
        send: Sequence[Any] = (),
        every: float = 1.0,
        reply: str = "",
        subprotocol: str = "",
        seconds: float = 10.0,
        count: int = 0,
        silence: float = 0.0,
        sent: StatedTime | None = None,
    ) -> None:
        super().__init__(request, Listening(seconds, count, silence, ends=False), sent)
        self._first, self._send = [_filler(item) for item in first], [_filler(item) for item in send]
        self._every, self._subprotocol, self._reply = every, subprotocol, reply
        self._key = b64encode(os.urandom(16))
        self._accept = b64encode(sha1(self._key + GUID).digest()).decode()

    def prepared(self, data: bytes) -> bytes:
        lines = [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"]
        lines.append(b"Sec-WebSocket-Key: " + self._key)
        if self._subprotocol:
            lines.append(b"Sec-WebSocket-Protocol: " + self._subprotocol.encode())
        return data[:-2] + b"\r\n".join(lines) + b"\r\n\r\n"

    def refusal(self, response: Response) -> Failure | None:
        if response.status != SWITCHING_PROTOCOLS:
            return Failure("status", f"status: expected {SWITCHING_PROTOCOLS}, got {response.status}")
        if response.headers.get("sec-websocket-accept", "") != self._accept:
            return Failure("protocol", "its answer to the WebSocket handshake is not one")
        if self._subprotocol and response.headers.get("sec-websocket-protocol", "") != self._subprotocol:
            return Failure("protocol", f"the server does not speak {self._subprotocol}")
        return None

    def listen(
        self, visitor: Visitor, channel: StreamChannel, messages: MessageRecord, rest: tuple[bytes, int]
    ) -> None:
        data, arrived = rest
        opened = monotonic_of(arrived)
        patience = self.request.options.timeouts.total
        talk = _Talk(channel, messages, self._reply, patience, _record(visitor, self.name))
        sender = gevent.spawn(self._speak, visitor, talk) if self._first or self._send else None
        try:
            while True:
                for message in talk.messages(data, arrived) if data else ():
                    talk.take(message)
                if talk.problem:
                    raise ValueError(talk.problem)
                talk.give_up_overdue()
                if not self._should_listen(visitor, messages, opened, talk):
                    talk.is_closing = True
                    if visitor.load.stopping or not talk.awaits_replies:
                        break
                arrived, data = channel.read()
            talk.say_goodbye()
            talk.check_replies()
        except RemoteProtocolError as error:
            talk.give_up_all()
            raise ConnectionResetError(f"not WebSocket: {error}") from error
        except OSError as error:
            is_good = isinstance(error, Ended) and (visitor.load.stopping or self._is_good_end(messages))
            if not is_good:
                talk.give_up_all()
            raise
        finally:
            if sender is not None:
                sender.kill()

    def _should_listen(self, visitor: Visitor, messages: MessageRecord, opened: int, talk: _Talk) -> bool:
        """Raises TimedOut after too long a silence, in which no message got its reply."""
        try:
            return self.should_listen(visitor, messages, opened)
        except TimedOut:
            talk.give_up_all()
            raise

    def _speak(self, visitor: Visitor, talk: _Talk) -> None:
        """Runs beside the listening."""
        try:
            self._say_all(visitor, talk)
        except LocalProtocolError:  # closed meanwhile
            return
        except KeyError as error:
            talk.problem = f"the value {{{error.args[0]}}} was never captured"
        except ValueError as error:
            talk.problem = str(error)

    def _say_all(self, visitor: Visitor, talk: _Talk) -> None:
        for fill in self._first:
            talk.say(self._text(visitor, fill), expects_reply=False)
        number, due = 0, monotonic_ns()
        while self._send and not talk.is_closing:
            talk.say(self._text(visitor, self._send[number % len(self._send)]), expects_reply=True)
            number, due = number + 1, due + int(self._every * 1e9)
            gevent.sleep(max(0.0, (due - monotonic_ns()) / 1e9))

    def _text(self, visitor: Visitor, fill: Fill) -> str:
        if self.request.draws:
            visitor.draw(self.request)
        return fill(visitor.values)


class _Talk:
    """The frames of one connection."""

    def __init__(
        self, channel: StreamChannel, messages: MessageRecord, reply: str, patience: int, record: Record
    ) -> None:
        self._channel, self._messages, self._record = channel, messages, record
        self._awaited, self._patience = AwaitedReplies(reply), patience  # ns that a reply is waited for
        self._next_look = 0  # for overdue replies, monotonic ns
        self._sent = self._lost = 0  # messages that expect a reply; those whose reply did not come in time
        self.is_closing = False  # nothing more is sent, only replies are waited for
        self._frames = Connection(ConnectionType.CLIENT)
        self._parts: list[bytes] = []
        self.problem = ""  # why a message could not be sent

    def say(self, text: str, *, expects_reply: bool) -> None:
        """Sends a message, and keeps when it left."""
        wire = self._channel.wire
        wire.sent = 0
        sent = self._awaited.expect(text) if expects_reply else None
        self._sent += expects_reply
        wire.send(self._frames.send(TextMessage(text)))
        gevent.sleep(0)  # what is sent leaves before this greenlet goes on
        if sent is not None:
            sent.left = wire.left if wire.sent else monotonic_ns()

    def messages(self, data: bytes, arrived: int) -> list[Message]:
        """The messages that are complete now. Raises Ended when the server closes."""
        self._frames.receive_data(data)
        self._channel.size += len(data)
        complete = []
        for event in self._frames.events():
            if isinstance(event, (TextMessage, BytesMessage)):
                part = event.data
                self._parts.append(part.encode() if isinstance(part, str) else bytes(part))
                if event.message_finished:
                    complete.append(Message(b"".join(self._parts), arrived))
                    self._parts.clear()
            elif isinstance(event, Ping):
                self._channel.wire.send(self._frames.send(event.response()))
            elif isinstance(event, CloseConnection):
                for message in complete:
                    self.take(message)
                raise Ended(f"the server closed it with {event.code}{f' ({event.reason})' if event.reason else ''}")
        return complete

    def take(self, message: Message) -> None:
        at = self._messages.add(message)
        sent = self._awaited.answered(message)
        if sent is not None:
            self._record(at, max(0, at - (sent.left or self._channel.wire.left)), None)

    @property
    def awaits_replies(self) -> bool:
        return bool(self._awaited)

    def give_up_overdue(self) -> None:
        """Counts the messages whose replies are overdue, a few times per second. Raises TimedOut where replies come in
        order: from then on none could be told from that of the message before."""
        now = monotonic_ns()
        if now >= self._next_look:
            self._next_look = now + POLL_INTERVAL_NS
            self._give_up(now - self._patience, Failure("timeout", f"no reply within {self._patience / 1e9:g} s"))
            if self._awaited.is_in_order:
                self.check_replies()

    def give_up_all(self) -> None:
        """Counts the messages whose replies cannot come any more: the connection is lost."""
        self._give_up(monotonic_ns() + 1, Failure("connection", "disconnected before the reply"))

    def _give_up(self, before: int, failure: Failure) -> None:
        for sent in self._awaited.give_up(before):
            began = sent.left or sent.due
            took = self._patience if failure.kind == "timeout" else monotonic_ns() - began
            self._lost += 1
            self._record(began + took, took, failure)

    def check_replies(self) -> None:
        """Raises TimedOut where some did not come in time."""
        if self._lost:
            raise TimedOut(f"{self._lost} of {self._sent} messages had no reply within {self._patience / 1e9:g} s")

    def say_goodbye(self) -> None:
        try:
            self._channel.wire.send(self._frames.send(CloseConnection(1000)))
        except LocalProtocolError:
            return
        gevent.sleep(0)


def _filler(item: Any) -> Fill:
    return Text(item).fill if isinstance(item, str) else json_filler(item)


def _record(visitor: Visitor, name: str) -> Record:
    return lambda at, took, failure: visitor.record(("message", name), at, Response(200, service=took), failure)
