"""When a page was viewed often enough."""

from __future__ import annotations

import pytest

from perfgate.pages.summary import is_precise

STEADY, WIDE = [1.0, 1.01, 1.02, 1.0, 1.01], [1.0, 2.0, 1.1, 3.0, 1.2]


@pytest.mark.parametrize(
    ("columns", "judged", "is_enough"),
    [
        ({"lcp": STEADY, "fcp": WIDE}, ["lcp"], True),
        ({"lcp": STEADY, "fcp": WIDE}, ["lcp", "fcp"], False),
        ({"lcp": WIDE}, [], False),  # without a budget: the LCP
        ({"lcp": STEADY, "requests": WIDE}, ["lcp", "requests"], True),  # a fact: more views change nothing
        ({"lcp": STEADY}, ["lcp", "inp"], True),  # what no view has stays missing
        ({"cls": [0.0] * 5}, ["cls"], True),
        ({"inp": [0.001, 0.003, 0.002, 0.001, 0.002]}, ["inp"], True),  # a wide interval of next to nothing
        ({"lcp": [1.0]}, ["lcp"], False),
    ],
)
def test_views_are_enough_once_what_is_judged_is_known_closely(columns, judged, is_enough: bool):
    assert is_precise(columns, judged) is is_enough
