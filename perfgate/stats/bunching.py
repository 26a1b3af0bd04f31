"""How differently failures bunch from run to run: most runs are quiet, now and then one is not.

Shares of failures are beta distributed around each endpoint's own, and the intra-class correlation of that varies from
run to run. Its distribution is estimated without a form (nonparametric maximum likelihood of a mixture; Laird 1978, by
EM on a grid), so that the tail of a prediction is as heavy as the bad runs that were seen make it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CORRELATIONS = np.array([1e-7, *np.geomspace(1e-4, 0.2, 12)])  # the grid; the first: independent failures
PRIOR_RUNS = 0.2  # runs that count as seen, spread evenly over the grid: few quiet runs are no proof
EM_ROUNDS = 100
MIN_WEIGHT = 1e-6  # weight

_lgamma = np.vectorize(lgamma, otypes=[float])


def mixture(series: Sequence[tuple[Array, Array]]) -> tuple[tuple[float, float], ...]:
    """Failures and requests of each endpoint's runs, shapes (K,) -> (correlation, weight), weights adding up to 1.

    Endpoints that never failed, or always, say nothing. Empty when no other is there.
    """
    likelihoods = [
        _logarithms(failures, requests)
        for failures, requests in series
        if len(failures) > 1 and 0 < failures.sum() < requests.sum()
    ]
    if not likelihoods:
        return ()
    logarithms = np.concatenate(likelihoods)
    likely = np.exp(logarithms - logarithms.max(1, keepdims=True))
    prior = PRIOR_RUNS / len(CORRELATIONS)
    weights = np.full(len(CORRELATIONS), 1 / len(CORRELATIONS))
    for _ in range(EM_ROUNDS):
        share = likely * weights
        weights = ((share / share.sum(1, keepdims=True)).sum(0) + prior) / (len(likely) + PRIOR_RUNS)
    pairs = zip(CORRELATIONS.tolist(), weights.tolist(), strict=True)
    return tuple((pair, weight) for pair, weight in pairs if weight > MIN_WEIGHT)


def _logarithms(failures: Array, requests: Array) -> Array:
    """(K, grid): the beta-binomial likelihood of each run, up to a factor that is the same for all correlations."""
    share = (failures.sum() + 0.5) / (requests.sum() + 1)
    size = 1 / CORRELATIONS - 1  # a + b of the beta distribution
    a, b = share * size, (1 - share) * size
    f, n = failures[:, None], requests[:, None]
    there: Array = _lgamma(f + a) + _lgamma(n - f + b) - _lgamma(n + size)
    likely: Array = there - (_lgamma(a) + _lgamma(b) - _lgamma(size))
    return likely
