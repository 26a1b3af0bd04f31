"""Numbers of things."""

from __future__ import annotations

import pytest

from perfgate.text.plurals import counted, enumerated


@pytest.mark.parametrize(("number", "text"), [(0, "0 runs"), (1, "1 run"), (1200, "1,200 runs")])
def test_numbers_of_things(number: int, text: str):
    assert counted(number, "run") == text


def test_what_there_is_none_of_is_not_enumerated():
    assert enumerated((0, "endpoint"), (1, "locustfile"), (2, "budget")) == "1 locustfile, 2 budgets"
