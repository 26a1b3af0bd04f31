"""The movement that all endpoints of a run have in common: a slow or fast runner, or a change of the whole application.

For each endpoint it is the median over the others, so that an endpoint's own change is not taken for common.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np

from perfgate.gate.history.prediction import Array, Numbers

MIN_ENDPOINTS = 3  # endpoints; with fewer, one endpoint's own movement cannot be told from a common one
UNUSUAL_FACTOR = 3.0  # times the usual movement between runs: a runner that moved further is taken for an application
MIN_USUAL_MOVEMENT = 0.03  # of the usual movement (log): few calm runs say little of other days


def centred(now: Array, past: Array, level: Numbers) -> tuple[Array, Array]:
    """`now` (E,) less the median of today's level, and `past` (K, E) less the median of each value's own level."""
    moved = np.full_like(past, np.nan)
    today = np.full_like(now, np.nan)
    for number in range(int(level.max(initial=0)) + 1):
        here = np.where(level == number, past, np.nan)
        middle = np.array([_median(column[np.isfinite(column)]) for column in here.T])
        moved = np.where(level == number, past - middle, moved)
        if number == 0:
            today = now - middle
    return today, moved


def common(moves: Array, fewest: int = MIN_ENDPOINTS) -> Array:
    """(R, E) movements of the endpoints of R runs -> (R, E) medians over the other endpoints of the same run.

    Where `fewest` are known, the median of the others and of no movement: one alone could be its own. NaN where fewer.
    """
    padded = np.hstack([moves, np.where(np.isfinite(moves).sum(1) == fewest, 0.0, np.nan)[:, None]])
    ordered = np.sort(padded, axis=1)  # NaN last
    rank = np.argsort(np.argsort(padded, axis=1, kind="stable"), axis=1, kind="stable")
    present = np.isfinite(padded)
    others = present.sum(1)[:, None] - present
    lower, upper = (others - 1) // 2, others // 2
    medians = np.empty_like(padded)
    for at, place in enumerate((lower, upper)):
        beyond = present & (rank <= place)  # the ranks above its own move down by one
        value = np.take_along_axis(ordered, np.clip(place + beyond, 0, padded.shape[1] - 1), axis=1)
        medians = value if at == 0 else (medians + value) / 2
    known = np.isfinite(moves)
    return np.where(known.sum(1)[:, None] - known >= fewest - 1, medians[:, :-1], np.nan)


def cautious(today: Array, moved: Array, usual: float, reference: float) -> tuple[Array, Array]:
    """The common movement as it must be taken to blame an endpoint for a rise, and for a fall: (E,) each.

    `today` (E,) are the movements of this run, `moved` (E,) what is common to the others, `usual` the standard
    deviation of the common movement between earlier runs, and `reference` the runner's movement by a reference workload
    (NaN without). Where the others became faster, an endpoint that stayed as it was is not slower: that is credited to
    the runner only as far as three quarters of the others agree, the reference agrees, and runners usually move so far.
    """
    lower, upper = _quartiles_of_others(today)
    plausible = UNUSUAL_FACTOR * max(usual, MIN_USUAL_MOVEMENT)
    rise = np.minimum(0.0, np.fmax(upper, reference))
    fall = np.maximum(0.0, np.fmin(lower, reference))
    rise = np.where(moved < -plausible, 0.0, rise) if np.isnan(reference) else rise
    fall = np.where(moved > plausible, 0.0, fall) if np.isnan(reference) else fall
    return np.where(moved < 0, np.maximum(moved, rise), moved), np.where(moved > 0, np.minimum(moved, fall), moved)


def _quartiles_of_others(today: Array) -> tuple[Array, Array]:
    """The outer one of two neighbours, so that with few endpoints it is the extreme one."""
    lower, upper = np.full_like(today, np.nan), np.full_like(today, np.nan)
    ordered = np.sort(today[np.isfinite(today)])
    for at, own in enumerate(today):
        others = np.delete(ordered, int(np.searchsorted(ordered, own))) if np.isfinite(own) else ordered
        if len(others):
            lower[at] = others[floor(0.25 * (len(others) - 1))]
            upper[at] = others[ceil(0.75 * (len(others) - 1))]
    return lower, upper


def _median(values: Array) -> float:
    return float(np.median(values)) if len(values) else float("nan")
