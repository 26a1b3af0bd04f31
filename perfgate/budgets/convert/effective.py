"""The budgets of a file with `defaults.budget` merged in, as far as they can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.shape import limits
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.budget_file import Budget, Criterion, Json
from perfgate.model.metric import METRICS, Metric
from perfgate.text.units import UnitError

KEYS: dict[str, tuple[str, ...]] = {  # what an endpoint has that has such an aspect: one of these keys
    "completion": ("poll", "callback", "events", "websocket", "grpc"),
    "queued": ("poll", "callback"),
    "work": ("poll", "callback"),
    "first_message": ("events", "websocket", "grpc"),
    "message": ("events", "websocket", "grpc"),
    "gap": ("events", "websocket", "grpc"),
}


def keys_for(metric: str) -> tuple[str, ...]:
    """The keys one of which an endpoint needs for a metric; none for what every endpoint has."""
    known = METRICS.get(metric)
    return KEYS[known.aspect] if known and known.aspect else ()


@dataclass(frozen=True, kw_only=True)
class Effective:
    """One budget and the path of the entry it comes from: its own, or the default's."""

    budget: Budget
    path: KeyPath
    entry: DraftEntry


def effective(draft: Draft) -> Iterator[Effective]:
    """Yields budgets in the order of the file, inherited metrics after an endpoint's own, without wrong entries."""
    defaults = draft.map("defaults", "budget")
    for entry in (*draft.endpoints, *draft.journeys, *draft.pages):
        inherited = {name: text for name, text in defaults.items() if _inherits(entry, name)}
        own = entry.map("budget")
        for name in dict.fromkeys((*own, *inherited)):
            path = entry.at("budget", name) if name in own else ("defaults", "budget", name)
            criteria = _criteria(METRICS.get(name), own.get(name), inherited.get(name))
            if criteria:
                line = draft.document.line(path)
                budget = Budget(endpoint=entry.name, metric=name, criteria=criteria, line=line)
                yield Effective(budget=budget, path=path, entry=entry)


def _inherits(entry: DraftEntry, metric: str) -> bool:
    keys = keys_for(metric)
    if keys == KEYS["completion"] and "websocket" in entry.keys and not entry.map("websocket").get("ends"):
        return False  # it goes on until nobody listens any more
    return entry.path[0] == "endpoints" and (not keys or any(key in entry.keys for key in keys))


def inherited(draft: Draft) -> Iterator[Budget]:
    """What `defaults.budget` says, of no endpoint yet."""
    for name, written in draft.map("defaults", "budget").items():
        if keys_for(name):
            continue
        if criteria := _criteria(METRICS.get(name), None, written):
            line = draft.document.line(("defaults", "budget", name))
            yield Budget(endpoint="", metric=name, criteria=criteria, line=line)


def _criteria(metric: Metric | None, own: Json, inherited: Json) -> tuple[Criterion, ...]:
    try:
        if metric is None or own == limits.NO_LIMIT:
            return ()
        mine = () if own is None else limits.criteria(own, metric)
        return limits.merged(() if inherited is None else limits.criteria(inherited, metric), mine)
    except UnitError:  # the shape has reported it
        return ()
