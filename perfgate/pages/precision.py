"""How many views of a page are enough. Pure.

What decides is how wide the interval is, never where it lies: stopping early favours no verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median

from perfgate.model.metric import METRICS, PAGE_FACTS
from perfgate.stats.medians import median_interval

PRECISE = 0.1  # half the interval, as a share of the median
TRIFLE = 0.01  # the same, as a share of what rates as good: less does not matter to a visitor
USUAL = ("lcp",)  # of a page without a budget


def is_precise(columns: Mapping[str, Sequence[float]], judged: Collection[str]) -> bool:
    """Whether every metric that varies and is judged has an interval tight enough. A metric that no view has stays
    missing in more of them."""
    varying = [name for name in judged or USUAL if name not in PAGE_FACTS and columns.get(name)]
    return all(_is_tight(name, columns[name]) for name in varying)


def _is_tight(name: str, column: Sequence[float]) -> bool:
    interval = median_interval(column)
    metric = METRICS.get(name)
    enough = max(PRECISE * median(column), TRIFLE * (metric.good if metric else 0.0))
    return interval is not None and (interval[1] - interval[0]) / 2 <= enough
