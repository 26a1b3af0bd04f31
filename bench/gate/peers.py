"""What other gates would say, by the rules in their own documentation, coded here anew.

Beside earlier runs a rule sees the p95 of each endpoint, side by side the p95 of both arms and of windows of each.
Where a rule does not apply there is none. None but perfgate knows a third verdict: what does not fail passes.

- k6, thresholds: `p(95)<X`. X is up to its author: here 1.1 or 2 times the median of the earlier runs.
- github-action-benchmark, defaults: fails over 200 % of the last run.
- Keptn, slo.yaml: `<=+10%` of the average of the last 3 runs; side by side of the one other result.
- Bencher: t_test with upper boundary 0.99 (a prediction interval, mean + t * s * sqrt(1 + 1 / n)); side by side what
  its docs advise there, `percentage` 0.25.
- Kayenta, NetflixACAJudge: Mann-Whitney on the windows of both, 98 % interval of the Hodges-Lehmann shift above a
  quarter of that shift, and the ratio of the means at or over `allowedIncrease`, here 1 + the limit.
- Apache Otava, defaults: a change point at the newest run, upwards. Meant for finding commits afterwards, which takes
  several runs after the change; judged here as a gate would have to, by the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEWEST_OF_KEPTN = 3
SURE_OF_BENCHER = 0.99
ALIKE_OF_BENCHER = 0.25
SURE_OF_KAYENTA, TOLERANCE_OF_KAYENTA = 0.98, 0.25
SURE_OF_OTAVA, FIRST_PASS = 0.001, 10.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """`now` (E,) and `past` (K, E), oldest first: the p95 of E endpoints."""

    now: Floats
    past: Floats
    limit: float


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The p95 of both arms (E,), and of W windows of each (E, W)."""

    base: Floats
    head: Floats
    base_windows: Floats
    head_windows: Floats
    limit: float


def threshold(times: float) -> Callable[[Series], Bools]:
    return lambda seen: seen.now >= times * np.median(seen.past, axis=0)


def twice_the_last(seen: Series) -> Bools:
    return seen.now / seen.past[-1] > 2.0


def over_the_average(seen: Series) -> Bools:
    return seen.now > (1 + seen.limit) * seen.past[-NEWEST_OF_KEPTN:].mean(0)


def over_the_prediction(seen: Series) -> Bools:
    runs = len(seen.past)
    reach = stats.t.ppf(SURE_OF_BENCHER, runs - 1) * (1 + 1 / runs) ** 0.5
    return seen.now > seen.past.mean(0) + reach * seen.past.std(0, ddof=1)


def at_a_change_point(seen: Series) -> Bools:
    newest = len(seen.past)
    series = np.vstack([seen.past, seen.now]).T
    rises = seen.now > seen.past.mean(0)
    return np.array([rise and newest in change_points(one) for rise, one in zip(rises, series, strict=True)])


def change_points(series: Floats) -> list[int]:
    """E-divisive (Matteson and James 2014) with Otava's Student test, for series that fit in one window. Its standard
    deviations are divided by n, as Otava's are."""
    distances = np.abs(series[:, None] - series[None, :])
    found: list[int] = []
    while True:
        edges = [0, *found, len(series)]
        spans = [(a, b) for a, b in pairwise(edges) if b - a > 1]
        if not spans:
            break
        _, at, start, end = max((*_split(distances[a:b, a:b], a), a, b) for a, b in spans)
        if _student(series[start:at], series[at:end]) > FIRST_PASS * SURE_OF_OTAVA:
            break
        found = sorted([*found, at])
    while found:
        edges = [0, *found, len(series)]
        chances = [_student(series[a:b], series[b:c]) for a, b, c in zip(edges, edges[1:], edges[2:], strict=False)]
        weakest = int(np.argmax(chances))
        if chances[weakest] < SURE_OF_OTAVA:
            break
        del found[weakest]
    return found


def _split(distances: Floats, offset: int) -> tuple[float, int]:
    """The largest Q(tau, kappa) = n m / (n + m) * (2 mean|x - y| - mean|x - x'| - mean|y - y'|), and its tau."""
    size = len(distances)
    sums = np.zeros((size + 1, size + 1))
    sums[1:, 1:] = distances.cumsum(0).cumsum(1)
    tau, kappa = np.triu_indices(size + 1, k=1)
    keep = tau > 0
    tau, kappa = tau[keep], kappa[keep]
    left, right = tau, kappa - tau
    between = sums[tau, kappa] - sums[tau, tau]
    after = sums[kappa, kappa] - 2 * sums[tau, kappa] + sums[tau, tau]
    inside = sums[tau, tau] / np.maximum(left * (left - 1), 1) + after / np.maximum(right * (right - 1), 1)
    q = left * right / (left + right) * (2 * between / (left * right) - inside)
    best = int(q.argmax())
    return float(q[best]), offset + int(tau[best])


def _student(left: Floats, right: Floats) -> float:
    if len(left) + len(right) <= 2:
        return 1.0
    spread = len(left) * left.var() + len(right) * right.var()
    known = (len(left) - 1) * left.var() + (len(right) - 1) * right.var()
    if spread == 0:
        return float(left.mean() == right.mean())
    sides = (left.mean(), left.std(), len(left)), (right.mean(), right.std(), len(right))
    return float(stats.ttest_ind_from_stats(*sides[0], *sides[1]).pvalue) if known else 0.0


def side_over(seen: Sides) -> Bools:
    return seen.head > (1 + seen.limit) * seen.base


def side_twice(seen: Sides) -> Bools:
    return seen.head > 2.0 * seen.base


def side_by_percentage(seen: Sides) -> Bools:
    return seen.head > (1 + ALIKE_OF_BENCHER) * seen.base


def high(seen: Sides) -> Bools:
    """The interval is that of Hollander and Wolfe (order statistics of all differences, large samples)."""
    differences = seen.head_windows[:, :, None] - seen.base_windows[:, None, :]
    ordered = np.sort(differences.reshape(len(differences), -1), axis=1)
    m, n = seen.head_windows.shape[1], seen.base_windows.shape[1]
    z = stats.norm.ppf((1 + SURE_OF_KAYENTA) / 2)
    rank = max(0, int(np.floor(m * n / 2 - z * (m * n * (m + n + 1) / 12) ** 0.5)))
    shift, lower = np.median(ordered, axis=1), ordered[:, rank]
    increase = seen.head_windows.mean(1) / seen.base_windows.mean(1)
    return (lower > TOLERANCE_OF_KAYENTA * np.abs(shift)) & (increase >= 1 + seen.limit)


BESIDE_HISTORY: dict[str, Callable[[Series], Bools]] = {
    "k6 1.1x": threshold(1.1),
    "k6 2x": threshold(2.0),
    "g-a-b": twice_the_last,
    "Keptn": over_the_average,
    "Bencher": over_the_prediction,
    "Otava": at_a_change_point,
}
SIDE_BY_SIDE: dict[str, Callable[[Sides], Bools]] = {
    "g-a-b": side_twice,
    "Keptn": side_over,
    "Bencher": side_by_percentage,
    "Kayenta": high,
}
