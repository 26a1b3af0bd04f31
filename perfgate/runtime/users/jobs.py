"""Background jobs: a request that starts work, and the polling until that work is done.

The job's completion is recorded as a series of its own, from the moment the request was due until the last byte of the
first answer that says the job is done: what a client that polls can know. Polls themselves are not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic_ns
from typing import TYPE_CHECKING, NamedTuple

import gevent

from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import Expectation
from perfgate.runtime.scenario.stated_times import StatedTime

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

NS_PER_SECOND = 1_000_000_000


class JobEnd(NamedTuple):
    """How a job ended: by which words of the application, why it failed, and when (monotonic ns)."""

    response: Response
    failure: Failure | None
    ended: int
    is_stated: bool = True  # whether the application said so


class BackgroundJob:
    """What jobs have in common, however their end is learnt. `queued` and `work` read from the application's last words
    how long the job waited and was worked at."""

    def __init__(
        self,
        request: Endpoint,
        *,
        until: Sequence[Expectation],
        fails: Sequence[Expectation],
        timeout: float,
        queued: StatedTime | None,
        work: StatedTime | None,
    ) -> None:
        self.name, self.request = request.name, request
        self.timeout = int(timeout * NS_PER_SECOND)  # ns
        self._until, self._fails = tuple(until), tuple(fails)
        self._stated = [(name, time) for name, time in (("queued", queued), ("work", work)) if time is not None]

    def run(self, visitor: Visitor, deadline: int) -> JobEnd:
        """Sends the request and waits for its job until `deadline` (monotonic ns)."""
        raise NotImplementedError

    def perform(self, visitor: Visitor) -> bool:
        """Sends the request and waits for its job; also at the end of the load, as for an answer. Raises as
        `Visitor.send` for the request itself."""
        load = visitor.load
        began = visitor.turn.due if visitor.turn is not None else monotonic_ns()
        load.in_flight += 1
        try:
            response, failure, ended, _ = self.run(visitor, began + self.timeout)
        except gevent.GreenletExit:
            load.abandoned += 1
            raise
        finally:
            load.in_flight -= 1
        completion = Response(response.status, service=max(0, ended - began))
        visitor.record(("completion", self.name), began, completion, failure)
        for name, time in self._stated if failure is None else ():
            self._record_stated(visitor, name, began, time(response))
        return failure is None

    def judge(self, response: Response) -> tuple[bool, Failure | None]:
        """Whether these words say that the job is over, and why it failed."""
        if any(expectation(response) is None for expectation in self._fails):
            return True, Failure("job", "its job failed, by its status")
        return all(expectation(response) is None for expectation in self._until), None

    def _record_stated(self, visitor: Visitor, name: str, began: int, stated: float | None) -> None:
        if stated is None:
            visitor.load.note(
                f"The status of `{self.name}` does not state the time {name}; see `{name}` in its budget file."
            )
        elif stated < 0:  # not a quick job: it would keep every budget
            visitor.load.note(
                f"The status of `{self.name}` states a time {name} below 0: its two moments are swapped, or two "
                "machines' clocks disagree."
            )
        else:
            visitor.record((name, self.name), began, Response(service=int(stated * NS_PER_SECOND)), None)


class Job(BackgroundJob):
    """`Job(Endpoint("export", "POST", "/exports", capture={"id": "$.id"}), Endpoint("export", "GET", "/exports/{id}"),
    until=[json_path("$.state", "done")])`

    The second endpoint is the poll, sent every `every` s until an answer meets all of `until`, or one of `fails`, or
    `timeout` s are over since the request.
    """

    def __init__(
        self,
        request: Endpoint,
        poll: Endpoint,
        *,
        until: Sequence[Expectation],
        fails: Sequence[Expectation] = (),
        every: float = 0.5,
        timeout: float = 60.0,
        queued: StatedTime | None = None,
        work: StatedTime | None = None,
    ) -> None:
        super().__init__(request, until=until, fails=fails, timeout=timeout, queued=queued, work=work)
        self._poll, self._every = poll, every
        self._poll.options = poll.options._replace(keep_body=True)

    def run(self, visitor: Visitor, deadline: int) -> JobEnd:
        visitor.send(self.request)
        response, failure = self._wait(visitor, deadline)
        return JobEnd(response, failure, monotonic_ns() - response.delivery)

    def _wait(self, visitor: Visitor, deadline: int) -> tuple[Response, Failure | None]:
        """The answer that says how the job ended."""
        response = Response()
        while True:
            left = deadline - monotonic_ns()
            if left <= 0:
                return response, Failure("timeout", f"its job was not done within {self.timeout / NS_PER_SECOND:g} s")
            gevent.sleep(min(self._every, left / NS_PER_SECOND))
            response, failure = visitor.exchange(self._poll)
            if failure is not None:
                return response, Failure("job", f"the poll failed: {failure.detail}")
            is_over, failure = self.judge(response)
            if is_over:
                return response, failure
