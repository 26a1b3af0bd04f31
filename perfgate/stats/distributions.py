"""Distribution functions of floats: cdf P(X <= x), sf P(X > x), quantile. Right to 1e-8 beside SciPy (tests/stats).

Both tails are computed for themselves, so that small p-values stay exact where 1 - cdf would be 0.
"""

from __future__ import annotations

from math import erfc, exp, inf, isinf, log, sqrt
from statistics import NormalDist

import numpy as np

from perfgate.stats.special import incomplete_beta, log_beta

_NORMAL = NormalDist()
_NORMAL_DF = 1e10  # degrees of freedom from which Student's t is the normal distribution
_LOG_ODDS = 700.0  # exp() of more overflows
_CHUNK = 4096


def normal_sf(x: float) -> float:
    return 0.5 * erfc(x / sqrt(2))


def normal_quantile(p: float) -> float:
    """The x with cdf(x) = p; minus and plus infinity at 0 and 1."""
    if p <= 0 or p >= 1:
        return inf if p >= 1 else -inf
    return _NORMAL.inv_cdf(p)


def t_sf(x: float, df: float) -> float:
    """DLMF 8.17: P(T > x) = I_{df / (df + x^2)}(df / 2, 1/2) / 2 for x >= 0. `df` > 0 need not be whole."""
    if df >= _NORMAL_DF:
        return normal_sf(x)
    if isinf(x):
        return 0.0 if x > 0 else 1.0
    tail = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + x * x), x * x / (df + x * x))
    return tail if x >= 0 else 1 - tail


def t_quantile(p: float, df: float) -> float:
    """The x with cdf(x) = p; minus and plus infinity at 0 and 1."""
    if p <= 0 or p >= 1 or df >= _NORMAL_DF:
        return normal_quantile(p)
    if p == 0.5:
        return 0.0
    odds = _beta_log_odds(2 * min(p, 1 - p), df / 2, 0.5)
    return (1 if p > 0.5 else -1) * sqrt(df) * exp(-odds / 2)


def beta_cdf(x: float, a: float, b: float) -> float:
    return incomplete_beta(a, b, x, 1 - x)


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with cdf(x) = p; a, b > 0."""
    if p <= 0 or p >= 1:
        return float(p >= 1)
    return _logistic(_beta_log_odds(p, a, b))


def _beta_log_odds(p: float, a: float, b: float) -> float:
    """ln(x / (1 - x)) of the quantile x. Newton's method on the logarithm of the smaller tail, kept inside a bracket:
    in these coordinates both tails are nearly straight, and neither end loses digits."""
    if p > 0.5:
        return -_beta_log_odds(1 - p, b, a)
    low, high = -_LOG_ODDS, _LOG_ODDS
    odds = log(a / b)
    target, scale = log(p), log_beta(a, b)
    for _ in range(200):
        x, y = _logistic(odds), _logistic(-odds)
        tail = incomplete_beta(a, b, x, y)
        if tail <= 0:
            low, step = odds, inf
        else:
            error = log(tail) - target
            low, high = (odds, high) if error < 0 else (low, odds)
            slope = exp(a * log(x) + b * log(y) - scale) / tail  # d ln F / d odds
            step = -error / slope if slope > 0 else inf
        following = odds + step
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - odds) <= 1e-14 * max(1.0, abs(odds)):
            return following
        odds = following
    return odds


def _logistic(odds: float) -> float:
    return 1 / (1 + exp(-odds)) if odds >= 0 else exp(odds) / (1 + exp(odds))


def beta_binomial_sf(k: float, n: int, a: float, b: float) -> float:
    """P(X > k) for X binomial(n, P) with P beta(a, b) distributed."""
    if k < 0 or k >= n:
        return float(k < 0)
    if k < n * a / (a + b):
        return 1 - _beta_binomial_sum(n - int(k), n, b, a)  # X > k is n - X < n - k, and few terms are left out
    return _beta_binomial_sum(int(k) + 1, n, a, b)


def _beta_binomial_sum(first: int, n: int, a: float, b: float) -> float:
    """P(X >= first), from the largest term on: pmf(i + 1) / pmf(i) = (n - i)(a + i) / ((i + 1)(b + n - i - 1))."""
    logarithm = log_beta(first + a, n - first + b) - log_beta(a, b) - log_beta(first + 1, n - first + 1) - log(n + 1)
    total = 0.0
    while first <= n:
        i = np.arange(first, min(first + _CHUNK, n + 1), dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):  # of the step after the last term
            ratios = np.log((n - i) * (a + i)) - np.log((i + 1) * (b + n - i - 1))
        steps = np.concatenate(([0.0], np.cumsum(ratios)))
        part = float(np.exp(logarithm + steps[:-1]).sum())
        total += part
        if part <= 1e-17 * total:
            break
        logarithm += float(steps[-1])
        first += _CHUNK
    return min(1.0, total)
