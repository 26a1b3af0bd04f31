"""Load: what one process knows of the load it makes. Every virtual user reports to it.

Under perfgate it records; when a generated scenario is run with plain `locust -f`, it fires Locust's own request
events instead, so that Locust's statistics and web page show the same endpoints.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import Any

from perfgate.handover import Settings
from perfgate.histogram import Histogram
from perfgate.redaction import Redactor
from perfgate.runtime.recorder import Recorder
from perfgate.runtime.responses import Failure, Response

LATE = 10_000_000  # ns: an arrival started later than this after it was due is counted as late


class Load:
    """`stopping`: nothing new is sent; what is in flight is waited for."""

    def __init__(self, environment: Any, settings: Settings | None, redact: Redactor) -> None:
        self.environment, self.settings, self.redact = environment, settings, redact
        self.recorder = Recorder(settings.endpoints if settings else ())
        self.stopping = False
        self.in_flight = 0  # requests of generated scenarios
        self.visits = 0  # of the open model, under way
        self.waiting = 0  # arrivals of the open model for which no user is free
        self.abandoned = 0  # requests whose user was killed before the answer came
        self.users = 0
        self.most_users = 0
        self.connections = 0
        self.clock_steps = 0
        self.due = self.late = self.dropped = 0  # arrivals in the measured time
        self.lateness = Histogram()
        self.delivery = Histogram()

    def record(self, kind: str, name: str, began: int, response: Response, failure: Failure | None) -> None:
        """`began` is when the latency began: monotonic ns. The response's timing says how long it took."""
        timing = response.timing
        latency = timing.queue + timing.wait + timing.service
        if timing.clock_stepped:
            self.clock_steps += 1
        if timing.delivery and began >= self.recorder.started:  # 0 where it is not known
            self.delivery.add(timing.delivery)
        if self.settings is None:
            self._fire(kind, name, latency, response, failure)
        elif failure is None:
            times = (latency, timing.service, timing.wait + timing.first_byte)
            self.recorder.success(kind, name, began, times, response.size)
        else:
            why = (failure.kind, self.redact(failure.detail))
            self.recorder.failure(kind, name, began, why, latency if failure.kind == "timeout" else 0)

    def _fire(self, kind: str, name: str, latency: int, response: Response, failure: Failure | None) -> None:
        self.environment.events.request.fire(
            request_type=response.method or kind,
            name=name,
            response_time=latency / 1e6,
            response_length=response.size,
            exception=RuntimeError(f"{failure.kind}: {self.redact(failure.detail)}") if failure else None,
            context={},
        )

    def arrived(self, due: int) -> None:
        """An arrival due at `due` (monotonic ns) is started, or queued, now."""
        lateness = max(0, monotonic_ns() - due)
        if due >= self.recorder.started:
            self.due += 1
            self.late += lateness > LATE
            self.lateness.add(lateness)

    def joined(self) -> None:
        self.users += 1
        self.most_users = max(self.most_users, self.users)
