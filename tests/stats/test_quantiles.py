from __future__ import annotations

import numpy as np
import pytest
from builders import spread
from scipy import stats

from perfgate.model.run import Distribution
from perfgate.recording import histogram
from perfgate.recording.curves import curve
from perfgate.stats.quantiles import interval, rank


@pytest.mark.parametrize("q", [0.01, 0.5, 0.9, 0.95, 0.99])
def test_quantiles_are_those_of_the_histogram(q: float):
    values = spread(0.1, 5000)

    assert curve(values).quantile(q) == pytest.approx(histogram.quantile(values, q), rel=0.004)


@pytest.mark.parametrize("q", [0.0, 0.2, 0.77, 0.95, 1.0])
def test_share_over_a_quantile(q: float):
    known = curve(spread(0.1, 3000))

    assert known.share_over(known.quantile(q)) == pytest.approx(1 - q, abs=1e-9)


def test_shares_are_straight_inside_a_bucket():
    known = curve(
        Distribution(buckets={histogram.bucket_of(100_000_000): 10}, total=10**9, minimum=10**8, maximum=10**8)
    )
    low, high = known.low[0], known.high[0]

    assert known.share_over((3 * low + high) / 4) == pytest.approx(0.75)
    assert [known.share_over(low), known.share_over(high)] == [1.0, 0.0]


def test_an_empty_distribution():
    known = curve(Distribution())

    assert (known.count, known.share_over(1.0), known.deviation()) == (0, 0, 0)


def test_buckets_in_any_order():
    values = spread(0.1, 500)
    backwards = Distribution(buckets=dict(reversed(values.buckets.items())), total=values.total)

    assert curve(backwards).quantile(0.95) == curve(values).quantile(0.95)


def test_standard_deviation():
    values = np.random.default_rng(1).lognormal(-2, 0.5, 4000)

    assert curve(histogram.of(values)).deviation() == pytest.approx(values.std(), rel=0.002)


@pytest.mark.parametrize("n", [72, 100.5, 600, 12_345.6, 1e6])
@pytest.mark.parametrize("q", [0.01, 0.05, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("tail", [0.005, 0.025, 0.05])
def test_ranks_invert_the_binomial_distribution(n: float, q: float, tail: float):
    found = rank(tail, n, q)

    if q**n >= tail:
        assert found == n
    else:
        assert stats.beta.isf(1 - tail, found, n - found + 1) == pytest.approx(q, rel=0.01)


@pytest.mark.parametrize(("q", "fewest"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368)])
def test_an_interval_needs_its_fewest_values(q: float, fewest: int):
    known = curve(spread(0.1, fewest))

    assert interval(known, q, fewest) is not None
    assert interval(known, q, fewest - 1) is None


def test_intervals_hold_the_quantile_19_times_in_20():
    random = np.random.default_rng(5)
    truth = float(np.exp(0.5 * stats.norm.ppf(0.95)))
    held = 0
    for _ in range(400):
        known = curve(histogram.of(random.lognormal(0, 0.5, 300)))
        low, high = interval(known, 0.95, known.count)
        held += low <= truth <= high

    assert held / 400 == pytest.approx(0.95, abs=0.03)
