"""Shares of requests: one-sided bounds, intervals of differences, and a test for requests that were dealt at random.

Sample sizes may be fractions: an effective size is n / design effect, the number of independent requests that would
know the share as well (Kish 1965, Survey Sampling; for exact bounds Korn and Graubard 1998, Confidence intervals for
proportions with small expected number of positive counts estimated from survey data).
"""

from __future__ import annotations

from math import ceil, inf, log, sqrt

from perfgate.stats.distributions import beta_quantile, normal_quantile, normal_sf


def exact_lower(share: float, n: float, level: float = 0.95) -> float:
    """One-sided lower bound of a share seen in `n` (effective) requests (Clopper and Pearson 1934); 0 without any."""
    hits = share * n
    return 0.0 if hits <= 0 else beta_quantile(1 - level, hits, n - hits + 1)


def exact_upper(share: float, n: float, level: float = 0.95) -> float:
    """One-sided upper bound of a share seen in `n` (effective) requests (Clopper and Pearson 1934)."""
    hits = share * n
    return 1.0 if hits >= n else beta_quantile(level, hits + 1, n - hits)


def wilson(share: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of a share (Wilson 1927, Probable inference). Its ends at `confidence` are one-sided
    bounds at (1 + confidence) / 2."""
    if n <= 0:
        return 0.0, 1.0
    z = normal_quantile((1 + confidence) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if share <= 0 else max(0.0, middle - half)
    return low, 1.0 if share >= 1 else min(1.0, middle + half)


def newcombe(
    share_base: float, n_base: float, share_head: float, n_head: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Two-sided interval of `share_head` - `share_base` of independent samples (Newcombe 1998, Interval estimation for
    the difference between independent proportions, method 10)."""
    low_base, high_base = wilson(share_base, n_base, confidence)
    low_head, high_head = wilson(share_head, n_head, confidence)
    difference = share_head - share_base
    below = sqrt((share_head - low_head) ** 2 + (high_base - share_base) ** 2)
    above = sqrt((high_head - share_head) ** 2 + (share_base - low_base) ** 2)
    return max(-1.0, difference - below), min(1.0, difference + above)


def requests_needed(share: float, allowed: float, level: float = 0.95) -> float:
    """About how many independent requests an observed share needs before a one-sided bound leaves `allowed` out.

    Without any hits exact, ln(1 - level) / ln(1 - allowed): 59 for 5 %, 299 for 1 %; else the score interval's
    z^2 p (1 - p) / (allowed - share)^2, at least that, with p the larger of the two. Infinite when they are equal.
    """
    if share == allowed or not 0 < allowed < 1:
        return inf
    z = normal_quantile(level)
    larger = min(max(allowed, share), 0.5)
    by_score = z * z * larger * (1 - larger) / (allowed - share) ** 2
    return max(by_score, float(fewest(allowed, level)) if share < allowed else 1.0)


def fewest(allowed: float, level: float = 0.95) -> int:
    """The fewest independent requests, none of them a hit, that bound a share by `allowed`: 59 for 5 % at 95 %."""
    return ceil(log(1 - level) / log(1 - allowed) - 1e-9)


def dealt_deviation(pooled: float, n_base: float, n_head: float) -> float:
    """Standard deviation of the head's hits when `pooled` is the share of hits in both arms together and requests were
    dealt to the arms at random: hypergeometric (R. A. Fisher 1935, The design of experiments). Sizes over 1."""
    n = n_base + n_head
    return sqrt(max(0.0, pooled * (1 - pooled) * n_base * n_head / (n - 1)))


def dealt_worse(share_base: float, n_base: float, share_head: float, n_head: float) -> float:
    """One-sided p-value of "requests dealt to the head are no likelier hits", with Yates's continuity correction: the
    randomisation test in its normal approximation, which with few hits is close to Fisher's exact test and safe."""
    n = n_base + n_head
    if n <= 2:
        return 1.0
    pooled = (share_base * n_base + share_head * n_head) / n
    deviation = dealt_deviation(pooled, n_base, n_head)
    if deviation <= 0:
        return 1.0
    return normal_sf((n_head * (share_head - pooled) - 0.5) / deviation)
