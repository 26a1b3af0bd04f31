"""Histograms: a promise about every quantile, kept against numpy; and counts that add up however they are merged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfgate.model.run import Distribution
from perfgate.recording import histogram
from perfgate.recording.histogram import Histogram, bucket_of, value_of

PROMISED = 0.002  # relative error; the design asks for 0.005
SHORTEST, LONGEST = 100, 60_000_000_000  # ns: 100 ns to 60 s

durations = st.integers(SHORTEST, LONGEST)
samples = st.lists(durations, min_size=1, max_size=200)


def counted(nanoseconds: list[int]) -> Distribution:
    whole = Histogram()
    for value in nanoseconds:
        whole.add(value)
    return whole.freeze()


@given(durations)
@example(SHORTEST)
@example(LONGEST)
@example(511)
@example(512)
@example(513)
@example(2**35 - 1)
@example(2**35)
def test_every_value_lies_close_to_its_bucket(value):
    assert abs(value_of(bucket_of(value)) - value) <= PROMISED * value


@given(st.integers(0, 2**40))
def test_buckets_keep_the_order_of_values(value):
    assert bucket_of(value) <= bucket_of(value + 1) <= bucket_of(value) + 1


@given(samples, st.floats(0.0, 1.0))
@example([SHORTEST] * 19 + [LONGEST], 0.95)
@example([SHORTEST] * 20 + [LONGEST], 0.95)
@example(list(range(1_000_000, 1_000_100)), 0.07)  # 0.07 * 100 is a little more than 7 in floating point
def test_quantiles_are_numpys_nearest_rank_to_the_promised_error(values, q):
    true = np.quantile(np.array(values), q, method="inverted_cdf")
    # one rank of tolerance where q * n is a whole number but for rounding: both neighbours are right then
    near = {float(true)}
    if abs(q * len(values) - round(q * len(values))) < 1e-9 and 0 < round(q * len(values)) < len(values):
        at = round(q * len(values))
        near |= {float(sorted(values)[at - 1]), float(sorted(values)[at])}
    got = histogram.quantile(counted(values), q) * 1e9
    assert any(abs(got - one) <= PROMISED * one for one in near)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("middle", [2e-4, 3e-3, 0.05, 1.0, 20.0])
def test_quantiles_of_many_realistic_values(q, middle):
    values = (np.random.default_rng(7).lognormal(np.log(middle), 0.7, 20_000) * 1e9).astype(int).clip(100, LONGEST)
    true = np.quantile(values, q, method="inverted_cdf") / 1e9
    assert histogram.quantile(counted(values.tolist()), q) == pytest.approx(true, rel=PROMISED)


@given(samples)
def test_the_extremes_and_the_mean_are_exact(values):
    distribution = counted(values)
    assert histogram.quantile(distribution, 0.0) == min(values) / 1e9
    assert histogram.quantile(distribution, 1.0) == max(values) / 1e9
    assert histogram.mean(distribution) == sum(values) / len(values) / 1e9
    assert (distribution.minimum, distribution.maximum) == (min(values), max(values))


@given(samples, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_quantiles_never_fall_as_q_rises(values, one, other):
    distribution = counted(values)
    low, high = sorted((one, other))
    assert histogram.quantile(distribution, low) <= histogram.quantile(distribution, high)


@given(st.lists(st.lists(durations, max_size=50), max_size=5), st.randoms())
def test_merging_is_counting_together_in_any_order(parts, random):
    together = counted([value for part in parts for value in part])
    distributions = [counted(part) for part in parts]
    random.shuffle(distributions)
    assert histogram.merge(distributions) == together


@given(samples, samples, samples)
def test_merging_is_associative(one, two, three):
    a, b, c = counted(one), counted(two), counted(three)
    assert histogram.merge([histogram.merge([a, b]), c]) == histogram.merge([a, histogram.merge([b, c])])


def test_merging_leaves_the_parts_as_they_are():
    one, other = Histogram(), Histogram()
    one.add(1000)
    other.add(2000)
    frozen = other.freeze()
    thawed = histogram.thaw(frozen)
    thawed.merge(one)
    one.merge(other)
    assert other.freeze() == frozen == counted([2000])


def test_an_empty_histogram_has_no_values_and_changes_nothing():
    empty = Histogram().freeze()
    assert histogram.quantile(empty, 0.95) is None
    assert histogram.mean(empty) is None
    assert histogram.share_over(empty, 0.1) is None
    assert histogram.count(empty) == 0
    assert histogram.merge([]) == empty == histogram.merge([empty, empty])
    assert histogram.merge([empty, counted([5]), empty]) == counted([5])


def test_zero_is_a_value():
    distribution = counted([0, 0, 4])
    assert histogram.count(distribution) == 3
    assert (distribution.minimum, histogram.quantile(distribution, 0.5)) == (0, 0.0)


def test_of_takes_seconds():
    assert histogram.of([0.001, 0.002]) == counted([1_000_000, 2_000_000])


@given(samples)
def test_packing_loses_nothing_even_through_text_keys(values):
    whole = histogram.thaw(counted(values))
    buckets, *rest = whole.pack()
    as_json_does = [{str(bucket): number for bucket, number in buckets.items()}, *rest]
    assert Histogram.unpack(whole.pack()).freeze() == Histogram.unpack(as_json_does).freeze() == counted(values)


@given(st.dictionaries(st.integers(0, 10_000), st.integers(1, 10**9)))
def test_texts_of_buckets_read_back(buckets):
    assert histogram.from_text(histogram.to_text(buckets)) == buckets


def test_the_text_is_differences_and_counts():
    assert histogram.to_text({53: 2, 12: 3, 13: 1}) == "12:3,1:1,40:2"


@pytest.mark.parametrize(
    "text",
    ["12", "12:", ":3", "a:1", "12:3,", "12:3;1:1", "-1:3", "12:-3", "12:0", "12:3,0:2", "1_2:3", " 12:3", "1.5:2"],
)
def test_anything_else_is_not_a_histogram(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says where it was
        histogram.from_text(text)


@settings(max_examples=50)
@given(samples, st.floats(0.0, 60.0))
def test_the_share_over_a_limit_is_right_to_the_resolution(values, limit):
    share = histogram.share_over(counted(values), limit)
    surely = sum(value > limit * 1e9 * (1 + PROMISED) for value in values) / len(values)
    possibly = sum(value > limit * 1e9 * (1 - PROMISED) for value in values) / len(values)
    assert surely <= share <= possibly


@pytest.mark.parametrize(("limit", "share"), [(0.099, 1.0), (0.1, 0.0), (0.101, 0.0), (0.0, 1.0)])
def test_values_at_the_limit_are_not_over_it(limit, share):
    assert histogram.share_over(histogram.of([0.1] * 10), limit) == share
