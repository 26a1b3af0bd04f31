"""Server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfgate.runtime.http.channel import StreamChannel, monotonic_of
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.stated_times import StatedTime
from perfgate.runtime.streams.messages import EventParser
from perfgate.runtime.streams.recording import MessageRecord
from perfgate.runtime.streams.stream import Listening, Stream

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

EVENT_STREAM = "text/event-stream"


class Events(Stream):
    """`Events(Endpoint("prices", "GET", "/prices"), sent=stated("$.at"))`: listened to for `seconds`, or until `count`
    events have come, or with `ends` until the server ends it. `event` names the only kind that counts."""

    def __init__(
        self,
        request: Endpoint,
        *,
        seconds: float = 10.0,
        count: int = 0,
        silence: float = 0.0,
        ends: bool = False,
        event: str = "",
        sent: StatedTime | None = None,
    ) -> None:
        super().__init__(request, Listening(seconds, count, silence, ends=ends), sent)
        self._event = event

    def refusal(self, response: Response) -> Failure | None:
        kind = response.headers.get("content-type", "nothing")
        if EVENT_STREAM in kind.lower():
            return None
        return Failure("expectation", f"content-type: expected {EVENT_STREAM}, got {kind[:60]}")

    def listen(
        self, visitor: Visitor, channel: StreamChannel, messages: MessageRecord, rest: tuple[bytes, int]
    ) -> None:
        parser = EventParser()
        data, arrived = rest
        opened = monotonic_of(arrived)
        while True:
            for message in parser.feed(data, arrived) if data else ():
                if not self._event or message.event == self._event:
                    messages.add(message)
            if not self.should_listen(visitor, messages, opened):
                return
            arrived, data = channel.read_body()
