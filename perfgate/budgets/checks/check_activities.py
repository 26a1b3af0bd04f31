"""Checks of background jobs: what a budget needs, times that fit, and where an activity cannot stand."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.budgets.convert.draft import Draft, DraftEntry, duration
from perfgate.budgets.convert.effective import effective, keys_for
from perfgate.model.activity import Poll
from perfgate.model.errors import Mistake
from perfgate.model.metric import ASPECT_QUANTILES, Unit
from perfgate.text import units

ACTIVITIES = ("poll",)


def check_activities(draft: Draft) -> Iterator[Mistake]:
    for endpoint in draft.endpoints:
        yield from _login(draft, endpoint)
        yield from _timeout(draft, endpoint)
    yield from _budgets(draft)


def _login(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    for key in ACTIVITIES:
        if key in endpoint.keys and endpoint.name in draft.logins:
            message = f"`{endpoint.name}` is a login, which is one request: it cannot have `{key}`"
            hint = "make it a step of a journey, and that the login"
            yield draft.document.mistake(endpoint.at(key), message, hint=hint, at="key")


def _timeout(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    """A limit that no job can exceed, and a poll that would come after the end."""
    poll = endpoint.map("poll")
    if not poll:
        return
    timeout = duration(poll["timeout"]) if "timeout" in poll else Poll.timeout
    every = duration(poll["every"]) if "every" in poll else Poll.every
    if timeout and every and every >= timeout:
        message = f"the job is given up after {units.format_value(Unit.SECONDS, timeout)}, before it is polled"
        where = "every" if "every" in poll else "timeout"
        yield draft.document.mistake(endpoint.at("poll", where), message, hint="lower `every`, or raise `timeout`")
    for item in effective(draft):
        aspect, _ = ASPECT_QUANTILES.get(item.budget.metric, ("", 0.0))
        if item.entry is endpoint and aspect == "completion":
            for criterion in item.budget.criteria:
                if timeout and criterion.kind == "absolute" and criterion.limit >= timeout:
                    shown = units.format_value(Unit.SECONDS, timeout)
                    message = f"{item.budget.metric} can never exceed `{criterion.text}`: the job is given up after {shown}"
                    yield draft.document.mistake(item.path, message, hint="raise `timeout` under `poll`, or lower the limit")


def _budgets(draft: Draft) -> Iterator[Mistake]:
    """A metric that only other kinds of endpoints have."""
    for item in effective(draft):
        keys = keys_for(item.budget.metric)
        if keys and not any(key in item.entry.keys for key in keys):
            shown = " or ".join(f"`{key}`" for key in keys)
            message = f"`{item.budget.metric}` needs {shown}, and `{item.entry.name}` has none"
            yield draft.document.mistake(item.path, message, hint=f"add {shown}, or remove the limit", at="key")
        aspect, _ = ASPECT_QUANTILES.get(item.budget.metric, ("", 0.0))
        if aspect in ("queued", "work") and item.entry.map("poll") and aspect not in item.entry.map("poll"):
            message = f"`{item.budget.metric}` needs `{aspect}` under `poll`: where the status states that time"
            hint = f"for example `{aspect}: {{ms: $.{aspect}_ms}}`"
            yield draft.document.mistake(item.path, message, hint=hint, at="key")
