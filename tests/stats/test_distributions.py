"""Beside SciPy, over ordinary and extreme arguments."""

from __future__ import annotations

from math import inf

import pytest
from scipy import special as theirs
from scipy import stats

from perfgate.stats import distributions, special

TAILS = (1e-12, 1e-6, 0.001, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999, 1 - 1e-9)
SHAPES = ((0.5, 0.5), (1, 1), (0.5, 40), (3, 997), (59.5, 1140.5), (150.3, 2850.1), (1e-3, 5), (2e5, 1.5e6))
FREEDOMS = (1, 1.7, 3, 9, 59, 1e3, 1e6, 1e12)


def close(expected: float) -> object:
    return pytest.approx(float(expected), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("x", [-38.0, -6.0, -1.3, 0.0, 0.4, 2.0, 8.0, 30.0])
def test_normal(x: float):
    assert distributions.normal_sf(x) == close(stats.norm.sf(x))


@pytest.mark.parametrize("p", TAILS)
def test_normal_quantile(p: float):
    assert distributions.normal_quantile(p) == close(stats.norm.ppf(p))


@pytest.mark.parametrize("df", FREEDOMS)
def test_t(df: float):
    for x in (-50.0, -2.2, -1e-4, 0.0, 1e-3, 1.0, 3.3, 12.0, 400.0):
        assert distributions.t_sf(x, df) == close(stats.t.sf(x, df))
    for p in TAILS:
        assert distributions.t_quantile(p, df) == close(stats.t.ppf(p, df))


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_beta(a: float, b: float):
    for p in TAILS:
        x = float(stats.beta.ppf(p, a, b))
        assert distributions.beta_quantile(p, a, b) == pytest.approx(x, rel=1e-8, abs=1e-290)
        assert distributions.beta_cdf(x, a, b) == close(stats.beta.cdf(x, a, b))


@pytest.mark.parametrize(("n", "a", "b"), [(20, 0.5, 3), (600, 2.1, 210), (3000, 0.2, 900), (40_000, 500, 1e5)])
def test_beta_binomial(n: int, a: float, b: float):
    """Beside sums of SciPy's probabilities: its own `sf` is 1 - cdf."""
    probabilities = stats.betabinom.pmf(range(n + 1), n, a, b)
    mean = n * a / (a + b)
    for k in sorted({0, 1, 5, int(mean / 2), int(mean), int(mean * 1.5), min(n - 1, int(mean * 3))}):
        expected = probabilities[k + 1 :].sum()
        assert distributions.beta_binomial_sf(k, n, a, b) == pytest.approx(float(expected), rel=1e-7)


def test_the_ends():
    assert [distributions.normal_quantile(p) for p in (0, 1)] == [-inf, inf]
    assert [distributions.t_quantile(p, 4) for p in (0, 1)] == [-inf, inf]
    assert [distributions.t_sf(x, 4) for x in (inf, -inf)] == [0, 1]
    assert [distributions.beta_quantile(p, 2, 3) for p in (0, 1)] == [0, 1]
    assert [distributions.beta_cdf(x, 2, 3) for x in (0.0, 1.0)] == [0, 1]
    assert [distributions.beta_binomial_sf(k, 10, 2, 3) for k in (-1, 10)] == [1, 0]


def test_a_beta_binomial_with_certain_share_is_binomial():
    assert distributions.beta_binomial_sf(7, 100, 2e6, 98e6) == pytest.approx(stats.binom.sf(7, 100, 0.02), rel=1e-4)


@pytest.mark.parametrize("x", [1e-4, 0.03, 0.5, 1.0, 4.5, 9.99, 12.0, 3e4])
def test_gamma_derivatives(x: float):
    assert special.digamma(x) == close(theirs.digamma(x))
    assert special.trigamma(x) == close(theirs.polygamma(1, x))
    assert special.inverse_trigamma(float(theirs.polygamma(1, x))) == pytest.approx(x, rel=1e-6)
