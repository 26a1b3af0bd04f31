"""How much a sum over time varies when its parts depend on each other: latencies of one minute resemble each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BATCHES = 8  # batches cover that part of the time: long enough for slow drift, short enough to have some
FREEDOM = 5.0  # degrees of freedom of `variance_of_sum`, by simulation of independent parts (bench/gate/coverage.py)
LUGSAIL_RATIO = 3  # ratio of the two batch lengths of the lugsail


def variance_of_sum(parts: Floats) -> Floats:
    """Variance of the sums of the rows of (k, T) deviations (each row sums to 0) at T equally spaced times.

    Overlapping batch means (Meketon and Schmeiser 1984, Overlapping batch means: something for nothing?) with batches
    of T / 8, lifted by the lugsail 2 V(b) - V(b / 3), which takes out the bias that slow drift leaves (Vats and Flegal
    2022, Lugsail lag windows for estimating time-average covariance matrices). May be negative for lack of data.
    """
    length = max(1, parts.shape[1] // BATCHES)
    lifted = batch_variance(parts, max(1, length // LUGSAIL_RATIO))
    return 2 * batch_variance(parts, length) - lifted if length >= 2 else lifted


def batch_variance(parts: Floats, length: int) -> Floats:
    """Variance by all batches of `length` times; 0 where there are fewer than two."""
    times = parts.shape[1]
    if times < 2 * length:
        return np.zeros(len(parts))
    upto = np.zeros((len(parts), times + 1))
    np.cumsum(parts, axis=1, out=upto[:, 1:])
    sums = upto[:, length:] - upto[:, :-length]
    scale = times * times / (length * (times - length) * (times - length + 1))
    return np.asarray((sums * sums).sum(axis=1) * scale, dtype=np.float64)
