"""What a run says of its load: exceptions, requests given up or left out, redirects, and its connections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfgate.loadtest.locust.connection_warnings import connection_warnings
from perfgate.model.note import Note
from perfgate.model.plan import Plan
from perfgate.recording.handover import LoadResult
from perfgate.text.notes import note
from perfgate.text.plurals import counted, named

MAX_NAMED_ENDPOINTS = 3  # named in one warning


def load_warnings(result: LoadResult, plan: Plan) -> tuple[Note, ...]:
    return (*_of_load(result), *connection_warnings(result), *_redirect_warnings(result.redirected, plan))


def _redirect_warnings(names: Sequence[str], plan: Plan) -> Iterator[Note]:
    """A redirect to a login page is fast, and no error unless somebody says so. One note: mostly all of them go to the
    same login."""
    unjudged = {
        endpoint.name for endpoint in plan.endpoints if endpoint.request is not None and not endpoint.request.expect
    }
    redirected = [f"`{name}`" for name in names if name in unjudged]
    if redirected:
        number = f"{counted(len(redirected), 'endpoint')}, " if len(redirected) > MAX_NAMED_ENDPOINTS else ""
        yield note(
            "PG-G009",
            f"All successes of {number}{named(redirected, MAX_NAMED_ENDPOINTS)} were redirects (status 3xx). "
            "If that is right, add `expect: {status: ...}`; else `follow_redirects: true`, or log in first.",
        )


def _of_load(result: LoadResult) -> Iterator[Note]:
    for row in result.exceptions:
        yield note("PG-G001", f"A scenario raised {counted(row.count, 'exception')}: {row.message}")
    if result.unfinished:
        yield note("PG-G002", f"{counted(result.unfinished, 'request')} still under way when the load was stopped.")
    if result.clock_steps:
        yield note(
            "PG-G003", f"The clock was set during {counted(result.clock_steps, 'request')}, timed in user space."
        )
    if result.aborted:
        yield note("PG-G004", f"The load was ended early: {result.aborted}.")
    if lost := result.generator.workers_lost:
        yield note("PG-G005", f"{lost} of {result.generator.workers} load-generator processes were lost.")
    if renewed := result.renewed:
        yield note(
            "PG-G006", f"{counted(renewed, 'login')} had expired (status 401): renewed, and the request sent again."
        )
    if left_out := result.generator.without_rows:
        yield note("PG-G007", f"{counted(left_out, 'iteration')} left out: no row of data was left.")
    yield from (note("PG-G014", text) for text in result.notes)
    if dropped := result.generator.dropped:
        yield note(
            "PG-G008", f"{dropped} arrivals were never sent: all virtual users were busy. Raise `load.max_users`?"
        )
