"""Median of a few values with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt
from statistics import median, stdev

from perfgate.stats.distributions import t_quantile


def median_interval(column: Sequence[float]) -> tuple[float, float] | None:
    """95 %, two-sided, of values that cannot be negative; None for a single one.

    By Student's t with n - 1 degrees of freedom: median ± t(0.975) * sqrt(pi / 2) * s / sqrt(n), with the asymptotic
    variance of the median of a normal sample (Kenney and Keeping 1962). Without spread the interval is the value.
    """
    if len(column) < 2:
        return None
    middle = median(column)
    reach = t_quantile(0.975, len(column) - 1) * sqrt(pi / 2) * stdev(column) / sqrt(len(column))
    return max(0.0, middle - reach), middle + reach
