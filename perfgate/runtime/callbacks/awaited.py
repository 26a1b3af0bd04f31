"""Which callbacks are waited for: an unguessable token for each job, and what becomes of every call."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from gevent.queue import Queue

from perfgate.runtime.http.channel import monotonic_of
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.http.responses import Response

TOKEN_BYTES = 24
MAX_ENDED = 100_000  # jobs whose tokens are remembered after their end
MAX_UNREAD = 100  # calls of one job that nobody has looked at yet; more are answered and left out
UNKNOWN = "a callback carried an unknown token and was answered 404"
DUPLICATE = "its callback came again after the job was done"
LATE = "its callback came after the job was given up"


class ReceivedCall:
    """`arrived` is when the kernel received its last byte, monotonic ns; conditions read `content` like a response."""

    __slots__ = ("arrived", "content")

    def __init__(self, body: bytes, arrived: int) -> None:
        """`arrived` by the wall clock, a moment ago."""
        self.content, self.arrived = Response(200, body=body, size=len(body)), monotonic_of(arrived)


class AwaitedCallback:
    """One job. `calls` are those that came for it, in order."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.calls: Queue[ReceivedCall] = Queue()


class AwaitedCallbacks:
    """The jobs that wait for their callback, by token."""

    def __init__(self, observations: Observations) -> None:
        self._observations = observations
        self._awaited: dict[str, AwaitedCallback] = {}
        self._ended: OrderedDict[str, tuple[str, str]] = OrderedDict()  # endpoint, and what a further call is

    def expect(self, endpoint: str) -> AwaitedCallback:
        awaited = AwaitedCallback(endpoint)
        self._awaited[awaited.token] = awaited
        return awaited

    def end(self, awaited: AwaitedCallback, *, is_done: bool) -> None:
        """No further call counts: the job is done, or it is waited for no longer."""
        del self._awaited[awaited.token]
        self._ended[awaited.token] = (awaited.endpoint, DUPLICATE if is_done else LATE)
        if len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)
        while not awaited.calls.empty():  # came at the same moment
            awaited.calls.get_nowait()
            self._observations.remark(*self._ended[awaited.token])

    def deliver(self, token: str, body: bytes, arrived: int) -> bool:
        """Hands a call to the job that waits for it. False for a token that this process never gave out."""
        if (awaited := self._awaited.get(token)) is not None:
            if awaited.calls.qsize() < MAX_UNREAD:
                awaited.calls.put(ReceivedCall(body, arrived))
        elif (ended := self._ended.get(token)) is not None:
            self._observations.remark(*ended)
        else:
            self._observations.remark("callbacks", UNKNOWN)
            return False
        return True
