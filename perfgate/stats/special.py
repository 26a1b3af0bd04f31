"""Special functions that the distributions are made of."""

from __future__ import annotations

from math import exp, fabs, inf, lgamma, log, log1p, pi

_LOG_SQRT_2PI = 0.5 * log(2 * pi)
_TINY = 1e-300
_MIN_ASYMPTOTIC = 10.0  # from here on asymptotic series are exact to a double
_TOLERANCE = 1e-15


def log_beta(a: float, b: float) -> float:
    """ln B(a, b) without the cancellation of three large ln Gamma (D. W. Fullerton's `dlbeta`, SLATEC)."""
    p, q = min(a, b), max(a, b)
    if q < _MIN_ASYMPTOTIC:
        return lgamma(p) + lgamma(q) - lgamma(p + q)
    share = p / (p + q)
    if p < _MIN_ASYMPTOTIC:
        rest = _stirling_error(q) - _stirling_error(p + q)
        return lgamma(p) + rest + p - p * log(p + q) + (q - 0.5) * log1p(-share)
    rest = _stirling_error(p) + _stirling_error(q) - _stirling_error(p + q)
    return _LOG_SQRT_2PI - 0.5 * log(q) + rest + (p - 0.5) * log(share) + q * log1p(-share)


def _stirling_error(x: float) -> float:
    """ln Gamma(x) less Stirling's formula, for x >= 10 (Abramowitz & Stegun 6.1.41)."""
    y = 1 / (x * x)
    return (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * 691 / 360360))))) / x


def incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """The regularised I_x(a, b); a, b > 0. `y` is 1 - x, which the caller often knows more exactly.

    Continued fraction (DLMF 8.17.22) by Lentz's method, on the side of the mean where it converges fast.
    """
    if x <= 0:
        return 0.0
    if y <= 0:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, y, x)
    front = exp(a * log(x) + b * log(y) - log_beta(a, b)) / a
    return min(1.0, front / _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)) of DLMF 8.17.23."""
    value, c, d = 1.0, 1.0, 0.0
    step = 0
    while True:
        step += 1
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + term * d or _TINY)
        c = 1 + term / c or _TINY
        value *= c * d
        if fabs(c * d - 1) < _TOLERANCE:
            return value


def digamma(x: float) -> float:
    """psi(x) for x > 0: recurrence up to 10, then the asymptotic series (Abramowitz & Stegun 6.3.18)."""
    below = 0.0
    while x < _MIN_ASYMPTOTIC:
        below -= 1 / x
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return below + log(x) - 0.5 / x - series


def trigamma(x: float) -> float:
    """psi'(x) for x > 0: recurrence up to 10, then the asymptotic series (Abramowitz & Stegun 6.4.12)."""
    above = 0.0
    while x < _MIN_ASYMPTOTIC:
        above += 1 / (x * x)
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * (5 / 66 - y * 691 / 2730)))))
    return above + (1 + 0.5 / x + series) / x


def inverse_trigamma(value: float) -> float:
    """The x > 0 with psi'(x) = value > 0, by Newton's method on 1/psi' (Smyth 2004, limma, appendix)."""
    if value <= 0:
        return inf
    if value > 1e7:
        return float(value**-0.5)
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(50):
        now = trigamma(x)
        step = now * (1 - now / value) / _tetragamma(x)
        x += step
        if -step / x < 1e-12:
            break
    return x


def _tetragamma(x: float) -> float:
    """psi''(x), Abramowitz & Stegun 6.4.13 after the same recurrence."""
    below = 0.0
    while x < _MIN_ASYMPTOTIC:
        below -= 2 / (x * x * x)
        x += 1
    y = 1 / (x * x)
    return below - y * (1 + 1 / x + y * (1 / 2 - y * (1 / 6 - y * (1 / 6 - y * (3 / 10 - y * 5 / 6)))))
