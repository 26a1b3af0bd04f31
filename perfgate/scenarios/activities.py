"""Activities as source: what stands around the endpoint of a background job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfgate.model.activity import Poll, StatedTime
from perfgate.model.budget_file import Endpoint, Request
from perfgate.scenarios.expressions import Headers, endpoint_call, expectation_call
from perfgate.scenarios.source import Call, number


def is_activity(endpoint: Endpoint) -> bool:
    """Whether it is performed, and not just sent."""
    return endpoint.poll is not None or _is_persisted(endpoint)


def _is_persisted(endpoint: Endpoint) -> bool:
    return endpoint.request is not None and endpoint.request.body is not None and endpoint.request.body.persisted


def activity_call(endpoint: Endpoint, sent: Call, common: Headers) -> Call:
    """The source of an endpoint, around `sent`, that of its request."""
    if endpoint.poll is not None and endpoint.request is not None:
        return _job_call(endpoint.name, endpoint.request, endpoint.poll, sent, common)
    return Call("PersistedQuery", [sent]) if _is_persisted(endpoint) else sent


def _job_call(name: str, request: Request, poll: Poll, sent: Call, common: Headers) -> Call:
    asked = Request(
        method="GET",
        path=poll.path,
        headers=request.headers,
        timeout=request.timeout,
        connect_timeout=request.connect_timeout,
        first_byte_timeout=request.first_byte_timeout,
    )
    keywords: dict[str, Any] = {"until": [expectation_call(item) for item in poll.until]}
    if poll.fails:
        keywords["fails"] = [expectation_call(item) for item in poll.fails]
    if poll.every != Poll.every:
        keywords["every"] = number(poll.every)
    if poll.timeout != Poll.timeout:
        keywords["timeout"] = number(poll.timeout)
    stated: Mapping[str, StatedTime | None] = {"queued": poll.queued, "work": poll.work}
    keywords |= {key: stated_call(time) for key, time in stated.items() if time is not None}
    return Call("Job", [sent, endpoint_call(name, asked, root="", common=common, tables={})], keywords)


def stated_call(time: StatedTime) -> Call:
    arguments = [time.start, time.end] if time.end else [time.start]
    return Call("stated", arguments, {"unit": time.unit} if time.unit != StatedTime.unit else {})
