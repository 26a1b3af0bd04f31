"""Counting many values at once is counting them one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from perfgate.recording import counting, histogram
from perfgate.recording.histogram import Histogram


@given(parts=st.lists(st.lists(st.integers(-5, 2**53 - 1), max_size=20), max_size=3))
def test_the_same_histogram(parts: list[list[int]]) -> None:
    one_by_one, in_bulk = Histogram(), Histogram()
    for part in parts:
        for value in part:
            one_by_one.add(max(value, 0))
        counting.add_many(in_bulk, np.array(part, dtype=np.int64))

    assert in_bulk.freeze() == one_by_one.freeze()


@given(values=st.lists(st.integers(0, 2**53 - 1)))
def test_the_same_buckets(values: list[int]) -> None:
    found = counting.buckets_of(np.array(values, dtype=np.int64))

    assert found.tolist() == [histogram.bucket_of(value) for value in values]
