"""Server-Timing of any server: numbers that are none are left out."""

from __future__ import annotations

import pytest

from perfgate.text import server_timing


@pytest.mark.parametrize(
    "header", ["cpu;dur=1e999", "cpu;dur=" + "9" * 400, "cpu;dur=1e12", 'cpu;desc="' + "9" * 5000 + '"', "cpu;dur=nan"]
)
def test_a_number_without_bounds_is_left_out(header: str):
    timing = server_timing.read(header)

    assert (timing.seconds, timing.calls) == ({}, {})


def test_usual_numbers_stay():
    timing = server_timing.read('db;dur=12.5;desc="n=3 queries", cpu;dur=1e3')

    assert timing.seconds == {"database": 0.0125, "cpu": 1.0}
    assert timing.calls == {"database": 3}
