"""The frames of one WebSocket: messages that are sent, and the replies to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic_ns

import gevent
from gevent.event import Event
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from perfgate.runtime.http.channel import POLL_INTERVAL_NS, Ended, StreamChannel, monotonic_of
from perfgate.runtime.http.responses import Failure
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.scenario.expectations import Expectation
from perfgate.runtime.streams.messages import Message
from perfgate.runtime.streams.recording import MessageRecord
from perfgate.runtime.streams.replies import AwaitedReplies, SentMessage

Record = Callable[[int, int, Failure | None], None]  # when a reply came (monotonic ns), what it took (ns), failure
NORMAL = (1000, 1005)  # how a connection is closed that has served its purpose, or without a word (RFC 6455, 7.4.1)


class Talk:
    """The frames of one connection."""

    def __init__(
        self, channel: StreamChannel, messages: MessageRecord, reply: str, reply_timeout: int, record: Record
    ) -> None:
        self._channel, self._messages, self._record = channel, messages, record
        self._awaited, self._reply_timeout = AwaitedReplies(reply), reply_timeout  # ns that a reply is waited for
        self._next_look = 0  # for overdue replies, monotonic ns
        self._answered_left = 0  # when the latest of the answered ones left, monotonic ns
        self._sent = self._lost = 0  # messages that expect a reply; those whose reply did not come in time
        self.closed: Ended | None = None
        self._closed_at = 0  # when the closing frame came, monotonic ns
        self.ready = Event()  # is set as soon as `send` may be sent
        self._ready_when: Sequence[Expectation] = ()
        self._opened = monotonic_ns()
        self.is_closing = False  # nothing more is sent, only replies are waited for
        self._frames = Connection(ConnectionType.CLIENT)
        self._parts: list[bytes] = []
        self.problem = ""  # why a message could not be sent

    def awaits_ready(self, conditions: Sequence[Expectation]) -> None:
        self._ready_when = conditions
        if not conditions:
            self.ready.set()

    def read(self) -> tuple[int, bytes]:
        try:
            return self._channel.read()
        except Ended as end:
            raise Ended("the connection was closed without a closing frame", is_whole=False) from end

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
        """The messages that are complete now; `closed` says whether the server closes it after them."""
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
                why = f" ({event.reason})" if event.reason else ""
                self.closed = Ended(f"the server closed it with {event.code}{why}", is_whole=event.code in NORMAL)
                self._closed_at = monotonic_of(arrived)
                self._answer(event)
        return complete

    def _answer(self, event: CloseConnection) -> None:
        """Closes the connection from this side too, as the server may wait for that."""
        with suppress(OSError, LocalProtocolError):
            self._channel.wire.send(self._frames.send(event.response()))
            gevent.sleep(0)

    def take(self, message: Message) -> None:
        at = self._messages.add(message)
        if not self.ready.is_set():
            if all(condition(message) is None for condition in self._ready_when):  # type: ignore[arg-type]
                self.ready.set()
            return
        sent = self._awaited.answered(message)
        if sent is not None:
            self._answered_left = max(self._answered_left, sent.left or sent.due)
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
            if now - self._opened > self._reply_timeout:
                self.check_ready()
            overdue = self._awaited.give_up(now - self._reply_timeout)
            self._record_lost(overdue, Failure("timeout", f"no reply within {self._reply_timeout / 1e9:g} s"))
            if self._awaited.is_in_order:
                self.check_replies()

    def give_up_all(self) -> None:
        """Counts the messages whose replies cannot come any more: the connection is lost."""
        lost = self._awaited.give_up(monotonic_ns() + 1)
        self._record_lost(lost, Failure("connection", "disconnected before the reply"))

    def check_good_end(self, end: Ended, *, is_enough: bool = False) -> None:
        """Counts the messages that the server had and left without a reply. Raises ValueError where there are some, or
        where nothing could be sent, and TimedOut as `check_replies`. A message that crossed its closing frame on the
        way is none of them: it came to the server after the end. Nor is one that left after all that were
        answered, where `is_enough`: as many messages came as were to come."""
        last = (self._closed_at or monotonic_ns()) - self._channel.connect
        if is_enough and self._answered_left:
            last = min(last, self._answered_left)
        lost = [sent for sent in self._awaited.give_up(monotonic_ns() + 1) if (sent.left or sent.due) < last]
        self._record_lost(lost, Failure("expectation", "closed before the reply"))
        if lost:
            raise ValueError(f"{end} and left {len(lost)} of {self._sent} messages without a reply")
        if not self.ready.is_set():
            raise ValueError(f"{end} before a message met `ready`")
        self.check_replies()

    def _record_lost(self, lost: Sequence[SentMessage], failure: Failure) -> None:
        for sent in lost:
            began = sent.left or sent.due
            took = self._reply_timeout if failure.kind == "timeout" else monotonic_ns() - began
            self._lost += 1
            self._record(began + took, took, failure)

    def check_ready(self) -> None:
        """Raises TimedOut where nothing could be sent, as no message has said that it may."""
        if not self.ready.is_set():
            raise TimedOut("no message has met `ready`")

    def check_replies(self) -> None:
        """Raises TimedOut where some did not come in time."""
        if self._lost:
            raise TimedOut(f"{self._lost} of {self._sent} messages had no reply within {self._reply_timeout / 1e9:g} s")

    def say_goodbye(self) -> None:
        try:
            self._channel.wire.send(self._frames.send(CloseConnection(1000)))
        except LocalProtocolError:
            return
        gevent.sleep(0)
