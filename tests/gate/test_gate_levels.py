"""The error rates that the gate states are those that measuring uses."""

from __future__ import annotations

from perfgate.gate import levels
from perfgate.measure import precision


def test_intervals_are_measured_at_the_confidence_that_the_gate_takes_them_for():
    assert precision.CONFIDENCE == levels.CONFIDENCE


def test_a_pass_misses_as_rarely_as_promised():
    assert levels.PASS_LEVEL == 1 - levels.FALSE_PASS_RATE == 0.95
