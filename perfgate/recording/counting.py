"""Counts many values into histograms at once, with numpy: a tenth of the cost of counting them one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perfgate.recording.histogram import BITS, Histogram

Integers = NDArray[np.int64]


def buckets_of(values: Integers) -> Integers:
    """`histogram.bucket_of` of each value (ns, at least 0, below 2**53)."""
    exponents: Integers = np.maximum(np.frexp(values.astype(np.float64))[1].astype(np.int64) - BITS - 1, 0)
    return (exponents << BITS) + (values >> exponents)


def add_many(histogram: Histogram, values: Integers) -> None:
    """Equals `histogram.add` of each value (ns, below 2**53); negative ones count as 0."""
    if not len(values):
        return
    values = np.maximum(values, 0)
    buckets, counts = np.unique(buckets_of(values), return_counts=True)
    lowest, highest = int(values.min()), int(values.max())
    histogram.minimum = min(histogram.minimum, lowest) if histogram.buckets else lowest
    histogram.maximum = max(histogram.maximum, highest)
    histogram.total += int(values.sum())
    known = histogram.buckets
    for bucket, count in zip(buckets.tolist(), counts.tolist(), strict=True):
        known[bucket] = known.get(bucket, 0) + count
