"""Many hypotheses at once: p-values adjusted so that they can be compared with one level."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: rejecting those at most alpha keeps the chance of even one false
    rejection at alpha, whatever their dependence (Holm 1979, A simple sequentially rejective multiple test procedure).
    """
    number = len(p_values)
    adjusted = [1.0] * number
    highest = 0.0
    for rank, i in enumerate(sorted(range(number), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (number - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: of those at most q, a share of at most q is false on average, for
    independent or positively dependent tests (Benjamini and Hochberg 1995, Controlling the false discovery rate)."""
    number = len(p_values)
    adjusted = [1.0] * number
    lowest = 1.0
    for rank, i in reversed(list(enumerate(sorted(range(number), key=p_values.__getitem__), start=1))):
        lowest = min(lowest, number / rank * p_values[i])
        adjusted[i] = lowest
    return adjusted
