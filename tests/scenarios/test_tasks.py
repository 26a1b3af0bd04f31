"""Tasks: who sends what, logins included, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate import scenarios
from perfgate.model.budget_file import (
    BudgetFile,
    Endpoint,
    Journey,
    LoadProfile,
    Request,
    Send,
    Stage,
    Step,
    Think,
)
from perfgate.model.plan import Plan
from perfgate.scenarios.tasks import Login, tasks, whole_weights

LOGIN, HOME, ORDER, ACCOUNT = (
    Send(endpoint="log in"),
    Send(endpoint="home"),
    Send(endpoint="order"),
    Send(endpoint="account"),
)


def make_plan(*journeys: Journey, weights: Sequence[float] = (0, 0, 0, 0)) -> Plan:
    """Four endpoints; `order` and `account` need `log in`."""
    logins = {"log in": "", "home": "", "order": "log in", "account": "log in"}
    endpoints = [
        Endpoint(name=name, request=Request(method="GET", path="/"), login=login, weight=weight)
        for (name, login), weight in zip(logins.items(), weights, strict=True)
    ]
    load = LoadProfile(model="closed", stages=(Stage(level=1, duration=1),))
    path = Path("budgets.yaml")
    return scenarios.plan(
        BudgetFile(
            path=path, name="shop", target="http://h", load=load, endpoints=tuple(endpoints), journeys=tuple(journeys)
        )
    )


@pytest.mark.parametrize(
    ("login", "steps", "walked"),
    [
        ("", [HOME], [HOME]),
        ("", [HOME, Think(seconds=1), ORDER], [HOME, Think(seconds=1), Login("log in"), ORDER]),
        ("", [ORDER, ACCOUNT, ORDER], [Login("log in"), ORDER, ACCOUNT, ORDER]),
        ("log in", [HOME, ORDER], [Login("log in"), HOME, ORDER]),
        ("", [LOGIN, ORDER], [LOGIN, ORDER]),
        ("home", [ORDER, HOME], [Login("home"), Login("log in"), ORDER, HOME]),
    ],
)
def test_a_step_comes_after_the_login_it_needs(login: str, steps: list[Step], walked: list[Login | Step]):
    made = tasks(make_plan(Journey(name="buy", steps=tuple(steps), login=login))).tasks

    assert [task.steps for task in made] == [tuple(walked)]


def test_an_endpoint_on_its_own_comes_after_its_login():
    (task,) = tasks(make_plan(weights=(0, 0, 1, 0))).tasks

    assert task.steps == (Login("log in"), ORDER)


def test_endpoints_come_first_and_what_has_no_weight_is_left_out():
    journeys = [Journey(name=name, steps=(HOME,), weight=weight) for name, weight in [("never", 0), ("buy", 0.5)]]

    made = tasks(make_plan(*journeys, weights=(0, 1.5, 0, 1)))

    assert [(task.name, task.weight, task.is_journey) for task in made.tasks] == [
        ("home", 3, False),
        ("account", 2, False),
        ("buy", 1, True),
    ]
    assert made.unit == 0.5


def test_nothing_to_do():
    assert tasks(make_plan()) == ((), 1.0, ())


@pytest.mark.parametrize(
    ("weights", "whole"),
    [
        ([], []),
        ([1], [1]),
        ([7], [1]),
        ([4, 2], [2, 1]),
        ([3, 3, 2, 1, 0.5], [6, 6, 4, 2, 1]),
        ([0.1, 0.2, 0.3], [1, 2, 3]),
        ([0.001, 1], [1, 1000]),
        ([1 / 3, 2 / 3], [1, 2]),
        ([1e-9, 1], [1, 1000]),
        ([99.9, 0.1], [999, 1]),
        ([1 / 3, 1 / 7, 1 / 11, 1 / 13], [333, 143, 91, 77]),
        ([10**5, 1], [10**5, 1]),
        ([10**9, 10**8, 1], [10**5, 10**4, 1]),
    ],
)
def test_whole_weights(weights: list[float], whole: list[int]):
    assert whole_weights(weights) == whole


@given(st.lists(st.integers(1, 10**5).map(lambda number: number / 1000), min_size=1, max_size=6))
def test_three_decimals_are_exact(weights: list[float]):
    whole = whole_weights(weights)

    unit = weights[0] / whole[0]
    assert [number * unit for number in whole] == pytest.approx(weights)
