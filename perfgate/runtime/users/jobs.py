"""Background jobs: a request that starts work, and the polling until that work is done.

The job's completion is recorded as a series of its own, from the moment the request was due until the last byte of the
first answer that says the job is done: what a client that polls can know. Polls themselves are not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic_ns
from typing import TYPE_CHECKING

import gevent

from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import Expectation
from perfgate.runtime.scenario.stated_times import StatedTime

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

NS_PER_SECOND = 1_000_000_000


class Job:
    """`Job(Endpoint("export", "POST", "/exports", capture={"id": "$.id"}), Endpoint("export", "GET", "/exports/{id}"),
    until=[json_path("$.state", "done")])`

    The second endpoint is the poll, sent every `every` s until an answer meets all of `until`, or one of `fails`, or
    `timeout` s are over since the request. `queued` and `work` read from the last answer how long the job waited and
    was worked at.
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
        self.name, self.request, self._poll = request.name, request, poll
        self._poll.options = poll.options._replace(keep_body=True)
        self._until, self._fails = tuple(until), tuple(fails)
        self._every, self._timeout = every, int(timeout * NS_PER_SECOND)
        self._stated = [(name, time) for name, time in (("queued", queued), ("work", work)) if time is not None]

    def perform(self, visitor: Visitor) -> bool:
        """Sends the request and waits for its job; also at the end of the load, as for an answer. Raises as
        `Visitor.send` for the request itself."""
        load = visitor.load
        began = visitor.turn.due if visitor.turn is not None else monotonic_ns()
        load.in_flight += 1
        try:
            visitor.send(self.request)
            response, failure = self._wait(visitor, began + self._timeout)
        except gevent.GreenletExit:
            load.abandoned += 1
            raise
        finally:
            load.in_flight -= 1
        took = max(0, monotonic_ns() - began - response.delivery)
        visitor.record(("completion", self.name), began, Response(response.status, service=took), failure)
        for name, time in self._stated if failure is None else ():
            self._record_stated(visitor, name, began, time(response))
        return failure is None

    def _wait(self, visitor: Visitor, deadline: int) -> tuple[Response, Failure | None]:
        """The answer that says how the job ended."""
        response = Response()
        while True:
            left = deadline - monotonic_ns()
            if left <= 0:
                return response, Failure("timeout", f"its job was not done within {self._timeout / NS_PER_SECOND:g} s")
            gevent.sleep(min(self._every, left / NS_PER_SECOND))
            response, failure = visitor.exchange(self._poll)
            if failure is not None:
                return response, Failure("job", f"the poll failed: {failure.detail}")
            if any(expectation(response) is None for expectation in self._fails):
                return response, Failure("job", "its job failed, by its status")
            complaints = [complaint for expectation in self._until if (complaint := expectation(response))]
            if not complaints:
                return response, None

    def _record_stated(self, visitor: Visitor, name: str, began: int, stated: float | None) -> None:
        if stated is None:
            visitor.load.note(
                f"The status of `{self.name}` does not state the time {name}; see `poll` in its budget file."
            )
        else:
            visitor.record((name, self.name), began, Response(service=max(0, int(stated * NS_PER_SECOND))), None)
