"""Activities as source: what stands around the endpoint of a background job, a persisted query or a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perfgate.model.budget_file import Endpoint, Expectation, Request
from perfgate.model.budget_file.activity import Callback, Grpc, Listen, Poll, StatedTime, WebSocket
from perfgate.scenarios.expressions import Headers, endpoint_call, expectation_call, file_path, texts
from perfgate.scenarios.source import Call, number


def is_activity(endpoint: Endpoint) -> bool:
    """Whether it is performed, and not just sent."""
    activities = (endpoint.poll, endpoint.callback, endpoint.events, endpoint.websocket, endpoint.grpc)
    return any(activities) or _is_persisted(endpoint)


def _is_persisted(endpoint: Endpoint) -> bool:
    return endpoint.request is not None and endpoint.request.body is not None and endpoint.request.body.persisted


def activity_call(endpoint: Endpoint, sent: Call, common: Headers, root: str) -> Call:
    """The source of an endpoint, around `sent`, that of its request; `root` leads from HERE to the file's folder."""
    if endpoint.poll is not None and endpoint.request is not None:
        return _job_call(endpoint.name, endpoint.request, endpoint.poll, sent, common)
    if endpoint.callback is not None:
        return Call("CallbackJob", [sent], _job_keywords(endpoint.callback) | _listening_address(endpoint.callback))
    if endpoint.events is not None:
        own: dict[str, Any] = {"ends": True} if endpoint.events.ends else {}
        own |= {"event": endpoint.events.event} if endpoint.events.event else {}
        own |= _conditions("fails", endpoint.events.fails)
        return Call("Events", [sent], _listening(endpoint.events.listen) | own)
    if endpoint.websocket is not None:
        return _websocket_call(endpoint.websocket, sent)
    if endpoint.grpc is not None:
        return _grpc_call(endpoint.grpc, sent, root)
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
    return Call("Job", [sent, endpoint_call(name, asked, root="", common=common, tables={})], _job_keywords(poll))


def _job_keywords(job: Poll | Callback) -> dict[str, Any]:
    """What says when a job is over."""
    keywords: dict[str, Any] = {}
    if job.until:
        keywords["until"] = [expectation_call(item) for item in job.until]
    if job.fails:
        keywords["fails"] = [expectation_call(item) for item in job.fails]
    if isinstance(job, Poll) and job.every != Poll.every:
        keywords["every"] = number(job.every)
    if job.timeout != type(job).timeout:
        keywords["timeout"] = number(job.timeout)
    stated: Mapping[str, StatedTime | None] = {"queued": job.queued, "work": job.work}
    return keywords | {key: stated_call(time) for key, time in stated.items() if time is not None}


def _listening_address(callback: Callback) -> dict[str, Any]:
    keywords = {"listen": callback.listen} if callback.listen != Callback.listen else {}
    return keywords | ({"host": callback.host} if callback.host else {})


def stated_call(time: StatedTime) -> Call:
    arguments = [time.start, time.end] if time.end else [time.start]
    return Call("stated", arguments, {"unit": time.unit} if time.unit != StatedTime.unit else {})


def _listening(listen: Listen) -> dict[str, Any]:
    keywords: dict[str, Any] = {}
    if listen.seconds != Listen.seconds:
        keywords["seconds"] = number(listen.seconds)
    if listen.count:
        keywords["count"] = listen.count
    if listen.silence:
        keywords["silence"] = number(listen.silence)
    if listen.sent is not None:
        keywords["sent"] = stated_call(listen.sent)
    return keywords


def _conditions(key: str, written: Sequence[Expectation]) -> dict[str, Any]:
    return {key: [expectation_call(item) for item in written]} if written else {}


def _websocket_call(websocket: WebSocket, sent: Call) -> Call:
    keywords: dict[str, Any] = {}
    if websocket.first:
        keywords["first"] = texts(websocket.first)
    if websocket.send:
        keywords["send"] = texts(websocket.send)
    if websocket.every != WebSocket.every:
        keywords["every"] = number(websocket.every)
    if websocket.reply:
        keywords["reply"] = websocket.reply
    if websocket.subprotocol:
        keywords["subprotocol"] = websocket.subprotocol
    keywords |= _conditions("ready", websocket.ready) | ({"ends": True} if websocket.ends else {})
    keywords |= _conditions("fails", websocket.fails)
    return Call("WebSocket", [sent], keywords | _listening(websocket.listen))


def _grpc_call(grpc: Grpc, sent: Call, root: str) -> Call:
    keywords: dict[str, Any] = {"declared": Call("proto", [file_path(root, grpc.proto)])} if grpc.proto else {}
    if grpc.status != Grpc.status:
        keywords["status"] = grpc.status
    return Call("Grpc", [sent], keywords | _listening(grpc.listen))
