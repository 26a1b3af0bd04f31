"""How often each endpoint is due by plan: by weight, in journeys too."""

from __future__ import annotations

import pytest

from perfgate.model.budget_file import Endpoint, Journey, LoadProfile, Request, Send, Stage, Think
from perfgate.scenarios.rates import planned_rates

GET = Request(method="GET", path="/")


def load(*stages: tuple[float, float], model="open") -> LoadProfile:
    return LoadProfile(model=model, stages=tuple(Stage(level=level, duration=length) for level, length in stages))


def rates(profile: LoadProfile, endpoints: dict[str, float], journeys=(), *, others=False) -> dict[str, float]:
    made = tuple(Endpoint(name=name, request=GET, weight=weight) for name, weight in endpoints.items())
    return planned_rates(profile, made, tuple(journeys), others=others)


def test_the_rate_is_shared_by_weight():
    assert rates(load((100, 10)), {"a": 1, "b": 1}) == {"a": 50, "b": 50}
    assert rates(load((100, 10)), {"a": 1, "b": 9}) == {"a": 10, "b": 90}


def test_stages_count_by_their_length():
    assert rates(load((10, 30), (50, 10)), {"a": 1}) == {"a": 20}


def test_users_are_shared_too():
    assert rates(load((20, 10), model="closed"), {"a": 3, "b": 1}) == {"a": 15, "b": 5}


def test_a_journey_counts_for_each_of_its_steps():
    steps = (Send(endpoint="a"), Think(seconds=1), Send(endpoint="b"), Send(endpoint="a"))
    found = rates(load((40, 10)), {"a": 1, "b": 0}, [Journey(name="walk", steps=steps, weight=3)])
    assert found == {"a": 10 + 60, "walk": 30, "b": 30}


@pytest.mark.parametrize("endpoints", [{}, {"a": 0}])
def test_nothing_is_due_without_a_weight(endpoints):
    assert rates(load((40, 10)), endpoints) == {}


def test_beside_hand_written_scenarios_no_rate_is_known():
    assert rates(load((40, 10)), {"a": 1}, others=True) == {}
