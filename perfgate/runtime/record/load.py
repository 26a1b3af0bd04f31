"""Load: what one process knows of the load it makes. Every virtual user reports to it.

Under perfgate it records; when a generated scenario is run with plain `locust -f`, it fires Locust's own request
events instead, so that Locust's statistics and web page show the same endpoints.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import Any

from perfgate.recording import shortages
from perfgate.recording.handover import Settings
from perfgate.recording.histogram import Histogram
from perfgate.recording.remarks import FIREWALLS, RATE_LIMITED, forbidden_by
from perfgate.runtime.http.observations import GENERATOR, Observations
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.answer_counts import counting
from perfgate.runtime.record.recorder import ROW, Label, Recorder
from perfgate.runtime.scenario.arms import Arms
from perfgate.text.redaction import Redactor

MAX_NOTES = 20
FORBIDDEN, TOO_MANY_REQUESTS = 403, 429
LIMITING = (FORBIDDEN, TOO_MANY_REQUESTS)
ROWS_LEFT = "iterations that need one are left out. Add rows, or let them begin again (without `once` and `per: user`)."
LATE_AFTER_NS = 10_000_000  # ns: an arrival started later than this after it was due is counted as late


class Load:
    """`stopping`: nothing new is sent; what is in flight is waited for."""

    def __init__(self, environment: Any, settings: Settings | None, redact: Redactor) -> None:
        self.environment, self.settings, self.redact = environment, settings, redact
        names, duration = (settings.endpoints, int(settings.duration * 1e9)) if settings else ((), 0)
        self.recorder = Recorder(names, duration)
        if settings and settings.counted:  # else there is nothing more to do per request
            self.record = counting(self.record, self.recorder, settings)  # type: ignore[assignment,method-assign]
        self.arms = Arms(settings.duet, self.record) if settings and settings.duet else None
        self.stopping = False
        self.scheduled = False  # the open model's schedule runs
        self.in_flight = 0  # requests of generated scenarios
        self.visits = 0  # of the open model, under way
        self.waiting = 0  # arrivals of the open model for which no user is free
        self.abandoned = 0  # requests whose user was killed before the answer came
        self.users = 0
        self.most_users = 0
        self.connections = 0
        self.clock_steps = 0
        self.observations = Observations()
        self.sent = self.late = self.dropped = 0  # arrivals in the measured time
        self.without_rows = 0  # iterations that found no row of data left
        self.renewed = 0  # logins made anew because of a 401
        self.notes: dict[str, None] = {}  # what readers of the result must know, each once
        self.lateness = Histogram()

    def record(self, label: Label, began: int, response: Response, failure: Failure | None) -> None:
        """`began` is when the latency began: monotonic ns. The response says how long it took."""
        latency = response.queue + response.wait + response.service
        if failure is not None and failure.kind == GENERATOR:  # it was never sent: nothing is known of the target
            self.observations.unsent[failure.detail] += 1
            if self.settings is not None:
                return
            failure = Failure(GENERATOR, shortages.explain(failure.detail))
        if self.settings is None:
            self._fire(label, latency, response, failure)
            return
        if response.wait:
            self.connections += response.connections
            self.recorder.record_dial(label, began, (response.dns, response.connect, response.tls))
        if failure is not None:
            why = (failure.kind, self.redact(failure.detail))
            self.recorder.failure(label, began, why, latency, response.status)
            if response.status in LIMITING and (remark := _refused_by(response)):
                self.observations.remark(label[1], remark)
        elif response.clock_stepped:
            self.clock_steps += 1
            self.recorder.record_untimed(label, began, response.size, response.decoded)
        else:
            self.recorder.rows[label] += ROW(
                began,
                latency,
                response.service,
                response.first_byte,
                response.delivery,
                response.size,
                response.decoded,
                response.status,
            )

    def _fire(self, label: Label, latency: int, response: Response, failure: Failure | None) -> None:
        kind, name, *_ = label
        self.environment.events.request.fire(
            request_type=response.method or kind,
            name=name,
            response_time=latency / 1e6,
            response_length=response.size,
            exception=RuntimeError(f"{failure.kind}: {self.redact(failure.detail)}") if failure else None,
            context={},
        )

    def count_arrival(self, due: int) -> None:
        """An arrival due at `due` (monotonic ns) is started, or queued, now."""
        lateness = max(0, monotonic_ns() - due)
        if due >= self.recorder.started:
            self.sent += 1
            self.late += lateness > LATE_AFTER_NS
            self.lateness.add(lateness)

    def add_user(self) -> None:
        self.users += 1
        self.most_users = max(self.most_users, self.users)

    def remove_user(self) -> None:
        self.users -= 1

    def set_users(self, users: int) -> None:
        """So many users there are now, hand-written ones included (closed model)."""
        self.users = users
        self.most_users = max(self.most_users, users)

    def note(self, words: str) -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes[self.redact(words)] = None

    def found_no_row(self, file: str, due: int | None) -> None:
        """An iteration could not be made for lack of data. `due`, in the open model, is when it was."""
        if due is None or due >= self.recorder.started:
            self.without_rows += 1
            self.sent -= due is not None
        self.note(f"{file} has no rows left: {ROWS_LEFT}")


def _refused_by(response: Response) -> str:
    """What to remark on an answer that may be of somebody before the application; nothing where it is its own."""
    if response.status == TOO_MANY_REQUESTS:
        return RATE_LIMITED
    names = [name for header, name in FIREWALLS.items() if response.headers.raw(header)]
    return forbidden_by(names[0]) if names else ""
