"""Exact split of a mean, a p95 or a page's LCP, and of its difference, into layers. Pure.

A quantile by Harrell and Davis (1982, Biometrika 69:635) is a weighted sum of the order statistics. Each layer gets
the same weighted sum of its own share of those same requests (the Euler allocation of a quantile, Tasche 2007), so the
layers add up to the quantile exactly, and their differences to its difference. Layers' own quantiles would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor

import numpy as np
import numpy.typing as npt

from perfgate.model.diagnosis import ALL_LAYERS, LAYERS, Layer, LayerChange
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.stats.special import incomplete_beta

Floats = npt.NDArray[np.float64]
RESAMPLES = 400
TAIL_SHARE = 0.025


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Samples as rows, layers (in the order of LAYERS) as columns, s; `rounds` says in which round each was taken."""

    seconds: Floats
    rounds: npt.NDArray[np.int64]

    @property
    def count(self) -> int:
        return len(self.seconds)


def parts(rows: Sequence[dict[Layer, float]], rounds: Sequence[int] = ()) -> Parts:
    seconds = np.array([[row.get(layer, 0.0) for layer in LAYERS] for row in rows], dtype=np.float64)
    own = np.array(rounds or [0] * len(rows), dtype=np.int64)
    return Parts(seconds=seconds.reshape(len(rows), len(LAYERS)), rounds=own)


def contributions(seconds: Floats, metric: str) -> Floats:
    """What each layer has in the metric: they add up to it. Raises KeyError for a metric that has no such split."""
    if metric == "mean":
        return np.asarray(seconds.mean(axis=0), dtype=np.float64)
    order = np.argsort(seconds.sum(axis=1), kind="stable")
    return np.asarray(_weights(len(seconds), LATENCY_QUANTILES[metric]) @ seconds[order], dtype=np.float64)


@lru_cache(maxsize=64)
def _weights(n: int, q: float) -> Floats:
    """Harrell and Davis' weights of the n order statistics."""
    a, b = (n + 1) * q, (n + 1) * (1 - q)
    upto = np.array([incomplete_beta(a, b, i / n, (n - i) / n) for i in range(n + 1)])
    upto[0], upto[-1] = 0.0, 1.0
    return np.asarray(np.diff(upto), dtype=np.float64)


def split(head: Parts, base: Parts | None, metric: str, *, seed: int = 1) -> tuple[LayerChange, ...]:
    """Layers that have a part in it, largest change first (largest part, without a base). Empty without samples."""
    if not head.count or (base is not None and not base.count):
        return ()
    now = contributions(head.seconds, metric)
    before = contributions(base.seconds, metric) if base is not None else None
    value = now - before if before is not None else now
    low, high = _interval(head, base, metric, seed)
    changes = [
        LayerChange(
            layer=layer,
            baseline=float(before[at]) if before is not None else None,
            now=float(now[at]),
            change=float(value[at]) if before is not None else None,
            interval=(float(low[at]), float(high[at])),
        )
        for at, layer in enumerate(LAYERS)
        if now[at] or (before is not None and before[at])
    ]
    return _largest_first(changes)


def split_page(now: Mapping[str, float], before: Mapping[str, float] | None) -> tuple[LayerChange, ...]:
    """The layers of a page's LCP (s), as a view tells them exactly; `before` are those that it is compared with."""
    changes = []
    for layer in ALL_LAYERS:
        value, earlier = now.get(layer, 0.0), before.get(layer, 0.0) if before is not None else None
        if value or earlier:
            change = value - earlier if earlier is not None else None
            changes.append(LayerChange(layer=layer, baseline=earlier, now=value, change=change))
    return _largest_first(changes)


def _largest_first(changes: Iterable[LayerChange]) -> tuple[LayerChange, ...]:
    return tuple(sorted(changes, key=lambda change: -abs(change.now if change.change is None else change.change)))


def _interval(head: Parts, base: Parts | None, metric: str, seed: int) -> tuple[Floats, Floats]:
    """Bootstrap: rounds are drawn first, then the samples in each, for what is common to a round is no chance of its
    samples alone."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(RESAMPLES):
        drawn = contributions(_resampled(head, random), metric)
        rows.append(drawn - contributions(_resampled(base, random), metric) if base is not None else drawn)
    table = np.sort(np.array(rows), axis=0)
    return table[floor(RESAMPLES * TAIL_SHARE)], table[RESAMPLES - 1 - floor(RESAMPLES * TAIL_SHARE)]


def _resampled(parts: Parts, random: np.random.Generator) -> Floats:
    rounds = np.unique(parts.rounds)
    drawn = random.choice(rounds, len(rounds)) if len(rounds) > 1 else rounds
    groups = [np.flatnonzero(parts.rounds == number) for number in drawn]
    chosen = np.concatenate([random.choice(group, len(group)) for group in groups])
    return np.asarray(parts.seconds[chosen], dtype=np.float64)
