"""A target that went away is told with the second since which it is gone."""

from __future__ import annotations

import pytest
from measure.test_measuring import MS, make_window

from perfgate.measure.outage import outages
from perfgate.recording.windows import BASE, HEAD, Window

UP, DOWN, BUSY = make_window(*[MS] * 9), make_window(connection=9), make_window(MS, connection=8)


def noted(*seconds: Window, arm: str = "", kind: str = "endpoint") -> list[str]:
    windows = {(kind, "search", arm, second): window for second, window in enumerate(seconds, start=-1)}
    return [str(item) for item in outages(windows, width=1, duration=9.0)]


@pytest.mark.parametrize(("arm", "name"), [("", "the target"), (BASE, "the base"), (HEAD, "the head")])
def test_a_target_that_went_away_is_named_with_the_second(arm: str, name: str):
    (text,) = noted(UP, UP, UP, DOWN, DOWN, arm=arm)
    assert text.startswith(f"From second 2 on (to 1 s), no request to {name} was answered: its")


def test_a_target_that_went_away_in_the_warm_up_has_no_negative_second():
    (text,) = noted(UP, DOWN, DOWN)
    assert text.startswith("From second 0 on")
    windows = {("endpoint", "search", "", second): window for second, window in ((-3, UP), (-2, DOWN), (-1, DOWN))}
    (note,) = outages(windows, width=1, duration=9.0)
    assert str(note).startswith("From the warm-up on, no request to the target was answered")


@pytest.mark.parametrize(
    "seconds",
    [
        (UP, UP, UP),
        (DOWN, DOWN, DOWN),  # it was never there: other words say so
        (UP, DOWN, DOWN, UP),  # it came back
        (UP, UP, BUSY, BUSY),
        (UP, UP, UP, DOWN),  # too few to say
    ],
)
def test_other_failures_are_no_outage(seconds: tuple[Window, ...]):
    assert noted(*seconds) == []
    assert noted(UP, UP, DOWN, DOWN, kind="journey") == []
