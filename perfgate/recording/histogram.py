"""Log-linear histograms of integer nanoseconds: mergeable by addition, relative error of any quantile at most 0.2 %.

Every power of two is cut into 256 buckets of equal width (the layout of HdrHistogram, G. Tene); a bucket stands for
its midpoint. Sparse: a dict of bucket index -> count, so that a window of a hundred requests is a hundred integers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from perfgate.model.run import Distribution

BITS = 8
SUB_BUCKETS = 1 << BITS
NS_PER_SECOND = 1_000_000_000
_PART = re.compile(r"(0|[1-9][0-9]*):([1-9][0-9]*)")


def bucket_of(nanoseconds: int) -> int:
    """Index of the bucket that holds a value >= 0. Values below 512 have a bucket each."""
    exponent = nanoseconds.bit_length() - BITS - 1
    if exponent <= 0:
        return nanoseconds
    return (exponent << BITS) + (nanoseconds >> exponent)


def value_of(bucket: int) -> float:
    """The midpoint of a bucket, in nanoseconds."""
    if bucket < 2 * SUB_BUCKETS:
        return float(bucket)
    exponent = (bucket >> BITS) - 1
    low = (bucket - (exponent << BITS)) << exponent
    return low + ((1 << exponent) - 1) / 2


class Histogram:
    """A histogram under construction. `add` is on the recorder's hot path."""

    __slots__ = ("buckets", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.total = 0
        self.minimum = 0
        self.maximum = 0

    def add(self, nanoseconds: int) -> None:
        exponent = nanoseconds.bit_length() - 9
        bucket = nanoseconds if exponent <= 0 else (exponent << 8) + (nanoseconds >> exponent)
        buckets = self.buckets
        if not buckets or nanoseconds < self.minimum:
            self.minimum = nanoseconds
        if nanoseconds > self.maximum:
            self.maximum = nanoseconds
        buckets[bucket] = buckets.get(bucket, 0) + 1
        self.total += nanoseconds

    def merge(self, other: Histogram) -> None:
        if not other.buckets:
            return
        self.minimum = min(self.minimum, other.minimum) if self.buckets else other.minimum
        self.maximum = max(self.maximum, other.maximum)
        self.total += other.total
        for bucket, number in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + number

    def pack(self) -> list[Any]:
        """Plain data for messages between processes."""
        return [self.buckets, self.total, self.minimum, self.maximum]

    @classmethod
    def unpack(cls, packed: list[Any]) -> Histogram:
        histogram = cls()
        buckets, histogram.total, histogram.minimum, histogram.maximum = packed
        histogram.buckets = {int(bucket): number for bucket, number in buckets.items()}
        return histogram

    def freeze(self) -> Distribution:
        return Distribution(
            buckets=dict(sorted(self.buckets.items())), total=self.total, minimum=self.minimum, maximum=self.maximum
        )


def of(seconds: Iterable[float]) -> Distribution:
    """A distribution of values in seconds."""
    histogram = Histogram()
    for value in seconds:
        histogram.add(round(value * NS_PER_SECOND))
    return histogram.freeze()


def merge(parts: Iterable[Distribution]) -> Distribution:
    """The distribution of all values of all parts, exactly as if they had been counted together."""
    whole = Histogram()
    for part in parts:
        whole.merge(thaw(part))
    return whole.freeze()


def thaw(distribution: Distribution) -> Histogram:
    """The histogram of a distribution, to go on counting. Shares nothing with it."""
    histogram = Histogram()
    histogram.buckets = dict(distribution.buckets)
    histogram.total = distribution.total
    histogram.minimum, histogram.maximum = distribution.minimum, distribution.maximum
    return histogram


def count(distribution: Distribution) -> int:
    return sum(distribution.buckets.values())


def quantile(distribution: Distribution, q: float) -> float | None:
    """The nearest-rank quantile in seconds: the smallest value with at least a share q at or below it.

    None when the distribution is empty. The extremes are exact.
    """
    number = count(distribution)
    if number == 0:
        return None
    rank = max(1, ceil(q * number - 1e-9))
    if rank in (1, number):
        return (distribution.minimum if rank < number else distribution.maximum) / NS_PER_SECOND
    observed = 0
    for bucket in sorted(distribution.buckets):
        observed += distribution.buckets[bucket]
        if observed >= rank:
            value = min(max(value_of(bucket), distribution.minimum), distribution.maximum)
            return value / NS_PER_SECOND
    raise AssertionError("unreachable: ranks never exceed the count")


def mean(distribution: Distribution) -> float | None:
    """The exact mean in seconds; None when empty."""
    number = count(distribution)
    return distribution.total / number / NS_PER_SECOND if number else None


def share_over(distribution: Distribution, seconds: float) -> float | None:
    """The share of values above a limit, to the histogram's resolution; None when empty."""
    number = count(distribution)
    if number == 0:
        return None
    limit = seconds * NS_PER_SECOND
    if not distribution.minimum <= limit < distribution.maximum:
        return float(limit < distribution.minimum)
    return sum(n for bucket, n in distribution.buckets.items() if value_of(bucket) > limit) / number


def to_text(buckets: Mapping[int, int]) -> str:
    """Compact text of sorted buckets, index differences and counts: "12:3,1:1,40:2"."""
    parts, last = [], 0
    for bucket in sorted(buckets):
        parts.append(f"{bucket - last}:{buckets[bucket]}")
        last = bucket
    return ",".join(parts)


def from_text(text: str) -> dict[int, int]:
    """The inverse of `to_text`. Raises ValueError on anything else."""
    buckets: dict[int, int] = {}
    bucket = 0
    for part in text.split(",") if text else ():
        match = _PART.fullmatch(part)
        if not match or (buckets and match[1] == "0"):
            raise ValueError(f"not a histogram: {part[:40]!r}")
        bucket += int(match[1])
        buckets[bucket] = int(match[2])
    return buckets
