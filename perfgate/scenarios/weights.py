"""Weights as Locust takes them: whole numbers in the same proportions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

STEPS = 1000  # the resolution of weights


def whole_weights(weights: Sequence[float]) -> list[int]:
    """The smallest whole numbers in the same proportions; exact when they have up to three decimals."""
    if not weights:
        return []
    fractions = [max(Fraction(weight).limit_denominator(STEPS), Fraction(1, STEPS)) for weight in weights]
    common = min(lcm(*(fraction.denominator for fraction in fractions)), STEPS)
    whole = [max(1, round(fraction * common)) for fraction in fractions]
    divisor = gcd(*whole)
    return [number // divisor for number in whole]
