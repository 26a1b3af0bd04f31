"""Which message of a stream is the reply to which: in order, or by a value that both share."""

from __future__ import annotations

from collections import deque
from time import monotonic_ns

from perfgate.runtime.scenario.json_paths import MISSING, json_reader
from perfgate.runtime.streams.messages import Message

NEXT = "next"  # the message that follows is the reply
MAX_AWAITED_REPLIES = 10_000  # messages whose replies, known by a value, are waited for


class SentMessage:
    """`left` is when it left, monotonic ns; 0 as long as its sender does not know. `due` is when it was to leave."""

    __slots__ = ("due", "left")

    def __init__(self) -> None:
        self.left, self.due = 0, monotonic_ns()


class AwaitedReplies:
    """The messages whose replies have not come. `reply` is "next", a JSONPath, or empty: then none is waited for."""

    def __init__(self, reply: str) -> None:
        self.is_in_order = reply == NEXT
        self._in_order: deque[SentMessage] = deque()
        self._by_id: dict[str, SentMessage] = {}
        self._read_id = json_reader(reply) if reply not in ("", NEXT) else None

    def expect(self, text: str) -> SentMessage:
        """Is called before the message is sent: its reply may come before its sender goes on."""
        sent = SentMessage()
        if self.is_in_order:
            self._in_order.append(sent)  # each of them: else the replies to the others would be taken for theirs
        elif self._read_id is not None and len(self._by_id) < MAX_AWAITED_REPLIES:
            value = self._read_id(Message(text.encode(errors="backslashreplace"), 0))  # type: ignore[arg-type]  # read like a response
            if value is not MISSING:
                self._by_id[str(value)] = sent
        return sent

    def answered(self, message: Message) -> SentMessage | None:
        """The message that this is the reply to; None where it is none."""
        if self.is_in_order:
            return self._in_order.popleft() if self._in_order else None
        if self._read_id is None:
            return None
        try:
            value = self._read_id(message)  # type: ignore[arg-type]
        except ValueError:
            value = MISSING
        return None if value is MISSING else self._by_id.pop(str(value), None)

    def give_up(self, before: int) -> list[SentMessage]:
        """The messages that were due before this time (monotonic ns) and have no reply; none is given up twice. In
        order, nobody knows from then on which message is the reply to which."""
        lost = []
        while self._in_order and self._in_order[0].due < before:
            lost.append(self._in_order.popleft())
        keys = [key for key, sent in self._by_id.items() if sent.due < before]
        return lost + [self._by_id.pop(key) for key in keys]

    def __len__(self) -> int:
        return len(self._in_order) + len(self._by_id)
