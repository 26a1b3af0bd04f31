"""How long runs usually take that end when everything is decided."""

from __future__ import annotations

from builders import make_arms, make_past_run

from perfgate.gate import time_to_decide

SECONDS = (20.0, 20.0, 40.0, 160.0)


def past_runs(**others):
    return [make_past_run(number, looks=4, duration=seconds, **others) for number, seconds in enumerate(SECONDS)]


def test_the_median_of_runs_that_could_go_on():
    assert time_to_decide(past_runs(), "l1", side_by_side=False) == 30.0


def test_too_few_of_them_say_nothing():
    assert time_to_decide(past_runs()[:2], "l1", side_by_side=False) is None


def test_other_runs_do_not_count():
    fixed = [make_past_run(number, duration=30.0) for number in range(9)]
    broken = [make_past_run(number, looks=4, duration=1.0, aborted="errors") for number in range(9)]
    assert time_to_decide([*fixed, *broken], "l1", side_by_side=False) is None
    assert time_to_decide(past_runs(), "another load", side_by_side=False) is None
    assert time_to_decide(past_runs(arms=make_arms()), "l1", side_by_side=False) is None
    assert time_to_decide(past_runs(arms=make_arms()), "l1", side_by_side=True) == 30.0
