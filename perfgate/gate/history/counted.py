"""Counts (queries, rows, cache hits, CPU, memory) beside earlier runs, or beside an A/B test's base -> Comparison.

The runner moves no count, so nothing is taken out. Where every request counted the same, in every run, the numbers are
facts and any change of them is one. Where they vary, the mean of a run is as uncertain as its interval says, and what
earlier runs lie further apart than that is their own (random effects, as in sizes.py); degrees of freedom are Welch's.
Counts may be 0, and memory may shrink, so it is the difference that is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean, median, variance

from perfgate.gate.comparison import Comparison, exact
from perfgate.gate.history.estimates import t_at
from perfgate.gate.levels import POWER
from perfgate.model.metric import METRICS, Unit
from perfgate.model.run import EndpointResult
from perfgate.stats.distributions import t_quantile, t_sf
from perfgate.stats.serial import FREEDOM

STANDARD_ERRORS = 2 * t_quantile(0.975, FREEDOM)  # in a two-sided 95 % interval of a mean by windows
CURE = "more requests, or `--base-ref`, would show it"


@dataclass(frozen=True, kw_only=True)
class Rise:
    """How far a count is over its usual value (a worsening), the standard error of that and its degrees of freedom."""

    usual: float
    change: float
    error: float
    df: float

    def upper(self, level: float) -> float:
        return self.change + t_at(level, self.df) * self.error


def compare_counted(
    now: EndpointResult, past: Sequence[EndpointResult], metric: str, levels: tuple[float, float], limit: float
) -> Comparison:
    """`levels`: of the test (alpha), and of a pass's bound. `limit` is a ratio, of a share a difference."""
    known, (alpha, level) = METRICS[metric], levels
    measured = now.metrics[metric]
    rise = _rise(now, past, metric, -1 if known.higher_is_better else 1)
    if rise.error <= 0:
        usual = median(item.metrics[metric] for item in past)
        return exact(measured, usual, higher_is_better=known.higher_is_better, runs=len(past))
    is_share = known.unit is Unit.RATIO
    is_difference = is_share or rise.usual <= 0  # beside 0 there is no ratio
    whole = 1.0 if is_difference else rise.usual
    significant = (t_at(1 - alpha, rise.df) + t_at(POWER, rise.df)) * rise.error
    within = limit if is_share else limit * abs(measured)
    detectable = max(significant, within + t_at(POWER, rise.df) * rise.error) / whole
    return Comparison(
        measured=measured,
        baseline=rise.usual,
        change=rise.change / whole,
        interval=(rise.upper(0.025) / whole, rise.upper(0.975) / whole),
        bound=rise.upper(level) / whole,
        p_worse=t_sf(rise.change / rise.error, rise.df),
        p_better=t_sf(-rise.change / rise.error, rise.df),
        is_difference=is_difference,
        falls=known.higher_is_better,
        runs=len(past),
        detectable=detectable if is_share or not is_difference else inf,
        cure=CURE,
    )


def _rise(now: EndpointResult, past: Sequence[EndpointResult], metric: str, sign: int) -> Rise:
    values = [item.metrics[metric] for item in past]
    usual = fmean([_variance(item, metric) for item in past])
    between = max(0.0, variance(values) - usual) if len(values) > 1 else 0.0
    parts = (
        (_variance(now, metric) + usual / len(values), float(FREEDOM)),
        (between * (1 + 1 / len(values)), max(1.0, len(values) - 1.0)),
    )
    total = sum(part for part, _ in parts)
    df = total**2 / sum(part**2 / freedom for part, freedom in parts) if total > 0 else float(FREEDOM)
    middle = fmean(values)
    return Rise(usual=middle, change=sign * (now.metrics[metric] - middle), error=total**0.5, df=df)


def _variance(result: EndpointResult, metric: str) -> float:
    """The variance of the mean by the run's own requests; 0 where nothing varied."""
    low, high = result.intervals.get(metric, (0.0, 0.0))
    return ((high - low) / STANDARD_ERRORS) ** 2
