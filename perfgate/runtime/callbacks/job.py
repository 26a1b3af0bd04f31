"""Background jobs whose end the application itself says: it calls the URL that it has got with the request."""

from __future__ import annotations

from collections.abc import Sequence
from socket import gaierror
from time import monotonic_ns
from typing import TYPE_CHECKING

from gevent.queue import Empty

from perfgate.recording import shortages
from perfgate.runtime.callbacks.awaited import AwaitedCallback
from perfgate.runtime.callbacks.receiver import receiver
from perfgate.runtime.http.observations import GENERATOR
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import Expectation
from perfgate.runtime.scenario.stated_times import StatedTime
from perfgate.runtime.users.jobs import NS_PER_SECOND, BackgroundJob, JobEnd

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

CALLBACK = "callback"  # the value that is the URL: `{callback}`


class CallbackJob(BackgroundJob):
    """`CallbackJob(Endpoint("export", "POST", "/exports", json={"notify": "{callback}"}), timeout=20)`

    `{callback}` is a URL with a token of its own for each job. The job ends when the kernel has received the last byte
    of a call that meets all of `until`, or one of `fails`; other calls say how far it is. `listen` is HOST or
    HOST:PORT, and `host` the name under which the application reaches this machine.
    """

    def __init__(
        self,
        request: Endpoint,
        *,
        until: Sequence[Expectation] = (),
        fails: Sequence[Expectation] = (),
        timeout: float = 60.0,
        queued: StatedTime | None = None,
        work: StatedTime | None = None,
        listen: str = "127.0.0.1",
        host: str = "",
    ) -> None:
        super().__init__(request, until=until, fails=fails, timeout=timeout, queued=queued, work=work)
        self._listen, self._host = listen, host

    def run(self, visitor: Visitor, deadline: int) -> JobEnd:
        try:
            listening = receiver(self._listen, self._host, visitor.load.observations)
            address = listening.host or visitor.own_address()
        except OSError as error:
            visitor.turn = None
            shortage = shortages.NAMES if isinstance(error, gaierror) else shortages.CALLBACKS
            failed = JobEnd(Response(), Failure(GENERATOR, shortage), monotonic_ns())
            visitor.pause_after(failed.response, failed.failure)
            return failed
        awaited = listening.awaited.expect(self.name)
        end = None
        try:
            visitor.values[CALLBACK] = listening.url(awaited.token, address)
            visitor.send(self.request)
            end = self._wait(awaited, deadline)
        finally:
            visitor.values.pop(CALLBACK, None)
            listening.awaited.end(awaited, is_done=end is not None and end.is_stated)
        return end

    def _wait(self, awaited: AwaitedCallback, deadline: int) -> JobEnd:
        while True:
            try:
                call = awaited.calls.get(timeout=max(0.0, (deadline - monotonic_ns()) / NS_PER_SECOND))
            except Empty:
                failure = Failure("timeout", f"no callback within {self.timeout / NS_PER_SECOND:g} s")
                return JobEnd(Response(), failure, monotonic_ns(), is_stated=False)
            is_over, why = self.judge(call.content)
            if is_over and call.arrived <= deadline:
                return JobEnd(call.content, why, call.arrived)
