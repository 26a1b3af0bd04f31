"""What is recorded of the messages of one stream: the first, the latencies, and the gaps between them."""

from __future__ import annotations

from time import monotonic_ns
from typing import Protocol

from perfgate.runtime.http.channel import monotonic_of
from perfgate.runtime.http.responses import Failure
from perfgate.runtime.scenario.stated_times import StatedTime
from perfgate.runtime.streams.messages import Message

MOMENT_NS = 1e9
NO_MESSAGE = Failure("timeout", "no message came")


class AspectRecorder(Protocol):
    def __call__(self, aspect: str, began: int, took: int, failure: Failure | None = None) -> None:
        """Records an aspect: when it began (monotonic ns), how long it took (ns)."""


class MessageRecord:
    """`began` is when the stream was due (monotonic ns); `sent` reads from a message when it was sent."""

    def __init__(self, record: AspectRecorder, began: int, sent: StatedTime | None = None) -> None:
        self.number = 0
        self.last = 0  # when the last message came, monotonic ns
        self.is_stated = True  # every message so far has said when it was sent, after which it came
        self._record, self._began, self._sent = record, began, sent

    def add(self, message: Message) -> int:
        """Records a message; when it came (monotonic ns)."""
        at = monotonic_of(message.arrived)
        if self.number:
            self._record("gap", at, max(0, at - self.last))
        else:
            self._record("first_message", self._began, max(0, at - self._began))
        self.number, self.last = self.number + 1, at
        if self._sent is not None:
            self._add_stated(self._sent, message, at)
        return at

    def finish(self) -> None:
        """Counts a stream without any message as a timeout of its first one: leaving it out would improve that."""
        if not self.number:
            self._record("first_message", self._began, monotonic_ns() - self._began, NO_MESSAGE)

    def _add_stated(self, sent: StatedTime, message: Message, at: int) -> None:
        moment = sent.moment(message)
        took = message.arrived - int(moment * MOMENT_NS) if moment is not None else -1
        if took < 0:
            self.is_stated = False
        else:
            self._record("message", at, took)
