"""Checks of what is sent and by whom: weights, journeys and logins."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.budgets.convert.draft import Draft, steps
from perfgate.budgets.shape.wording import did_you_mean
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.errors import Mistake


def check_traffic(draft: Draft) -> Iterator[Mistake]:
    yield from _weights(draft)
    yield from _journeys(draft)
    yield from _logins(draft)


def _weights(draft: Draft) -> Iterator[Mistake]:
    """Nothing at all is a mistake, and so is a load of which nobody has a share."""
    entries = draft.endpoints + draft.journeys
    top = draft.map()
    if not top or draft.has_scenarios or (draft.pages and "load" not in top):
        return
    if not draft.endpoints and isinstance(top.get("endpoints", {}), dict):
        message = "there is nothing to send: neither `endpoints`, `pages` nor `scenarios`"
        hint = "for example `endpoints: {home: GET /}`"
        yield draft.document.mistake(("endpoints",), message, hint=hint, at="key", code="PG-B030")
    elif not any(draft.weight(entry) for entry in entries) and any(entry.text("request") for entry in entries):
        path = ("journeys",) if draft.journeys else ("endpoints",)
        message = "nothing would be sent: all weights are 0"
        yield draft.document.mistake(path, message, hint="give one a weight", at="key", code="PG-B030")


def _journeys(draft: Draft) -> Iterator[Mistake]:
    endpoints = draft.map("endpoints")
    for journey in draft.journeys:
        if journey.name in endpoints:
            message = f"`{journey.name}` is the name of an endpoint too"
            yield draft.document.mistake(
                journey.path, message, hint="rename one: reports go by name", at="key", code="PG-B031"
            )
        for path, name in steps(journey):
            yield from _sendable(draft, path, name)
        written = journey.keys.get("steps")
        if (
            isinstance(written, list)
            and written
            and all(isinstance(step, dict) and "think" in step for step in written)
        ):
            message = f"the journey `{journey.name}` sends nothing"
            yield draft.document.mistake(
                journey.at("steps"), message, hint="add the name of an endpoint", at="key", code="PG-B031"
            )


def _logins(draft: Draft) -> Iterator[Mistake]:
    for entry in draft.endpoints + draft.journeys + draft.pages:
        if login := entry.login:
            inner = ("as",) if entry.map("login") else ()
            if login not in draft.journeys_by_name:
                yield from _sendable(draft, entry.at("login", *inner), login)
            if entry.name in draft.logins:
                message = f"`{entry.name}` is a login itself, and cannot have one"
                yield draft.document.mistake(entry.at("login"), message, hint="remove it", at="key", code="PG-B033")
    for journey in draft.journeys:
        for path, name in steps(journey):
            step = draft.endpoints_by_name.get(name)
            if journey.name in draft.logins and step and step.login:
                message = f"`{journey.name}` is a login, and its step `{name}` has one"
                yield draft.document.mistake(path, message, hint=f"remove `login` from `{name}`", code="PG-B033")


def _sendable(draft: Draft, path: KeyPath, name: str) -> Iterator[Mistake]:
    endpoints = draft.map("endpoints")
    if name not in endpoints:
        hint = did_you_mean(name, endpoints) or "define it under `endpoints`"
        if name in draft.map("journeys"):
            hint = "it is a journey, and a step is an endpoint"
        yield draft.document.mistake(path, f"there is no endpoint `{name}`", hint=hint, code="PG-B032")
    elif isinstance(endpoints[name], dict) and "request" not in endpoints[name] and draft.has_scenarios:
        message = f"`{name}` has no `request`, so it cannot be sent"
        yield draft.document.mistake(path, message, hint="give the endpoint a `request`", code="PG-B032")
