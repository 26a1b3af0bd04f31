"""A recorded histogram as the distribution function that quantiles and tests are taken from."""

from __future__ import annotations

import numpy as np

from perfgate.model.run import Distribution
from perfgate.recording.histogram import BITS, NS_PER_SECOND
from perfgate.stats.quantiles import Curve


def curve(distribution: Distribution) -> Curve:
    """Inverts `histogram`'s numbering: each bucket's edges, s, and how many values are below them."""
    number = len(distribution.buckets)
    buckets = np.fromiter(distribution.buckets.keys(), dtype=np.int64, count=number)
    counts = np.fromiter(distribution.buckets.values(), dtype=np.float64, count=number)
    order = np.argsort(buckets)
    buckets, counts = buckets[order], counts[order]
    exponent = np.maximum((buckets >> BITS) - 1, 0)
    low = ((buckets - (exponent << BITS)) << exponent).astype(float)
    high = low + (1 << exponent).astype(float)
    upto = np.cumsum(counts)
    return Curve(low=low / NS_PER_SECOND, high=high / NS_PER_SECOND, below=upto - counts, upto=upto)
