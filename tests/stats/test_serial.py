from __future__ import annotations

import numpy as np
import pytest

from perfgate.stats.serial import batch_variance, variance_of_sum


def deviations(rows: np.ndarray) -> np.ndarray:
    return rows - rows.mean(axis=1, keepdims=True)


def drifting(random: np.random.Generator, runs: int, times: int, memory: float) -> np.ndarray:
    rows = random.standard_normal((runs, times))
    for at in range(1, times):
        rows[:, at] = memory * rows[:, at - 1] + (1 - memory**2) ** 0.5 * rows[:, at]
    return rows


def test_batches_of_one_are_the_ordinary_variance():
    rows = deviations(np.random.default_rng(1).standard_normal((3, 40)))

    assert batch_variance(rows, 1) == pytest.approx(40 * rows.var(axis=1, ddof=1))


@pytest.mark.parametrize("times", [8, 15, 60, 300])
def test_independent_times_add_up(times: int):
    rows = deviations(np.random.default_rng(2).standard_normal((4000, times)))

    assert variance_of_sum(rows).mean() == pytest.approx(times, rel=0.05)


def test_drift_makes_sums_vary_more():
    rows = drifting(np.random.default_rng(3), 3000, 300, 0.9)
    truth = rows.sum(axis=1).var()

    assert variance_of_sum(deviations(rows)).mean() == pytest.approx(truth, rel=0.12)
    assert batch_variance(deviations(rows), 1).mean() < truth / 10


@pytest.mark.parametrize("times", [1, 2, 3])
def test_too_short_a_time_says_little_but_breaks_nothing(times: int):
    found = variance_of_sum(deviations(np.random.default_rng(4).standard_normal((2, times))))

    assert np.isfinite(found).all()
