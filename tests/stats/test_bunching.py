"""The mixture of correlations: its likelihood beside SciPy's, and what it makes of quiet and of restless runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom

from perfgate.stats import bunching

REQUESTS = 1000.0


def drawn(random: np.random.Generator, correlations: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Ten endpoints; `correlations` (10, runs), 1 % of failures."""
    size = 1 / correlations - 1
    failures = random.binomial(int(REQUESTS), random.beta(0.01 * size, 0.99 * size)).astype(float)
    return [(one, np.full(len(one), REQUESTS)) for one in failures]


def weight_above(mixed: tuple[tuple[float, float], ...], least: float) -> float:
    return sum(weight for correlation, weight in mixed if correlation >= least)


def test_likelihoods_differ_as_scipys():
    failures, requests = np.array([3.0, 0.0, 40.0]), np.array([1000.0, 500.0, 1200.0])
    ours = bunching._logarithms(failures, requests)
    share = (failures.sum() + 0.5) / (requests.sum() + 1)
    size = 1 / bunching.CORRELATIONS - 1
    theirs = betabinom.logpmf(failures[:, None], requests[:, None], share * size, (1 - share) * size)

    assert ours - ours[:, 1:2] == pytest.approx(theirs - theirs[:, 1:2], abs=1e-3)


def test_independent_failures_are_seen_as_such():
    mixed = bunching.mixture(drawn(np.random.default_rng(1), np.full((10, 10), 1e-7)))

    assert sum(weight for _, weight in mixed) == pytest.approx(1, abs=1e-4)
    assert weight_above(mixed, 0.005) < 0.01


def test_one_bad_run_in_ten_is_seen_as_one_in_ten():
    random = np.random.default_rng(2)
    correlations = np.where(random.random((10, 20)) < 0.1, 0.03, 1e-7)
    mixed = bunching.mixture(drawn(random, correlations))

    assert 0.03 < weight_above(mixed, 0.005) < 0.2


def test_who_never_failed_says_nothing():
    nothing = (np.zeros(5), np.full(5, REQUESTS))

    assert bunching.mixture([nothing]) == bunching.mixture([]) == bunching.mixture([(np.ones(1), np.ones(1))]) == ()
