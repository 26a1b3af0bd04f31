"""Upper bounds of quantiles from few values: order statistics as far as they reach, then the tail's own slope.

The r-quantile of n values is at most the largest of them with confidence `level`, where r = (1 - level) ** (1 / n): no
assumption is made. Beyond r, latencies are taken to grow no faster per halving of the share over them than they did
inside the sample: the logarithm of the latency is at most linear in that of the share (a Pareto tail, the heaviest of
those in use; log-normal, Weibull and gamma tails grow slower the further out). What has not been seen at all, such as
a second mode of a few per cent, no bound from so few values covers; tests/stats measures how often it holds.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp, inf, log, log2

from perfgate.stats.proportions import exact_upper
from perfgate.stats.quantiles import Curve

MIN_VALUES = 20  # values; fewer say nothing of a tail
MIN_SPREAD = 0.02  # of the logarithm per halving, at least: a histogram's bucket, and values that happen to be equal
MAX_EXTENSION = (
    4.0  # times the share over q that order statistics bound: from further out nothing is extended (2 halvings)
)
TAIL_SHARES = (0.5, 0.25, 0.125)  # over the quantiles between which the slope of the tail is read


def share_upper(known: Curve, seconds: float, n: float, level: float, allowed: float) -> float:
    """One-sided upper bound of the share of values over `seconds`, from `n` (effective) values; `allowed` is the share
    that it will be compared with.

    With none over it the share is that of the extended tail, where that is less than what order statistics allow.
    """
    observed = known.share_over(seconds)
    bound = exact_upper(observed, n, level)
    if observed > 0 or min(known.count, n) < MIN_VALUES or bound > MAX_EXTENSION * allowed:
        return bound
    highest = known.quantile(1.0)
    halvings = log(seconds / highest) / slope(known) if highest > 0 else inf
    return float(bound * 0.5**halvings)


def slope(known: Curve) -> float:
    """How much the logarithm of the latency grows when the share over it is halved: the steepest stretch of the
    upper half that has values enough, and the largest value beside it."""
    points = [(log(1 / share), known.quantile(1 - share)) for share in TAIL_SHARES if share * known.count >= 2]
    points.append((log(known.count), known.quantile(1.0)))
    grown = [
        log(high / low) / (at - before) * log(2)
        for (before, low), (at, high) in pairwise(points)
        if low > 0 and at > before
    ]
    return max([MIN_SPREAD, *grown])


def upper_end(known: Curve, q: float, n: float, level: float) -> float:
    """One-sided upper bound of the quantile q: the value whose share over it is surely at most 1 - q. Infinite with too
    few values even for the extended tail."""
    highest, unseen = known.quantile(1.0), exact_upper(0.0, n, level)
    if unseen > 1 - q:
        if min(known.count, n) < MIN_VALUES or unseen > MAX_EXTENSION * (1 - q) or highest <= 0:
            return inf
        return highest * exp(slope(known) * log2(unseen / (1 - q)))
    low, high = known.quantile(q), highest
    for _ in range(60):
        if high - low <= 1e-6 * high:
            break
        middle = (low + high) / 2
        low, high = (middle, high) if exact_upper(known.share_over(middle), n, level) > 1 - q else (low, middle)
    return high
