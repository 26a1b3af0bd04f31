"""Quantiles and shares of values in a histogram, and how well a quantile is known from order statistics.

Inside a bucket of the histogram values count as evenly spread, so that shares and quantiles move smoothly. Seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from perfgate.stats.distributions import beta_cdf, normal_quantile

Floats = NDArray[np.float64]

_RANK_TOLERANCE = 0.01  # of a rank


@dataclass(frozen=True)
class Curve:
    """The distribution function, straight inside each bucket: `below` values are under `low`, `upto` under `high`."""

    low: Floats  # lower edge of each filled bucket, s
    high: Floats
    below: Floats
    upto: Floats

    @property
    def count(self) -> float:
        return float(self.upto[-1]) if len(self.upto) else 0.0

    def share_over(self, seconds: float) -> float:
        """The share of values above; 0 when empty."""
        i = int(np.searchsorted(self.high, seconds, side="right"))
        if i == len(self.high):
            return 0.0
        part = max(0.0, seconds - self.low[i]) / (self.high[i] - self.low[i])
        under = self.below[i] + part * (self.upto[i] - self.below[i])
        return float(1 - under / self.count)

    def quantile(self, q: float) -> float:
        """The value with a share q below it, 0 <= q <= 1; the curve must not be empty."""
        rank = q * self.count
        i = min(int(np.searchsorted(self.upto, rank - 1e-9)), len(self.upto) - 1)
        part = (rank - self.below[i]) / (self.upto[i] - self.below[i])
        return float(self.low[i] + min(1.0, max(0.0, part)) * (self.high[i] - self.low[i]))

    def deviation(self) -> float:
        """The standard deviation of the values, to the histogram's resolution; 0 when empty."""
        if not self.count:
            return 0.0
        middle, counts = (self.low + self.high) / 2, self.upto - self.below
        mean = float(middle @ counts) / self.count
        return sqrt(float((middle - mean) ** 2 @ counts) / self.count)


def interval(known: Curve, q: float, n: float, confidence: float = 0.95) -> tuple[float, float] | None:
    """Two-sided interval of the quantile q from order statistics (David and Nagaraja 2003, Order statistics, 7.1), with
    `n` (effective) values. None when there are too few: 72 for p95, see `fewest`."""
    tail = (1 - confidence) / 2
    if n < 1 or max(q, 1 - q) ** n > tail:
        return None
    high = rank(tail, n, q) / n
    return lower_end(known, q, n, confidence), known.quantile(min(1.0, high))


def lower_end(known: Curve, q: float, n: float, confidence: float = 0.95) -> float:
    """Lower end of that interval, also where nothing bounds the quantile from above; the smallest value where `n` is
    too few."""
    n = max(1.0, n)
    return known.quantile(max(0.0, 1 - rank((1 - confidence) / 2, n, 1 - q) / n))


def rank(tail: float, n: float, q: float) -> float:
    """The rank u with P(u-th smallest of n values < quantile q) = I_q(u, n - u + 1) = `tail`, by the secant method from
    a normal approximation; n when even the largest value is not that surely above."""
    if q**n >= tail:
        return n
    z = -normal_quantile(tail)
    u = n * q + 0.5 + z * sqrt(n * q * (1 - q)) + (z * z - 1) * (1 - 2 * q) / 6  # Cornish and Fisher
    u = min(n, max(1e-3, u))
    step = -0.1 * min(1.0, u / 2)
    error = _logit(beta_cdf(q, u, n - u + 1)) - _logit(tail)
    for _ in range(30):
        following = min(n, max(1e-6, u + step))
        changed = _logit(beta_cdf(q, following, n - following + 1)) - _logit(tail)
        if changed == error:
            break
        step = -changed * (following - u) / (changed - error)
        u, error = following, changed
        if abs(step) < _RANK_TOLERANCE:
            break
    return min(n, max(0.0, u))


def _logit(p: float) -> float:
    return inf if p >= 1 else -inf if p <= 0 else float(np.log(p) - np.log1p(-p))
