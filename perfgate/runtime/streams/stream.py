"""A stream as an activity: opened like a request, listened to for a time, and recorded under its endpoint's name.

The endpoint's latency ends with the head of the answer. Its messages are aspects: `first_message` counts from when the
stream was due, `message` is a latency, `gap` the time between two messages. A stream that ends before its time has
failed; one that the end of the load cuts off has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic_ns
from typing import TYPE_CHECKING

import httptools

from perfgate.runtime.http.channel import Ended, StreamChannel
from perfgate.runtime.http.client import failure_of
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import Expectation, shown
from perfgate.runtime.scenario.stated_times import StatedTime
from perfgate.runtime.streams.messages import Message
from perfgate.runtime.streams.recording import AspectRecorder, MessageRecord
from perfgate.runtime.users.performing import UNAUTHORIZED, ActivityStart

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

NS_PER_SECOND = 1_000_000_000
DISAGREE = "Messages of `{name}` do not say when they were sent, or were sent after they came: the clocks disagree."


class Listening:
    """When a stream is over: after `seconds`, or `count` messages. `silence` s without a message is a failure; where it
    `ends`, the server ends it, and only that is a good end."""

    def __init__(self, seconds: float, count: int, silence: float, *, ends: bool) -> None:
        self.seconds, self.count, self.silence, self.ends = seconds, count, silence, ends

    def is_over(self, messages: MessageRecord, opened: int) -> bool:
        if self.count and messages.number >= self.count:
            return True
        return monotonic_ns() - opened >= self.seconds * NS_PER_SECOND

    def is_silent(self, messages: MessageRecord, opened: int) -> bool:
        return bool(self.silence) and monotonic_ns() - max(messages.last, opened) > self.silence * NS_PER_SECOND


class Stream:
    """What event streams and WebSockets have in common."""

    def __init__(
        self, request: Endpoint, listening: Listening, sent: StatedTime | None, fails: Sequence[Expectation] = ()
    ) -> None:
        self.name, self.request = request.name, request
        self._listening, self._sent, self._fails = listening, sent, tuple(fails)

    def prepared(self, data: bytes) -> bytes:
        """The bytes of the opening request."""
        return data

    def listen(
        self, visitor: Visitor, channel: StreamChannel, messages: MessageRecord, rest: tuple[bytes, int]
    ) -> None:
        """Takes messages until it is over. Raises Ended, OSError, TimedOut or httptools.HttpParserError."""
        raise NotImplementedError

    def refusal(self, response: Response) -> Failure | None:
        """Why an answer does not open a stream."""
        raise NotImplementedError

    def check(self, message: Message) -> None:
        """Raises ValueError where the message says that the stream has failed."""
        for expectation in self._fails:
            if expectation(message) is None:  # type: ignore[arg-type]  # read like a response
                raise ValueError(f"a message says that it failed: {shown(message.content.decode(errors='replace'))}")

    def should_listen(self, visitor: Visitor, messages: MessageRecord, opened: int) -> bool:
        """Raises TimedOut after too long a silence."""
        if visitor.load.stopping or self._listening.is_over(messages, opened):
            return False
        if self._listening.is_silent(messages, opened):
            raise TimedOut
        return True

    def perform(self, visitor: Visitor) -> bool:
        start = visitor.begin(self.request)
        record = recorder(visitor, self.name)
        messages = MessageRecord(record, start.began, self._sent)
        with visitor.under_way():
            response, failure = self._attempt(visitor, messages)
            if failure is not None and response.status == UNAUTHORIZED and visitor.renew_login():
                start = ActivityStart(monotonic_ns(), 0)
                messages = MessageRecord(record, start.began, self._sent)
                response, failure = self._attempt(visitor, messages)
        response.queue = start.queued
        if not messages.is_stated:
            visitor.load.note(DISAGREE.format(name=self.name))
        if not visitor.load.stopping:
            if failure is None or (failure.kind == "timeout" and response.status):  # opened, and silent
                messages.finish()
            if failure is None and self._listening.ends:
                record("completion", start.began, monotonic_ns() - start.began)
        visitor.record(self.request.series, start.began, response, failure)
        visitor.pause_after(response, failure)
        return failure is None

    def _attempt(self, visitor: Visitor, messages: MessageRecord) -> tuple[Response, Failure | None]:
        began = monotonic_ns()
        deadline = began + self.request.options.timeouts.total
        response, channel, opened = Response(), None, 0
        try:
            channel = visitor.dial(deadline)
            request = visitor.message(visitor.compiled(self.request))
            response, rest, arrived = channel.open(self.prepared(request), deadline)
            if failure := self.request.judge(response) or self.refusal(response):
                return response, failure
            opened = monotonic_ns()
            self.listen(visitor, channel, messages, (rest, arrived))
            failure = None
            if self._listening.ends and not visitor.load.stopping:
                failure = Failure("timeout", f"the server did not end it within {self._listening.seconds:g} s")
        except Ended as end:
            is_good = self.is_good_end(end, messages)
            failure = None if is_good else self._cut_off(str(end), messages, opened)
            if is_good and not messages.number:
                failure = Failure("expectation", "the server ended it without a message")
        except (KeyError, ValueError) as error:
            failure = Failure("expectation", str(error))
        except TimedOut as error:
            waited = str(error) or f"it was silent for {self._listening.silence:g} s"
            failure = Failure(
                "timeout", waited if opened else f"no answer within {(deadline - began) / NS_PER_SECOND:g} s"
            )
        except OSError as error:
            failure = failure_of(error, visitor.load.observations)
            failure = self._cut_off(failure.detail, messages, opened) if opened else failure
        except httptools.HttpParserError as error:
            failure = Failure("protocol", f"not HTTP: {str(error)[:80]}")
        except (ArithmeticError, LookupError, TypeError) as error:
            failure = Failure("protocol", f"could not be read: {type(error).__name__}: {error}"[:120])
        finally:
            if channel is not None:
                response.size = channel.size
                channel.close()
        if failure is not None and not response.service:
            response.service = monotonic_ns() - began
        return response, failure

    def is_good_end(self, end: Ended, messages: MessageRecord) -> bool:
        return self.has_enough(messages) or (self._listening.ends and end.is_whole)

    def has_enough(self, messages: MessageRecord) -> bool:
        """Whether as many came as were to come."""
        return bool(self._listening.count) and messages.number >= self._listening.count

    def _cut_off(self, why: str, messages: MessageRecord, opened: int) -> Failure:
        lasted = (monotonic_ns() - opened) / NS_PER_SECOND
        return Failure("connection", f"disconnected after {lasted:.1f} s and {messages.number} messages: {why}")


def recorder(visitor: Visitor, name: str) -> AspectRecorder:
    """What records aspects of an activity."""

    def record(aspect: str, began: int, took: int, failure: Failure | None = None) -> None:
        visitor.record((aspect, name), began, Response(200, service=took), failure)

    return record
