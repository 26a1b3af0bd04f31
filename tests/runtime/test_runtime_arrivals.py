"""Arrivals: exact in number, in order, repeatable, and as random as real visitors where they should be."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate.model.budget_file import Stage
from perfgate.runtime.users.arrivals import number_due, schedule

stages_of = st.lists(st.builds(Stage, level=st.floats(0.1, 50), duration=st.floats(0.5, 40)), min_size=1, max_size=4)
kinds = pytest.mark.parametrize("kind", ["even", "poisson"])


def due(*stages: Stage, kind: str, warmup: float = 0.0, choices: int = 1, seed: int = 1) -> list:
    return list(schedule(stages, warmup=warmup, arrivals=kind, choices=choices, seed=seed))


@kinds
@settings(max_examples=40, deadline=None)
@given(stages=stages_of, warmup=st.sampled_from([0.0, 3.0, 12.5]), seed=st.integers(0, 2**64))
def test_each_stage_gets_exactly_its_number_within_its_time(kind, stages, warmup, seed):
    arrivals = due(*stages, kind=kind, warmup=warmup, seed=seed)
    times = [arrival.due for arrival in arrivals]
    assert times == sorted(times)
    assert [arrival.number for arrival in arrivals] == list(range(len(arrivals)))
    start, rest = 0.0, times
    for stage in ([Stage(level=stages[0].level, duration=warmup)] if warmup else []) + stages:
        assert number_due(stage) == round(stage.level * stage.duration)
        own, rest = rest[: number_due(stage)], rest[number_due(stage) :]
        assert all(start <= time <= start + stage.duration * (1 + 1e-12) for time in own)
        start += stage.duration
    assert rest == []


@pytest.mark.parametrize(
    ("level", "duration", "number"), [(200, 30, 6000), (0.3, 10, 3), (7, 0.1, 1), (1 / 3, 1, 0), (0, 5, 0)]
)
@kinds
def test_the_number_is_rate_times_time(kind, level, duration, number):
    assert len(due(Stage(level=level, duration=duration), kind=kind)) == number


def test_even_arrivals_are_evenly_spaced():
    times = [
        arrival.due for arrival in due(Stage(level=4, duration=2), Stage(level=1, duration=2), kind="even", warmup=1)
    ]
    assert times == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 4])


def test_the_warm_up_runs_at_the_first_level_and_comes_first():
    arrivals = due(Stage(level=10, duration=5), Stage(level=100, duration=5), kind="poisson", warmup=2)
    assert len(arrivals) == 20 + 50 + 500
    assert sum(arrival.due < 2 for arrival in arrivals) == 20
    assert sum(arrival.due < 7 for arrival in arrivals) == 70


@pytest.mark.parametrize("duration", [100.0, 95.0, 7.0])
def test_poisson_gaps_are_exponential(duration):
    """Kolmogorov-Smirnov against the exponential distribution; below the 1 % critical value for this seed."""
    level = 10_000 / duration
    times = np.array([arrival.due for arrival in due(Stage(level=level, duration=duration), kind="poisson", seed=11)])
    gaps = np.sort(np.diff(times))
    expected = 1 - np.exp(-level * gaps)
    steps = np.arange(len(gaps) + 1) / len(gaps)
    distance = max(np.max(steps[1:] - expected), np.max(expected - steps[:-1]))
    assert distance < 1.63 / np.sqrt(len(gaps))


def test_poisson_counts_spread_as_much_as_they_should():
    """The variance of counts in equal spans is their mean; even arrivals would have none."""
    times = [arrival.due for arrival in due(Stage(level=100, duration=100), kind="poisson", seed=3)]
    counts = np.bincount(np.array(times).astype(int), minlength=100)
    assert counts.sum() == 10_000
    assert 0.7 < counts.var() / counts.mean() < 1.4
    empty = np.bincount((np.array(times) * 100).astype(int), minlength=10_000) == 0
    assert empty.mean() == pytest.approx(exp(-1), abs=0.02)


@kinds
def test_the_same_seed_gives_the_same_load(kind):
    stages = Stage(level=20, duration=10), Stage(level=5, duration=10)
    assert due(*stages, kind=kind, choices=7, seed=5) == due(*stages, kind=kind, choices=7, seed=5)
    assert due(*stages, kind=kind, choices=7, seed=5) != due(*stages, kind=kind, choices=7, seed=6)


@kinds
@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_workers_share_the_schedule_without_gaps_or_overlap(kind, workers):
    """Each takes every n-th arrival of the same schedule, as the dispatcher does."""
    whole = due(Stage(level=20, duration=10), kind=kind, choices=3)
    again = [due(Stage(level=20, duration=10), kind=kind, choices=3) for _ in range(workers)]
    shares = [[one for one in arrivals if one.number % workers == index] for index, arrivals in enumerate(again)]
    assert sorted((one for share in shares for one in share), key=lambda one: one.number) == whole
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@kinds
@pytest.mark.parametrize("choices", [1, 2, 5, 7])
def test_every_choice_comes_exactly_as_often_as_the_others(kind, choices):
    arrivals = due(Stage(level=choices * 10, duration=10), kind=kind, choices=choices)
    assert Counter(arrival.choice for arrival in arrivals) == dict.fromkeys(range(choices), 100)
    for first in range(0, len(arrivals), choices):
        assert {arrival.choice for arrival in arrivals[first : first + choices]} == set(range(choices))


def test_the_order_of_choices_is_random():
    arrivals = due(Stage(level=60, duration=10), kind="even", choices=6)
    assert len({tuple(one.choice for one in arrivals[first : first + 6]) for first in range(0, 600, 6)}) > 50


@kinds
@pytest.mark.timeout(10)
def test_a_long_schedule_is_not_held_in_memory(kind):
    ten_hours = schedule([Stage(level=1000, duration=36_000)], warmup=60, arrivals=kind, choices=3, seed=1)
    first = list(islice(ten_hours, 1000))
    assert [arrival.number for arrival in first] == list(range(1000))
    assert first[-1].due == pytest.approx(1.0, abs=0.3)
