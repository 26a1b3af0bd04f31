from __future__ import annotations

from math import inf

import numpy as np
import pytest

from perfgate.recording import histogram
from perfgate.recording.curves import curve
from perfgate.stats.quantiles import Curve
from perfgate.stats.two_samples import TwoArms


def drawn(random: np.random.Generator, size: int, level: float = 0.1) -> Curve:
    return curve(histogram.of(random.lognormal(np.log(level), 0.5, size)))


def arms(size: int = 1000, *, ratio: float = 1.0, q: float = 0.95, effect: float = 1.0, seed: int = 1) -> TwoArms:
    random = np.random.default_rng(seed)
    return TwoArms(base=drawn(random, size), head=drawn(random, size, 0.1 * ratio), q=q, effect=effect)


@pytest.mark.parametrize("q", [0.5, 0.95])
@pytest.mark.parametrize("effect", [1.0, 3.0])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_bounds_are_where_the_test_rejects(q: float, effect: float, level: float):
    two = arms(1500, ratio=1.1, q=q, effect=effect)
    low, high = two.lower(level), two.upper(level)

    assert two.p_worse(low - 1) == pytest.approx(1 - level, rel=0.1)
    assert two.p_better(1 / high - 1) == pytest.approx(1 - level, rel=0.1)
    assert low < 1.1 < high


def test_a_factor_on_the_head_is_a_factor_on_everything():
    random = np.random.default_rng(3)
    one, two = random.lognormal(-2, 0.5, 2000), random.lognormal(-2, 0.5, 2000)
    same = TwoArms(base=curve(histogram.of(one)), head=curve(histogram.of(two)), q=0.95)
    slow = TwoArms(base=curve(histogram.of(one)), head=curve(histogram.of(two * 1.3)), q=0.95)

    assert slow.upper(0.95) == pytest.approx(1.3 * same.upper(0.95), rel=0.005)
    assert slow.p_worse(1.3 * 1.02 - 1) == pytest.approx(same.p_worse(0.02), rel=0.1)
    assert slow.standard_error() == pytest.approx(same.standard_error(), rel=0.05)


def test_the_standard_error_is_that_of_log_normal_latencies():
    """2.11 sigma sqrt(2 / n) at p95."""
    errors = [arms(3000, seed=seed).standard_error() for seed in range(20)]

    assert np.mean(errors) == pytest.approx(2.11 * 0.5 * (2 / 3000) ** 0.5, rel=0.06)


def test_a_design_effect_is_so_many_times_fewer_requests():
    errors = [
        [arms(size, effect=effect, seed=seed).standard_error() for seed in range(30)]
        for size, effect in ((4000, 4.0), (1000, 1.0))
    ]

    assert np.mean(errors[0]) == pytest.approx(np.mean(errors[1]), rel=0.06)


@pytest.mark.parametrize("size", [1, 2, 10, 40])
def test_too_few_requests_bound_nothing(size: int):
    two = arms(size)

    assert (two.lower(0.95), two.upper(0.95), two.standard_error()) == (0, inf, inf)
    assert min(two.p_worse(0.03), two.p_better(0.03)) > 0.05


@pytest.mark.parametrize(("size", "q"), [(60, 0.95), (300, 0.95), (300, 0.5)])
def test_errors_of_both_kinds_keep_to_their_level(size: int, q: float):
    """True change +10 %: the bound is below it, and the test finds more than it, once in twenty at most."""
    random = np.random.default_rng(9)
    below = found = 0
    for _ in range(400):
        dealt = random.binomial(2 * size, 0.5)
        two = TwoArms(base=drawn(random, dealt), head=drawn(random, 2 * size - dealt, 0.11), q=q)
        below += two.upper(0.95) < 1.1
        found += two.p_worse(0.1) < 0.05

    assert max(below, found) / 400 <= 0.05 + 0.025
