"""Advice to load for longer: what is written in the budget file, so that earlier runs still compare."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_run

from perfgate.gate.history.longer import longer


@pytest.mark.parametrize(
    ("load", "seconds", "advice"),
    [
        ("25/s for 20 s after 5 s warm-up (open, poisson arrivals)", 830, "`duration: 20s..14m`"),
        ("25/s for 20 s to 60 s without warm-up (open, poisson arrivals)", 83, "`duration: 20s..90s`"),
        ("1 user for 30 s after 5 s warm-up (closed)", 31, "`duration: 30s..60s`"),  # a range is at least twice as long
        ("10/s for 20 s, then 20/s for 20 s after 5 s warm-up (open)", 830, "14 minutes at this rate"),
        ("replay of a.log at 1x: 9 requests, 20 s without warm-up (open)", 45, "50 s at this rate"),
        ("", 45, "50 s at this rate"),
    ],
)
def test_the_advice_is_a_range_where_the_load_may_have_one(load: str, seconds: float, advice: str):
    """Followed once: a plain longer duration is another load, and the next five runs have no baseline."""
    run = make_run()

    assert longer(replace(run, conditions=replace(run.conditions, load=load)), seconds) == advice
