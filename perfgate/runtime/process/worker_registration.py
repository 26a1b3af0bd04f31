"""Roll call: which workers take part, and that each knows its part before the load begins.

A worker counts as ready for Locust before its scenario, and with it our listener, is in place; what it was told until
then is lost. So it is asked again until it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import gevent
from locust.runners import STATE_MISSING, MasterRunner

ENLIST, ENLISTED = "perfgate_enlist", "perfgate_enlisted"
REGISTER_TIMEOUT_S = 60.0  # that a connected worker may take until it listens, e.g. because a scenario prepares data
ASK_INTERVAL_S = 0.5  # s
POLL_INTERVAL_S = 0.02  # s


class WorkerRegistration:
    """Registration in the process that leads. `members` are the workers that the load begins with: none where it is
    alone."""

    def __init__(self, runner: Any) -> None:
        self.members: set[str] = set()
        self._runner, self._enlisted = runner, set[str]()
        if isinstance(runner, MasterRunner):
            runner.register_message(ENLISTED, self._on_enlisted)

    def call(self, order: Callable[[int, int], Mapping[str, Any]]) -> None:
        """Tells every worker its part, `order(index, count)`, and returns when all that are there have understood."""
        self.members = set(self._runner.clients)
        orders = {worker: order(index, len(self.members)) for index, worker in enumerate(sorted(self.members))}
        until = monotonic() + REGISTER_TIMEOUT_S
        while (missing := self.present() - self._enlisted) and monotonic() < until:
            for worker in missing:
                self._runner.send_message(ENLIST, orders[worker], client_id=worker)
            wait_for(lambda: self.present() <= self._enlisted, ASK_INTERVAL_S)

    def present(self) -> set[str]:
        """The members that still answer."""
        return {worker for worker, node in self._runner.clients.items() if node.state != STATE_MISSING} & self.members

    def _on_enlisted(self, environment: Any, msg: Any, **_: Any) -> None:
        self._enlisted.add(msg.node_id)


def wait_for(done: Callable[[], bool], timeout: float) -> None:
    """Waits until then, or for `timeout` seconds."""
    until = monotonic() + timeout
    while not done() and monotonic() < until:
        gevent.sleep(POLL_INTERVAL_S)
