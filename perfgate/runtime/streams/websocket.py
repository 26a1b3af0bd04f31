"""WebSockets: the handshake of RFC 6455 as an ordinary request, then frames by wsproto over the engine's connection.

No compression is offered: what arrives is then timed by its own last byte.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1
from time import monotonic_ns
from typing import TYPE_CHECKING, Any

import gevent
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from perfgate.runtime.http.channel import Ended, StreamChannel, monotonic_of
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import Expectation
from perfgate.runtime.scenario.stated_times import StatedTime
from perfgate.runtime.scenario.texts import Fill, Text, json_filler
from perfgate.runtime.streams.recording import MessageRecord
from perfgate.runtime.streams.stream import Listening, Stream
from perfgate.runtime.streams.talk import Record, Talk

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

SWITCHING_PROTOCOLS = 101
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class WebSocket(Stream):
    """`WebSocket(Endpoint("chat", "GET", "/chat"), send=[{"say": "hello"}], every=0.1, reply="next", seconds=10)`

    `first` are sent at once, those of `send` in turn every `every` s. A reply is the `next` message, or the one with
    the same value at the JSONPath `reply`. `send` waits for a message that
    meets all of `ready`. Texts are sent as they are, everything else as JSON; `{x}` are values, drawn anew for each
    message.
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
        ready: Sequence[Expectation] = (),
        ends: bool = False,
        fails: Sequence[Expectation] = (),
    ) -> None:
        super().__init__(request, Listening(seconds, count, silence, ends=ends), sent, fails)
        self._ready = tuple(ready)
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
        if extension := response.headers.get("sec-websocket-extensions", ""):
            return Failure("protocol", f"the server speaks the extension {extension[:40]}, which perfgate does not")
        if self._subprotocol and response.headers.get("sec-websocket-protocol", "") != self._subprotocol:
            return Failure("protocol", f"the server does not speak {self._subprotocol}")
        return None

    def listen(
        self, visitor: Visitor, channel: StreamChannel, messages: MessageRecord, rest: tuple[bytes, int]
    ) -> None:
        data, arrived = rest
        opened = monotonic_of(arrived)
        talk = Talk(channel, messages, self._reply, self.request.options.timeouts.total, _record(visitor, self.name))
        talk.awaits_ready(self._ready)
        sender = gevent.spawn(self._send_messages, visitor, talk) if self._first or self._send else None
        try:
            while True:
                for message in talk.messages(data, arrived) if data else ():
                    self.check(message)
                    talk.take(message)
                if talk.closed:
                    raise talk.closed
                if talk.problem:
                    raise ValueError(talk.problem)
                talk.give_up_overdue()
                if not self._should_listen(visitor, messages, opened, talk):
                    talk.is_closing = True
                    if visitor.load.stopping or not talk.awaits_replies:
                        break
                arrived, data = talk.read()
            talk.say_goodbye()
            if not visitor.load.stopping:
                talk.check_ready()
            talk.check_replies()
        except RemoteProtocolError as error:
            talk.give_up_all()
            raise ConnectionResetError(f"not WebSocket: {error}") from error
        except OSError as error:
            if not isinstance(error, Ended) or not (visitor.load.stopping or self.is_good_end(error, messages)):
                talk.give_up_all()
            elif not visitor.load.stopping:
                talk.check_good_end(error, is_enough=self.has_enough(messages))
            raise
        finally:
            if sender is not None:
                sender.kill()

    def _should_listen(self, visitor: Visitor, messages: MessageRecord, opened: int, talk: Talk) -> bool:
        """Raises TimedOut after too long a silence, in which no message got its reply."""
        try:
            return self.should_listen(visitor, messages, opened)
        except TimedOut:
            talk.give_up_all()
            raise

    def _send_messages(self, visitor: Visitor, talk: Talk) -> None:
        """Runs beside the listening."""
        try:
            self._say_all(visitor, talk)
        except LocalProtocolError:  # closed meanwhile
            return
        except KeyError as error:
            talk.problem = f"the value {{{error.args[0]}}} was never captured"
        except ValueError as error:
            talk.problem = str(error)

    def _say_all(self, visitor: Visitor, talk: Talk) -> None:
        for fill in self._first:
            talk.say(self._text(visitor, fill), expects_reply=False)
        talk.ready.wait()
        number, due = 0, monotonic_ns()
        while self._send and not talk.is_closing:
            talk.say(self._text(visitor, self._send[number % len(self._send)]), expects_reply=True)
            number, due = number + 1, due + int(self._every * 1e9)
            gevent.sleep(max(0.0, (due - monotonic_ns()) / 1e9))

    def _text(self, visitor: Visitor, fill: Fill) -> str:
        if self.request.draws:
            visitor.draw(self.request)
        return fill(visitor.values)


def _filler(item: Any) -> Fill:
    return Text(item).fill if isinstance(item, str) else json_filler(item)


def _record(visitor: Visitor, name: str) -> Record:
    return lambda at, took, failure: visitor.record(("message", name), at, Response(200, service=took), failure)
