"""Checks of background jobs and streams: what a budget needs, times that fit, and where an activity cannot stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from perfgate.budgets.convert.draft import CALLBACK, Draft, DraftEntry, duration, templates_of
from perfgate.budgets.convert.effective import Effective, effective, keys_for
from perfgate.budgets.shape.conditions import STATUS
from perfgate.budgets.shape.request_shape import BODIES
from perfgate.budgets.shape.texts import split_request
from perfgate.model.budget_file.activity import Callback, Poll
from perfgate.model.errors import Mistake
from perfgate.model.metric import METRICS, Unit
from perfgate.text import template, units
from perfgate.text.template import TemplateError

ACTIVITIES = ("poll", "callback", "events", "websocket", "grpc")  # at most one of them
NOT_BESIDE = {
    "events": ("capture", "follow_redirects"),
    "websocket": ("capture", "follow_redirects"),
    "grpc": ("follow_redirects", "graphql", "form", "multipart", "body"),
}


class _JobKind(NamedTuple):
    timeout: float  # s, unless the file says another
    words: str


JOBS = {"poll": _JobKind(Poll.timeout, "the status states"), "callback": _JobKind(Callback.timeout, "the call states")}


def check_activities(draft: Draft) -> Iterator[Mistake]:
    for endpoint in draft.endpoints:
        yield from _login(draft, endpoint)
        yield from _one(draft, endpoint)
        yield from _stream(draft, endpoint)
        yield from _timeout(draft, endpoint)
        yield from _callback(draft, endpoint)
    yield from _budgets(draft)


def _login(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    for key in ACTIVITIES:
        if key in endpoint.keys and endpoint.name in draft.logins:
            message = f"`{endpoint.name}` is a login, which is one request: it cannot have `{key}`"
            hint = "make it a step of a journey, and that the login"
            yield draft.document.mistake(endpoint.at(key), message, hint=hint, at="key", code="PG-B045")


def _one(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    activities = [key for key in endpoint.keys if key in ACTIVITIES]
    for key in activities[1:]:
        message = f"`{activities[0]}` and `{key}` are two kinds of endpoints"
        yield draft.document.mistake(endpoint.at(key), message, hint="remove one of them", at="key", code="PG-B045")
    if endpoint.map("graphql").get("persisted") and activities:
        message = f"`persisted` does not go with `{activities[0]}`"
        yield draft.document.mistake(
            endpoint.at("graphql", "persisted"), message, hint="remove one of them", at="key", code="PG-B045"
        )


def _stream(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    """What a stream does not do, and a WebSocket's handshake, which is a GET without a body."""
    for kind in ("events", "websocket", "grpc"):
        for key in NOT_BESIDE[kind] if kind in endpoint.keys else ():
            if key in endpoint.keys:
                message = f"`{key}` does not go with `{kind}`"
                yield draft.document.mistake(endpoint.at(key), message, hint="remove it", at="key", code="PG-B045")
        if kind in endpoint.keys and draft.map().get("client") == "locust":
            message = f"`{kind}` needs perfgate's own client"
            yield draft.document.mistake(
                endpoint.at(kind), message, hint="remove `client: locust`", at="key", code="PG-B045"
            )
    yield from _without_status(draft, endpoint, "events", ("fails",), "a message")
    yield from _without_status(draft, endpoint, "websocket", ("fails", "ready"), "a message")
    if "websocket" not in endpoint.keys:
        return
    method, _ = split_request(endpoint.text("request"))
    if method != "GET":
        message = f"a WebSocket begins with a GET, not with a {method}"
        yield draft.document.mistake(endpoint.at("request"), message, hint="write `GET /path`", code="PG-B045")
    for key in BODIES:
        if key in endpoint.keys:
            message = f"a WebSocket begins without a body: `{key}` does not go with it"
            yield draft.document.mistake(
                endpoint.at(key), message, hint="write `websocket: {send: ...}`", at="key", code="PG-B045"
            )
    websocket = endpoint.map("websocket")
    for key in ("every", "reply", "ready"):
        if key in websocket and "send" not in websocket:
            message = f"`{key}` is about `send`, and there is none"
            yield draft.document.mistake(
                endpoint.at("websocket", key), message, hint="add `send: ...`", at="key", code="PG-B045"
            )


def _timeout(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    """A limit that no job can exceed, and a poll that would come after the end."""
    kind = next((key for key in JOBS if key in endpoint.keys), "")
    if not kind:
        return
    job = endpoint.map(kind)
    timeout = duration(job["timeout"]) if "timeout" in job else JOBS[kind].timeout
    shown = units.format_value(Unit.SECONDS, timeout or 0.0)
    every = duration(job["every"]) if "every" in job else Poll.every
    if kind == "poll" and timeout and every and every >= timeout:
        message = f"the job is given up after {shown}, before it is polled"
        where = "every" if "every" in job else "timeout"
        yield draft.document.mistake(
            endpoint.at("poll", where), message, hint="lower `every`, or raise `timeout`", code="PG-B045"
        )
    for item in effective(draft):
        aspect = METRICS[item.budget.metric].aspect
        if item.entry is endpoint and aspect == "completion":
            for criterion in item.budget.criteria:
                if timeout and criterion.kind == "absolute" and criterion.limit >= timeout:
                    message = (
                        f"{item.budget.metric} can never exceed `{criterion.text}`: the job is given up after {shown}"
                    )
                    yield draft.document.mistake(
                        item.path, message, hint=f"raise `timeout` under `{kind}`, or lower the limit", code="PG-B045"
                    )


def _callback(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    """The request must bring the application the URL, and a call has no status."""
    if CALLBACK not in endpoint.keys:
        return
    if "request" in endpoint.keys and not any(_uses_callback(text) for _, text in templates_of(endpoint)):
        message = f"nothing in the request of `{endpoint.name}` brings the application the URL to call"
        hint = 'write `{callback}` into it, for example `json: {notify: "{callback}"}`'
        yield draft.document.mistake(endpoint.at(CALLBACK), message, hint=hint, at="key", code="PG-B045")
    if CALLBACK in endpoint.map("with"):
        message = "`{callback}` is the URL that the application calls: `with` cannot give it another value"
        yield draft.document.mistake(
            endpoint.at("with", CALLBACK), message, hint="rename the value", at="key", code="PG-B045"
        )
    yield from _without_status(draft, endpoint, CALLBACK, ("until", "fails"), "a call")


def _without_status(
    draft: Draft, endpoint: DraftEntry, kind: str, keys: tuple[str, ...], noun: str
) -> Iterator[Mistake]:
    """Conditions of which one is about a status, where there is none."""
    for key in keys:
        conditions = endpoint.map(kind).get(key)
        if isinstance(conditions, dict) and STATUS in conditions:
            message = f"{noun} has no status, which `{key}` could look at"
            yield draft.document.mistake(
                endpoint.at(kind, key, STATUS), message, hint="write `$.state: done`", at="key", code="PG-B045"
            )


def _uses_callback(text: str) -> bool:
    try:
        return CALLBACK in template.names(template.parse(text))
    except TemplateError:  # reported elsewhere
        return True


def _budgets(draft: Draft) -> Iterator[Mistake]:
    """A metric that only other kinds of endpoints have."""
    for item in effective(draft):
        keys = keys_for(item.budget.metric)
        if keys and not any(key in item.entry.keys for key in keys):
            shown = " or ".join(f"`{key}`" for key in keys)
            message = f"`{item.budget.metric}` needs {shown}, and `{item.entry.name}` has none"
            yield draft.document.mistake(
                item.path, message, hint=f"add {shown}, or remove the limit", at="key", code="PG-B045"
            )
        aspect = METRICS[item.budget.metric].aspect
        yield from _without_source(draft, item, aspect)
        kind = next((key for key in JOBS if key in item.entry.keys), "")
        if aspect in ("queued", "work") and kind and aspect not in item.entry.map(kind):
            message = f"`{item.budget.metric}` needs `{aspect}` under `{kind}`: where {JOBS[kind].words} that time"
            hint = f"for example `{aspect}: {{ms: $.{aspect}_ms}}`"
            yield draft.document.mistake(item.path, message, hint=hint, at="key", code="PG-B045")


def _without_source(draft: Draft, item: Effective, aspect: str) -> Iterator[Mistake]:
    """A limit on what no message tells."""
    events, websocket = item.entry.map("events"), item.entry.map("websocket")
    kind = next((key for key in ("events", "websocket") if key in item.entry.keys), "")
    if kind and aspect == "message" and "sent" not in {**events, **websocket} and "send" not in websocket:
        message = f"`{item.budget.metric}` needs `sent` under `{kind}`: where a message says when it was sent"
        yield draft.document.mistake(item.path, message, hint="for example `sent: $.sent_at`", at="key", code="PG-B045")
    if aspect == "completion" and kind and not item.entry.map(kind).get("ends"):
        message = f"`{item.budget.metric}` needs `ends: true` under `{kind}`: a stream that the server ends"
        yield draft.document.mistake(
            item.path, message, hint="add `ends: true`, or remove the limit", at="key", code="PG-B045"
        )
