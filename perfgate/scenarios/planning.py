"""BudgetFile -> Plan: what will be sent, with digests by which two runs are found comparable."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from perfgate.model.budget_file import (
    NO_LOAD,
    BodyKind,
    BudgetFile,
    Endpoint,
    Journey,
    LoadProfile,
    PageSpec,
    Request,
    Send,
    SourceKind,
)
from perfgate.model.budget_file.activity import Replay
from perfgate.model.budget_file.arrivals import mean_stage, of_endpoints
from perfgate.model.errors import UsageError
from perfgate.model.plan import Digests, Plan
from perfgate.scenarios import digests
from perfgate.scenarios.rates import planned_rates
from perfgate.text import template


def plan(budget_file: BudgetFile, only: Collection[str] = ()) -> Plan:
    """The plan of a budget file, or of the endpoints and journeys named in `only` and what they need.

    Raises UsageError when `only` names something that does not exist or is never sent on its own.
    """
    endpoints, journeys, pages = budget_file.endpoints, budget_file.journeys, budget_file.pages
    load = budget_file.load
    if only:
        pages = tuple(page for page in pages if page.name in only)
        sent = [name for name in only if name not in {page.name for page in pages}]
        endpoints, journeys = _selected(budget_file, sent)
        load = load if sent else NO_LOAD
    folder = budget_file.path.parent
    load = _replayed(load, endpoints)
    return Plan(
        name=budget_file.name,
        source=budget_file.path,
        target=budget_file.target,
        load=load,
        load_words=load_words(load),
        endpoints=endpoints,
        journeys=journeys,
        pages=pages,
        scenarios=() if only else tuple((folder / path).resolve() for path in budget_file.scenarios),
        digests=Digests(
            load=digests.digest([digests.load_value(load, folder), sorted(set(only)), *_unusual_client(budget_file)]),
            endpoints={
                **{endpoint.name: digests.endpoint_digests(endpoint, folder) for endpoint in endpoints},
                **{journey.name: digests.journey_digests(journey) for journey in journeys},
                **{page.name: digests.page_digests(page, budget_file.allow) for page in pages},
            },
        ),
        tls=budget_file.tls,
        client=budget_file.client,
        rates=planned_rates(load, endpoints, journeys, others=bool(budget_file.scenarios) and not only),
    )


def _replayed(load: LoadProfile, endpoints: Iterable[Endpoint]) -> LoadProfile:
    """The load without the recorded arrivals of other endpoints."""
    if load.replay is None:
        return load
    sent = {endpoint.name for endpoint in endpoints if endpoint.weight > 0}
    arrivals = of_endpoints(load.replay.arrivals, sent)
    if len(arrivals) == len(load.replay.arrivals):
        return load
    stage = mean_stage(arrivals, load.warmup, load.stages[0].duration)
    return replace(load, stages=(stage,), replay=replace(load.replay, arrivals=arrivals))


def _unusual_client(budget_file: BudgetFile) -> list[str]:
    """Another client times requests in another way; the usual one goes without saying."""
    return [] if budget_file.client == "fast" else [budget_file.client]


def secrets(plan: Plan) -> tuple[str, ...]:
    """The environment variables that requests and pages are made of: their values must never be written anywhere."""
    names = {name for endpoint in plan.endpoints if endpoint.request for name in _variables(endpoint.request)}
    more = [endpoint.poll.path for endpoint in plan.endpoints if endpoint.poll]
    for endpoint in plan.endpoints:
        more += _strings((endpoint.websocket.first, endpoint.websocket.send)) if endpoint.websocket else ()
    parts = [part for text in more for part in template.parse(text)]
    parts += [part for page in plan.pages for text in _texts_of(page) for part in template.parse_variables(text)]
    return tuple(sorted(names | {variable.name for variable in template.variables(parts)}))


def _texts_of(page: PageSpec) -> Iterator[str]:
    """The texts of a page in which `${X}` is replaced, and any other brace is one; selectors are none."""
    yield from (page.path, page.storage_state)
    for act in (*page.steps, *page.interact):
        yield act.text
        if act.act == "goto":
            yield act.target


def load_words(load: LoadProfile) -> str:
    """The load profile in one line for people."""
    if not load.stages:
        return "none, pages only"
    longest = f" to {load.longest:g} s" if load.longest else ""
    stages = ", then ".join(f"{_level(load, stage.level)} for {stage.duration:g} s{longest}" for stage in load.stages)
    warmup = f"after {load.warmup:g} s warm-up" if load.warmup else "without warm-up"
    if load.replay is not None:
        return _replay_words(load, load.replay, warmup)
    kind = f"open, {load.arrivals} arrivals" if load.model == "open" else "closed"
    return f"{stages} {warmup} ({kind})"


def _replay_words(load: LoadProfile, recorded: Replay, warmup: str) -> str:
    hosts = f" to {recorded.hosts} hosts" if recorded.hosts > 1 else ""
    left = f", {recorded.left_out:,} others left out" if recorded.left_out else ""
    return (
        f"replay of {recorded.file} at {recorded.speed:g}x: {len(recorded.arrivals):,} requests{hosts}{left}, "
        f"{load.stages[0].duration:g} s {warmup} (open)"
    )


def _level(load: LoadProfile, level: float) -> str:
    if load.model == "open":
        return f"{level:g}/s"
    return f"{level:g} user{'' if level == 1 else 's'}"


def _selected(budget_file: BudgetFile, only: Collection[str]) -> tuple[tuple[Endpoint, ...], tuple[Journey, ...]]:
    endpoints = {endpoint.name: endpoint for endpoint in budget_file.endpoints}
    journeys = {journey.name: journey for journey in budget_file.journeys}
    unknown = [name for name in only if name not in endpoints and name not in journeys]
    if unknown:
        known = ", ".join([*endpoints, *journeys, *(page.name for page in budget_file.pages)])
        raise UsageError(
            f"--only {unknown[0]}: there is no such endpoint or journey", hint=f"Known: {known}", code="PG-U007"
        )
    for name in only:
        if not (endpoints.get(name) or journeys[name]).weight:
            raise UsageError(
                f"--only {name}: it is never sent on its own", hint=_instead_of(name, budget_file), code="PG-U007"
            )
    walked = tuple(journey for journey in budget_file.journeys if journey.name in only)
    steps = _sent_by(walked)
    alone = {name for name in only if name in endpoints}
    logins = {journey.login for journey in walked} | {endpoints[name].login for name in steps | alone}
    walked_as_login = tuple(replace(journeys[name], weight=0) for name in logins - set(only) if name in journeys)
    needed = steps | logins | _sent_by(walked_as_login)
    remaining = [
        endpoint if endpoint.name in only else replace(endpoint, weight=0)
        for endpoint in budget_file.endpoints
        if endpoint.name in only or endpoint.name in needed
    ]
    return tuple(remaining), (*walked, *walked_as_login)


def _sent_by(journeys: Iterable[Journey]) -> set[str]:
    return {step.endpoint for journey in journeys for step in journey.steps if isinstance(step, Send)}


def _instead_of(name: str, budget_file: BudgetFile) -> str:
    """What to do about something that has no weight."""
    if any(endpoint.name == name and endpoint.request is None for endpoint in budget_file.endpoints):
        return "Hand-written scenarios send it, and --only leaves those out."
    entries: list[Endpoint | Journey] = [*budget_file.journeys, *budget_file.endpoints]
    users = [journey.name for journey in budget_file.journeys if Send(endpoint=name) in journey.steps]
    users += [entry.name for entry in entries if entry.login == name]
    users = [entry.name for entry in entries if entry.name in users and entry.weight]
    return f"It is part of: {', '.join(users)}. Name that instead." if users else "Give it a weight."


def _variables(request: Request) -> Iterator[str]:
    texts = [request.path, *request.headers.values()]
    if request.body is not None and request.body.kind is not BodyKind.GRAPHQL:
        texts += list(_strings(request.body.content))
    if request.body is not None:
        texts += list(_strings(request.body.variables))
    for text in texts:
        yield from (part.name for part in template.parse(text) if isinstance(part, template.Variable))
    for source in request.values.sources.values():
        if source.kind is SourceKind.ENVIRONMENT:
            yield source.arguments[0]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)
