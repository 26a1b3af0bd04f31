"""Requests in flight, from windows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from perfgate.measure.in_flight import MAX_VALUES, in_flight
from perfgate.model.budget_file import LoadProfile, Stage
from perfgate.recording.windows import Key, Window

SECOND = 1_000_000_000
LOAD = LoadProfile(model="open", stages=(Stage(level=10, duration=20),), warmup=2.0)


def make_windows(latencies: Sequence[float], first: int = -2, width: int = 1, requests: int = 10) -> dict[Key, Window]:
    """So many requests in each window, with these latencies in seconds."""
    parts = {}
    for at, latency in enumerate(latencies):
        window = parts["endpoint", "search", "", first + at * width] = Window()
        for _ in range(requests):
            window.latency.add(round(latency * SECOND))
        window.successes = requests
    return parts


@pytest.mark.parametrize("latency", [0.1, 0.5, 1.0])
def test_a_steady_load_has_as_many_in_flight_as_littles_law_says(latency: float):
    values = in_flight(make_windows([latency] * 22), LOAD, width=1, duration=20.0)
    assert len(values) == MAX_VALUES
    assert values == pytest.approx([10 * latency] * 20, abs=0.1)


def test_more_and_more_where_the_target_answers_fewer_than_arrive():
    """Half of ten a second are answered: each waits as long as half of the requests before it take."""
    values = in_flight(make_windows([float(at) for at in range(20)], first=0), LOAD, width=1, duration=20.0)
    assert values == pytest.approx(sorted(values))
    assert values[-1] == pytest.approx(100, abs=10)


def test_requests_of_the_warm_up_are_still_under_way():
    values = in_flight(make_windows([7.0], first=-2), LOAD, width=1, duration=20.0)
    assert values[:6] == pytest.approx([10, 10, 10, 10, 10, 0], abs=0.1)


def test_what_was_never_answered_is_in_flight_at_the_end():
    values = in_flight(make_windows([0.1] * 22), LOAD, width=1, duration=20.0, unfinished=40)
    assert (values[0], values[-1]) == pytest.approx((1, 41), abs=0.1)


def test_failures_without_a_latency_are_answered_at_once_and_journeys_are_no_requests():
    parts = make_windows([0.1] * 22)
    parts["endpoint", "search", "", 3].failures = {"connection": 50}
    parts["journey", "buy", "", 3] = make_windows([9.0])["endpoint", "search", "", -2]
    assert in_flight(parts, LOAD, width=1, duration=20.0) == pytest.approx([1.0] * 20, abs=0.1)


def test_wide_windows_make_fewer_values():
    assert len(in_flight(make_windows([0.1] * 6, width=4), LOAD, width=4, duration=20.0)) == 5


@pytest.mark.parametrize(
    "load",
    [
        LoadProfile(model="closed", stages=(Stage(level=10, duration=20),)),
        LoadProfile(model="open", stages=(Stage(level=10, duration=10), Stage(level=100, duration=10))),
        LoadProfile(model="open", stages=()),
    ],
)
def test_none_where_the_number_follows_the_load(load: LoadProfile):
    assert in_flight(make_windows([0.1] * 22), load, width=1, duration=20.0) == ()


def test_a_run_of_no_time_has_none():
    assert in_flight({}, LOAD, width=1, duration=0.0) == ()
    assert in_flight({}, LOAD, width=1, duration=0.4) == ()
