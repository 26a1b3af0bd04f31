"""Numbers of things."""

from __future__ import annotations

import pytest

from perfgate.text.plurals import counted


@pytest.mark.parametrize(("number", "text"), [(0, "0 runs"), (1, "1 run"), (1200, "1,200 runs")])
def test_numbers_of_things(number: int, text: str):
    assert counted(number, "run") == text
