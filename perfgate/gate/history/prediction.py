"""Where a run's values should have been, had nothing changed: prediction from earlier runs, all endpoints at once.

Model, per endpoint e and run r, of logarithms (a change is a ratio, and ratios spread evenly):

    y[r, e] = level[e] + slope[e] * movement[r, e] + own[r, e],      own ~ scale[r] * sd[e] * normal

`movement` is what the endpoints of a run have in common, or what a probe of the runner saw, or nothing (zeros). Slopes
are shrunk to 1: an endpoint follows the movement unless the past says otherwise (ridge regression, Hoerl and Kennard
1970; the uncertainty of the slope widens the prediction of a run that moved much). Variances are moderated across
endpoints (Smyth 2004, Linear models and empirical Bayes methods, "limma"). Overdispersed runs and single odd values
weigh less (the EM algorithm of the multivariate t distribution; Lange, Little and Taylor 1989).

Shapes: E endpoints, K earlier runs. NaN where an earlier run does not compare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfgate.stats.special import digamma, inverse_trigamma, trigamma

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

MIN_SD = 0.02  # between runs; luck with a few equal runs is no precision (gates are asked about 5 % and more)
PRIOR_SD, PRIOR_DF = 0.15, 4.0  # of one endpoint, when nothing is known of its spread
MAX_PRIOR_DF = 50.0
TAIL_DF = 4.0  # degrees of freedom of the multivariate t
OUTLIER_SD = 2.5  # standard deviations from which a single value weighs less
MIN_SIMILAR_CHANGE = 0.7  # of a change: an earlier run that moved so far moved as far
REWEIGHTINGS = 6


@dataclass(frozen=True, kw_only=True)
class Past:
    """Earlier values, logarithms. `level` numbers the level that a value belongs to: 0 is today's, higher ones were
    before an accepted change: they tell the spread, not the level. `sampling` is the usual variance of one value by
    its own run (0 where unknown): the variance between runs is expected to be at least that."""

    values: Array  # (K, E)
    level: Numbers  # (K, E)
    sampling: Array  # (E,)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """(E,) each: how far the run is from its prediction (log), the variance of that, and its degrees of freedom."""

    change: Array
    variance: Array
    df: Array
    own_variance: Array  # of one run's own movement, without what the prediction itself adds
    runs: Array  # effective number of runs behind the level
    as_high: Array  # how many earlier runs of today's level were as far up as this one, quiet ones counting fully
    as_low: Array

    @property
    def t(self) -> Array:
        score: Array = self.change / np.sqrt(self.variance)
        return score


def predict(now: Array, past: Past, movement: Array, movements: Array, *, slope_sd: float) -> Prediction:
    """`now` (E,) beside `past`; `movement` (E,) and `movements` (K, E) of the same runs; `slope_sd` 0: slopes are 1."""
    there = np.isfinite(past.values) & np.isfinite(movements)
    y, g = np.where(there, past.values, 0.0), np.where(there, movements, 0.0)
    weights = _weights(_rough_scores(np.where(there, y - g, np.nan), past.level), there)
    slope, shrunk = np.ones(y.shape[1]), np.zeros(y.shape[1])
    own = variance = df = np.zeros(y.shape[1])
    precision = np.zeros(y.shape[1])
    for _ in range(REWEIGHTINGS):
        rest = y - slope * g
        rest = np.where(there, rest - _level_means(rest, weights, past.level), 0.0)
        own, freedom = _spread(rest, weights, past.level, shrunk)
        variance, df = moderated(own, freedom, past.sampling)
        weights = _weights(rest / np.sqrt(variance), there)
        if slope_sd:
            moved = np.where(there, g - _level_means(g, weights, past.level), 0.0)
            beyond = np.where(there, y - g - _level_means(y - g, weights, past.level), 0.0)
            precision = (weights * moved**2).sum(0) + variance / slope_sd**2
            slope = 1 + (weights * moved * beyond).sum(0) / precision
            shrunk = 1 - variance / slope_sd**2 / precision
    today = np.where(past.level == 0, weights, 0.0)
    runs = _effective(today)
    total = np.where(today.sum(0) > 0, today.sum(0), np.nan)
    level = (today * (y - slope * g)).sum(0) / total
    leverage = movement - (today * g).sum(0) / total
    slope_part = variance * leverage**2 / precision if slope_sd else np.zeros_like(variance)
    change = now - slope * movement - level
    quiet = np.where(past.level == 0, _run_weights(rest / np.sqrt(variance), there), 0.0)
    return Prediction(
        change=change,
        as_high=(quiet * (rest >= MIN_SIMILAR_CHANGE * change)).sum(0),
        as_low=(quiet * (rest <= MIN_SIMILAR_CHANGE * change)).sum(0),
        variance=variance * (1 + 1 / np.where(runs > 0, runs, np.nan)) + slope_part,
        df=df,
        own_variance=variance,
        runs=runs,
    )


def moderated(variances: Array, freedom: Array, sampling: Array) -> tuple[Array, Array]:
    """Variances (E,) drawn together, and their degrees of freedom (Smyth 2004, section 6.2: moments of ln s^2).

    Drawn to what is expected of each: a variance between runs that all have in common, plus its own sampling variance.
    """
    known = freedom >= 1
    if not known.any():
        return np.maximum(PRIOR_SD**2, sampling), np.full_like(variances, PRIOR_DF)
    common = max(float(np.median((variances - sampling)[known])), 0.0)
    expected = np.maximum(common + sampling, MIN_SD**2)
    scale, prior_df = _prior((variances / expected)[known], freedom[known])
    df = prior_df + freedom
    untold = df < 1  # nothing to learn from, neither its own runs nor other endpoints: what is usual anywhere
    pooled = (prior_df * scale * expected + freedom * variances) / np.where(untold, 1.0, df)
    pooled = np.where(untold, np.maximum(PRIOR_SD**2, sampling), pooled)
    smallest = np.maximum(MIN_SD**2, 0.5 * sampling)
    return np.maximum(pooled, smallest), np.where(untold, PRIOR_DF, df)


def _prior(ratios: Array, freedom: Array) -> tuple[float, float]:
    """Scale and degrees of freedom of the scaled F distribution that the ratios come from."""
    ratios = np.maximum(ratios, 1e-6)
    if len(ratios) < 3:
        return (float(np.exp(np.log(ratios).mean())), float(len(ratios) - 1))
    centred = np.array(
        [np.log(ratio) - digamma(df / 2) + np.log(df / 2) for ratio, df in zip(ratios, freedom, strict=True)]
    )
    excess = centred.var(ddof=1) - np.mean([trigamma(df / 2) for df in freedom])
    max_df = min(MAX_PRIOR_DF, 4.0 * (len(ratios) - 1))  # few endpoints cannot tell how alike they are
    if excess <= 0:
        return float(np.exp(centred.mean())), max_df
    prior_df = min(2 * inverse_trigamma(float(excess)), max_df)
    return float(np.exp(centred.mean() + digamma(prior_df / 2) - np.log(prior_df / 2))), prior_df


def _level_means(values: Array, weights: Array, level: Numbers) -> Array:
    """(K, E): the weighted mean of the level that each value belongs to."""
    means = np.zeros_like(values)
    for number in range(int(level.max(initial=0)) + 1):
        here = level == number
        total = (weights * here).sum(0)
        mean = (weights * here * values).sum(0) / np.where(total > 0, total, 1.0)
        means = np.where(here, mean, means)
    return means


def _spread(rest: Array, weights: Array, level: Numbers, shrunk: Array) -> tuple[Array, Array]:
    """Variance about the levels (E,), unbiased, and its degrees of freedom."""
    room = freedom = np.zeros(rest.shape[1])
    for number in range(int(level.max(initial=0)) + 1):
        here = weights * (level == number)
        effective = _effective(here)
        room = room + here.sum(0) * (1 - 1 / np.maximum(effective, 1.0))
        freedom = freedom + np.maximum(effective - 1, 0.0)
    freedom = np.maximum(freedom - shrunk, 0.0)
    return (weights * rest**2).sum(0) / np.where(room > 0, room, 1.0), freedom


def _weights(scores: Array, there: NDArray[np.bool_]) -> Array:
    """Weights of each value (K, E): less in a run whose values are all over the place, less for one that is far out
    alone."""
    alone = np.minimum(1.0, OUTLIER_SD**2 / np.maximum(scores**2, 1e-12))
    weights: Array = _run_weights(scores, there) * alone
    return weights


def _run_weights(scores: Array, there: NDArray[np.bool_]) -> Array:
    """(K, E): the same for all values of a run, 0 where there is none."""
    squares = np.where(there, np.minimum(scores**2, 2 * OUTLIER_SD**2), 0.0)
    number = there.sum(1)
    run = np.minimum(1.0, 1.5 * (TAIL_DF + number) / (TAIL_DF + squares.sum(1)))
    weights: Array = np.where(there, run[:, None], 0.0)
    return weights


def _rough_scores(values: Array, level: Numbers) -> Array:
    """First scores: distances from the level's median in median absolute deviations, which no outlier moves."""
    scores = np.zeros_like(values)
    if not len(values):
        return scores
    for number in range(int(level.max(initial=0)) + 1):
        here = np.where(level == number, values, np.nan)
        known = np.isfinite(here).sum(0) > 0
        filled = np.where(known, here, 0.0)
        distance = filled - np.nanmedian(filled, axis=0)
        deviation = 1.4826 * np.nanmedian(np.abs(distance), axis=0)
        scores = np.where(np.isfinite(distance) & (level == number), distance / np.maximum(deviation, MIN_SD), scores)
    return scores


def _effective(weights: Array) -> Array:
    """The number of equally weighted runs that say as much (L. Kish 1965)."""
    squares = (weights**2).sum(0)
    number: Array = weights.sum(0) ** 2 / np.where(squares > 0, squares, 1.0)
    return number
