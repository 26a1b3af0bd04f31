"""Plan -> tasks: what one virtual user does in one turn, and how often each is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from perfgate.model.budget_file import Endpoint, Journey, Send, Step
from perfgate.model.plan import Plan

WEIGHT_STEPS = 1000  # weights become whole numbers (Locust's are) to this resolution
MAX_WEIGHT = 100_000  # Locust keeps a list that holds each task as often as its weight says


class Login(NamedTuple):
    """Logs in by an endpoint or a journey, unless this user has done so before; with `every`, not longer ago."""

    name: str
    every: float = 0.0


class Task(NamedTuple):
    """One endpoint sent on its own, or a journey (which is measured as a whole too), under its name. Without weight, it
    is a login."""

    name: str
    steps: tuple[Login | Step, ...]
    weight: int
    is_journey: bool

    @property
    def endpoints(self) -> frozenset[str]:
        sent = {step.endpoint for step in self.steps if isinstance(step, Send)}
        return frozenset(sent | {step.name for step in self.steps if isinstance(step, Login)})


class Tasks(NamedTuple):
    """`unit` is the weight in the budget file that a weight of 1 stands for; `logins` are journeys that only log in."""

    tasks: tuple[Task, ...]
    unit: float
    logins: tuple[Task, ...] = ()


def tasks(plan: Plan) -> Tasks:
    """Endpoints first, then journeys, in the order of the budget file; those without weight are left out."""
    endpoints = {endpoint.name: endpoint for endpoint in plan.endpoints if endpoint.request is not None}
    journeys = [journey for journey in plan.journeys if journey.weight > 0]
    alone = [_alone(endpoint) for endpoint in endpoints.values() if endpoint.weight > 0]
    walked = [*alone, *journeys]
    replays = plan.load.replay is not None  # then the recording says how often
    weights = [1] * len(walked) if replays else whole_weights([item.weight for item in walked])
    made = tuple(
        Task(item.name, tuple(_steps(item, endpoints)), weight, item in journeys)
        for item, weight in zip(walked, weights, strict=True)
    )
    named = {step.name for task in made for step in task.steps if isinstance(step, Login)}
    logins = tuple(
        Task(item.name, tuple(_steps(item, endpoints)), 0, is_journey=True)
        for item in plan.journeys
        if item.name in named and item.weight == 0
    )
    return Tasks(made, walked[0].weight / weights[0] if walked and not replays else 1.0, logins)


def _alone(endpoint: Endpoint) -> Journey:
    return Journey(name=endpoint.name, steps=(Send(endpoint=endpoint.name),), weight=endpoint.weight)


def _steps(journey: Journey, endpoints: Mapping[str, Endpoint]) -> Iterator[Login | Step]:
    """The steps, each after the login that it needs, unless that has come before."""
    sent = {"", journey.login}
    if journey.login:
        yield Login(journey.login, journey.login_every)
    for step in journey.steps:
        if isinstance(step, Send):
            endpoint = endpoints[step.endpoint]
            if endpoint.login not in sent:
                yield Login(endpoint.login, endpoint.login_every)
            sent |= {endpoint.login, step.endpoint}
        yield step


def whole_weights(weights: Sequence[float]) -> list[int]:
    """The smallest whole numbers in the same proportions; exact when they have up to three decimals and are not too
    far apart."""
    if not weights:
        return []
    fractions = [max(Fraction(weight).limit_denominator(WEIGHT_STEPS), Fraction(1, WEIGHT_STEPS)) for weight in weights]
    common = min(lcm(*(fraction.denominator for fraction in fractions)), WEIGHT_STEPS)
    whole = [round(fraction * common) for fraction in fractions]
    divisor = max(gcd(*whole), max(whole) / MAX_WEIGHT)
    return [max(1, round(number / divisor)) for number in whole]
