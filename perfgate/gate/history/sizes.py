"""Sizes of bodies beside earlier runs -> Comparison: by how well each run knows its mean, and how far runs lie apart.

The runner moves no size, so nothing is taken out, and bodies that never vary make a fact: any change of them is one.
Where bodies vary, the mean of one run is as uncertain as its interval says; what earlier runs lie further apart than
that is their own (random effects; DerSimonian and Laird 1986, Meta-analysis in clinical trials). Degrees of freedom are
those of the sum of both variances (Welch 1947, The generalization of Student's problem). Decoded sizes vary as much as
those over the wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, log1p
from statistics import fmean, median, variance

from perfgate.gate.absolute import interval_of
from perfgate.gate.comparison import Comparison, exact
from perfgate.gate.history.estimates import ratio, t_at
from perfgate.gate.levels import POWER
from perfgate.model.run import EndpointResult
from perfgate.stats.distributions import t_quantile, t_sf
from perfgate.stats.serial import FREEDOM

STANDARD_ERRORS = 2 * t_quantile(0.975, FREEDOM)  # in a two-sided 95 % interval of a mean size
CURE = "more requests, or `--base-ref`, would show it"


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How far a size is from its usual value (logarithm), the standard error of that and its degrees of freedom."""

    change: float
    error: float
    df: float

    def upper(self, level: float) -> float:
        return self.change + t_at(level, self.df) * self.error


def compare_size(
    now: EndpointResult, past: Sequence[EndpointResult], metric: str, levels: tuple[float, float], limit: float
) -> Comparison:
    """`levels`: of the test (alpha), and of a pass's bound. `limit` is a ratio."""
    alpha, level = levels
    grown = _growth(now, past, metric)
    if grown is None:
        usual = median(item.metrics[metric] for item in past)
        return exact(now.metrics[metric], usual, higher_is_better=False, runs=len(past))
    significant = (t_at(1 - alpha, grown.df) + t_at(POWER, grown.df)) * grown.error
    return Comparison(
        measured=now.metrics[metric],
        baseline=now.metrics[metric] / exp(grown.change),
        change=ratio(grown.change),
        interval=(ratio(grown.upper(0.025)), ratio(grown.upper(0.975))),
        bound=ratio(grown.upper(level)),
        p_worse=t_sf(grown.change / grown.error, grown.df),
        p_better=t_sf(-grown.change / grown.error, grown.df),
        runs=len(past),
        detectable=ratio(max(significant, log1p(limit) + t_at(POWER, grown.df) * grown.error)),
        cure=CURE,
    )


def _growth(now: EndpointResult, past: Sequence[EndpointResult], metric: str) -> Growth | None:
    """Returns None where nothing varies, or where there is no logarithm."""
    sizes = [item.metrics[metric] for item in past]
    if min(*sizes, now.metrics[metric]) <= 0:
        return None
    logs = [log(size) for size in sizes]
    known = [_sampling(item, metric) for item in past]
    usual = fmean(known)
    between = max(0.0, variance(logs) - usual) if len(logs) > 1 else 0.0
    own = _sampling(now, metric)
    parts = ((own + usual / len(logs), FREEDOM), (between * (1 + 1 / len(logs)), max(1.0, len(logs) - 1.0)))
    total = sum(part for part, _ in parts)
    if total <= 0:
        return None
    df = total**2 / sum(part**2 / freedom for part, freedom in parts)
    return Growth(change=log(now.metrics[metric]) - fmean(logs), error=total**0.5, df=df)


def _sampling(result: EndpointResult, metric: str) -> float:
    """The variance of the logarithm of the mean by the run's own requests; 0 where it is not known."""
    low, high = interval_of(result, metric) or (0.0, 0.0)
    measured = result.metrics[metric]
    if measured <= 0 or not low <= measured <= high < inf:
        return 0.0
    return ((high - low) / STANDARD_ERRORS / measured) ** 2
