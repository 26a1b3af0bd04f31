"""The movement that all endpoints of a run have in common: a slow or fast runner, or a change of the whole application.

For each endpoint it is the median over the others, so that an endpoint's own change is not taken for common.
"""

from __future__ import annotations

import numpy as np

from perfgate.gate.prediction import Array, Numbers

FEWEST = 3  # endpoints; with fewer, one endpoint's own movement cannot be told from a common one


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


def common(moves: Array, fewest: int = FEWEST) -> Array:
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


def _median(values: Array) -> float:
    return float(np.median(values)) if len(values) else float("nan")
