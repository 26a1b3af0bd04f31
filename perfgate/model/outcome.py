"""Outcome: what a criterion, a finding or a verdict comes to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """Worst first; the order of definition is the order of badness."""

    FAIL = "fail"
    NO_DATA = "no-data"
    INCONCLUSIVE = "inconclusive"
    WARN = "warn"
    NO_BASELINE = "no-baseline"
    IMPROVED = "improved"
    PASS = "pass"


BADNESS = {outcome: rank for rank, outcome in enumerate(Outcome)}  # 0 is worst

NEVER_A_BASELINE = frozenset({Outcome.FAIL, Outcome.NO_DATA})  # runs of these outcomes, until somebody accepts them


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of `outcomes`; PASS when there are none."""
    return min(outcomes, key=BADNESS.__getitem__, default=Outcome.PASS)
