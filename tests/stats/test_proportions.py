from __future__ import annotations

from math import inf

import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from perfgate.stats import proportions

COUNTS = [(0, 59), (1, 40), (3, 600), (30, 600), (299, 600), (600, 600), (12, 12_000)]


@pytest.mark.parametrize(("hits", "n"), COUNTS)
def test_exact_bounds_beside_statsmodels(hits: int, n: int):
    low, high = proportion_confint(hits, n, alpha=0.10, method="beta")

    assert proportions.exact_lower(hits / n, n) == pytest.approx(low, rel=1e-8, abs=1e-12)
    assert proportions.exact_upper(hits / n, n) == pytest.approx(high, rel=1e-8)


@pytest.mark.parametrize(("hits", "n"), COUNTS)
def test_wilson_beside_statsmodels(hits: int, n: int):
    assert proportions.wilson(hits / n, n) == pytest.approx(
        proportion_confint(hits, n, alpha=0.05, method="wilson"), rel=1e-8, abs=1e-12
    )


@pytest.mark.parametrize("base", COUNTS)
@pytest.mark.parametrize("head", COUNTS)
def test_newcombe_beside_statsmodels(base: tuple[int, int], head: tuple[int, int]):
    expected = confint_proportions_2indep(*head, *base, method="newcomb", compare="diff")

    found = proportions.newcombe(base[0] / base[1], base[1], head[0] / head[1], head[1])

    assert found == pytest.approx(expected, abs=1e-9)


def test_effective_sizes_may_be_fractions():
    one, two = proportions.exact_upper(0.02, 100.0), proportions.exact_upper(0.02, 101.0)
    assert two < proportions.exact_upper(0.02, 100.5) < one
    assert proportions.wilson(0.3, 0.0) == (0, 1)


@pytest.mark.parametrize(
    ("allowed", "level", "n"), [(0.05, 0.95, 59), (0.05, 0.975, 72), (0.01, 0.95, 299), (0.1, 0.99, 44)]
)
def test_the_fewest_requests_that_bound_a_share(allowed: float, level: float, n: int):
    assert proportions.fewest(allowed, level) == n
    assert proportions.exact_upper(0.0, n, level) <= allowed < proportions.exact_upper(0.0, n - 1, level)


def test_requests_needed_decide():
    for share, allowed in [(0.0, 0.05), (0.02, 0.05), (0.045, 0.05), (0.06, 0.05), (0.5, 0.05), (0.004, 0.01)]:
        n = proportions.requests_needed(share, allowed)
        low, high = proportions.wilson(share, n * 1.001, 0.90)
        assert high <= allowed or low >= allowed or n == 1
    assert proportions.requests_needed(0.05, 0.05) == inf


@pytest.mark.parametrize(
    ("base", "head"),
    [((0, 100), (5, 100)), ((3, 3000), (14, 3000)), ((150, 3000), (190, 3000)), ((20, 900), (70, 2100))],
)
def test_dealt_requests_beside_fishers_exact_test(base: tuple[int, int], head: tuple[int, int]):
    exact = stats.fisher_exact(
        [[head[0], head[1] - head[0]], [base[0], base[1] - base[0]]], alternative="greater"
    ).pvalue

    found = proportions.dealt_worse(base[0] / base[1], base[1], head[0] / head[1], head[1])

    assert found == pytest.approx(exact, rel=0.35)


def test_nothing_to_compare_is_no_evidence():
    assert proportions.dealt_worse(0.0, 500, 0.0, 500) == 1
    assert proportions.dealt_worse(0.0, 1, 1.0, 1) == 1
