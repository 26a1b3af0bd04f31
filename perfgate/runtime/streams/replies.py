"""Which message of a stream is the reply to which: in order, or by a value that both share."""

from __future__ import annotations

from collections import deque

from perfgate.runtime.scenario.json_paths import MISSING, json_reader
from perfgate.runtime.streams.messages import Message

NEXT = "next"  # the message that follows is the reply
MAX_AWAITED_REPLIES = 10_000  # messages whose replies are waited for


class SentMessage:
    """`left` is when it left, monotonic ns; 0 as long as its sender does not know."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 0


class AwaitedReplies:
    """The messages whose replies have not come. `reply` is "next", a JSONPath, or empty: then none is waited for."""

    def __init__(self, reply: str) -> None:
        self._in_order: deque[SentMessage] | None = deque(maxlen=MAX_AWAITED_REPLIES) if reply == NEXT else None
        self._by_id: dict[str, SentMessage] = {}
        self._read_id = json_reader(reply) if reply not in ("", NEXT) else None

    def expect(self, text: str) -> SentMessage:
        """Called before the message is sent: its reply may come before its sender goes on."""
        sent = SentMessage()
        if self._in_order is not None:
            self._in_order.append(sent)
        elif self._read_id is not None and len(self._by_id) < MAX_AWAITED_REPLIES:
            value = self._read_id(Message(text.encode(), 0))  # type: ignore[arg-type]  # read like a response
            if value is not MISSING:
                self._by_id[str(value)] = sent
        return sent

    def answered(self, message: Message) -> SentMessage | None:
        """The message that this is the reply to; None where it is none."""
        if self._in_order is not None:
            return self._in_order.popleft() if self._in_order else None
        if self._read_id is None:
            return None
        try:
            value = self._read_id(message)  # type: ignore[arg-type]
        except ValueError:
            value = MISSING
        return None if value is MISSING else self._by_id.pop(str(value), None)
