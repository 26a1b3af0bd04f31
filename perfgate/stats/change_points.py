"""Where the level of a series changed: for charts and people, never for a verdict.

Binary segmentation (Scott and Knott 1974) by ranks, so that single noisy runs count as little as any other large
value: the split whose Mann-Whitney score is largest is a change point when hardly any random order of the same values
has as large a score anywhere (permutation test, as of E-divisive: Matteson and James 2014), and when the medians of the
two sides differ by enough to matter. Then the same on each side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MIN_SIDE_VALUES = 5  # values on each side of a change
SIGNIFICANCE_LEVEL = 0.01
MIN_CHANGE_RATIO = 0.05  # ratio of the medians: smaller changes do not matter to anybody
PERMUTATIONS = 499
MAX_VALUES = 400  # values looked at, the newest


def change_points(values: Sequence[float]) -> tuple[int, ...]:
    """Indices, ascending, of the first value of each new level. The same values always have the same."""
    skipped = max(0, len(values) - MAX_VALUES)
    series = np.array(values[skipped:], dtype=float)
    generator = np.random.default_rng(len(series))
    positions = sorted(_split(series, 0, generator))
    return tuple(skipped + index for index in positions)


def _split(series: Array, offset: int, generator: np.random.Generator) -> list[int]:
    if len(series) < 2 * MIN_SIDE_VALUES:
        return []
    ranks = _ranks(series)
    scores = _scores(ranks[None, :])[0]
    at = int(scores.argmax())
    split = MIN_SIDE_VALUES + at
    before, after = float(np.median(series[:split])), float(np.median(series[split:]))
    if abs(after - before) < MIN_CHANGE_RATIO * max(abs(before), 1e-12):
        return []
    orders = generator.permuted(np.repeat(ranks[None, :], PERMUTATIONS, axis=0), axis=1)
    as_large = int((_scores(orders).max(axis=1) >= scores[at]).sum())
    if (1 + as_large) / (1 + PERMUTATIONS) > SIGNIFICANCE_LEVEL:
        return []
    left = _split(series[:split], offset, generator)
    return [*left, offset + split, *_split(series[split:], offset + split, generator)]


def _ranks(series: Array) -> Array:
    """Mid-ranks, centred."""
    _, inverse, counts = np.unique(series, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    ranks: Array = middle[inverse] - (len(series) + 1) / 2
    return ranks


def _scores(ranks: Array) -> Array:
    """(rows, n) centred ranks -> (rows, splits): the size of the rank sum's z score at each allowed split."""
    n = ranks.shape[1]
    left = np.arange(MIN_SIDE_VALUES, n - MIN_SIDE_VALUES + 1)
    sums = np.cumsum(ranks, axis=1)[:, left - 1]
    scores: Array = np.abs(sums) / np.sqrt(left * (n - left))
    return scores
