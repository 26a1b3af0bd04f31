"""Digests of what a plan sends: runs with the same digest did the same work, whatever else the budget file says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from perfgate.model.budget_file import (
    BodyKind,
    Endpoint,
    FilePart,
    Journey,
    LoadProfile,
    PageSpec,
    Request,
    Rows,
)

NEWER_KEYS = {"events": frozenset({"fails"}), "websocket": frozenset({"ready", "ends", "fails"})}  # than their digests
PAGE_MEASUREMENT_VERSION = 3  # 1 had no scroll bars, which take part in the layout; 2 counted no redirects


def page_digests(page: PageSpec, hosts: Iterable[str] = ()) -> dict[str, str]:
    """`hosts` are those that are allowed: what they send is not a third party's."""
    how: list[Any] = [
        PAGE_MEASUREMENT_VERSION,
        page.cache,
        page.throttle,
        page.viewport,
        page.storage_state,
        page.login,
        page.during,
    ]
    how += map(asdict, page.steps)
    how += [["allow", *own]] if (own := sorted(set(hosts) - {"*"})) else []
    return {"path": digest(page.path), "interactions": digest(list(map(asdict, page.interact))), "view": digest(how)}


def endpoint_digests(endpoint: Endpoint, folder: Path) -> dict[str, str]:
    request = endpoint.request
    if request is None:
        return {"request": digest("hand-written")}
    parts: dict[str, Any] = {
        "request": [request.method, request.path, request.follow_redirects],
        "headers": request.headers,
        "body": _body(request, folder),
        "values": [_values(request), _file_digest(folder, request)],
        "expectations": [asdict(item) for item in request.expect],
        "captures": {name: asdict(capture) for name, capture in request.capture.items()},
        "timeout": [request.timeout, request.connect_timeout, request.first_byte_timeout],
        "weight": endpoint.weight,
        "login": _login(endpoint),
    }
    activities = {
        "poll": endpoint.poll,
        "events": endpoint.events,
        "websocket": endpoint.websocket,
        "grpc": endpoint.grpc,
    }
    if endpoint.grpc is not None and endpoint.grpc.proto:
        parts["proto"] = _hash_of(folder / endpoint.grpc.proto)
    parts |= {name: _as_before(name, activity) for name, activity in activities.items() if activity is not None}
    if endpoint.callback is not None:  # where this machine listens makes no difference
        parts["callback"] = asdict(replace(endpoint.callback, listen="", host=""))
    return {name: digest(part) for name, part in parts.items()}


def _as_before(name: str, activity: Any) -> dict[str, Any]:
    """An activity, without what is newer than its digests and not in use: earlier runs stay comparable."""
    newer = NEWER_KEYS.get(name, frozenset())
    return {key: value for key, value in asdict(activity).items() if value or key not in newer}


def journey_digests(journey: Journey) -> dict[str, str]:
    steps = [asdict(step) for step in journey.steps]
    return {"steps": digest(steps), "weight": digest(journey.weight), "login": digest(_login(journey))}


def load_value(load: LoadProfile, folder: Path) -> dict[str, Any]:
    """What makes two loads differ: neither the seed does nor how often the load may be repeated, and what is usual goes
    without saying."""
    parts = asdict(replace(load, replay=None))
    del parts["seed"], parts["longest"], parts["replay"]
    if load.replay is not None:
        parts["replay"] = [_hash_of(folder / load.replay.file), load.replay.speed, *load.replay.only]
    if load.session == LoadProfile.session:
        del parts["session"]
    return parts


def _login(entry: Endpoint | Journey) -> Any:
    return [entry.login, entry.login_every] if entry.login_every else entry.login


def _values(request: Request) -> dict[str, Any]:
    """What is usual goes without saying, as it did before it could be said."""
    values = asdict(request.values)
    if rows := request.values.rows:
        usual = {"per": Rows.per, "separator": Rows.separator}
        values["rows"] = {key: value for key, value in asdict(rows).items() if usual.get(key) != value}
    return values


def _body(request: Request, folder: Path) -> Any:
    body = request.body
    if body is None:
        return None
    content = body.content
    if body.kind is BodyKind.MULTIPART:
        content = {
            name: [asdict(part), _hash_of(folder / part.path)] if isinstance(part, FilePart) else part
            for name, part in content.items()
        }
    parts = [body.kind, content, body.variables]
    return [*parts, body.operation, body.persisted] if body.operation or body.persisted else parts


def _file_digest(folder: Path, request: Request) -> str:
    return _hash_of(folder / request.values.rows.path) if request.values.rows else ""


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(value: Any) -> str:
    """Digest of the value as written: `${X}` stays a name, so no digest depends on a secret."""
    text = json.dumps(value, sort_keys=True, default=dict, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
