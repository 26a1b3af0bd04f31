"""Values of one metric in tables: all endpoints of a run beside the same endpoints of the runs it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log, nan

import numpy as np

from perfgate.gate.absolute import distribution_of, effect_of, quantile_of
from perfgate.gate.comparison import results_by_name
from perfgate.gate.history.prediction import Array, Past
from perfgate.model.metric import ResultKind
from perfgate.model.run import EndpointResult, PastRun, Run
from perfgate.model.verdict import Baseline
from perfgate.recording.curves import curve
from perfgate.stats.distributions import normal_quantile
from perfgate.stats.quantiles import Curve, lower_end
from perfgate.stats.tails import upper_end

Results = Mapping[str, Mapping[str, EndpointResult]]  # run id -> endpoint -> result

MIN_RATE = 1e-9  # a rate of 0 is a fall, and has no logarithm
UNBOUNDED_SD = 0.5  # standard deviation (log) of a percentile that its own run cannot bound
INTERVAL_SD = 2 * 1.959964  # standard errors in a two-sided 95 % interval
TAIL_SHARES = (0.025, 0.001)  # below the lower end of an interval


@dataclass(frozen=True, kw_only=True)
class SeriesTable:
    """E endpoints, K earlier runs, newest first. Logarithms. `sampling` is the variance that a run's own requests give
    to its value, 0 where unknown."""

    endpoints: tuple[str, ...]
    runs: tuple[PastRun, ...]
    now: Array  # (E,)
    past: Past
    sampling: Array  # (E,) of this run; `past.sampling` is what is usual


def table(
    run: Run,
    baseline: Baseline,
    results: Results,
    series: str,
    metric: str,
    kind: ResultKind,
) -> SeriesTable:
    """`metric` of the runs that the series of `series` is compared with: the median beside the p95 of the same runs."""
    ends = [
        endpoint
        for endpoint in run.endpoints
        if endpoint.kind == kind and series in endpoint.metrics and metric in endpoint.metrics
    ]
    levels = {end.name: _levels(baseline, (end.name, series)) for end in ends}
    runs = tuple({past.run.id: past for column in levels.values() for level in column for past in level}.values())
    row = {past.run.id: at for at, past in enumerate(runs)}
    values = np.full((len(runs), len(ends)), np.nan)
    spread = np.full((len(runs), len(ends)), np.nan)
    level = np.zeros((len(runs), len(ends)), dtype=np.int64)
    for at, end in enumerate(ends):
        for number, members in enumerate(levels[end.name]):
            for past in members:
                result = results[past.run.id].get(end.name)
                if result is not None and result.metrics.get(metric, 0.0) > 0:
                    place = row[past.run.id], at
                    values[place] = log(result.metrics[metric])
                    spread[place] = sampling_variance(result, metric)
                    level[place] = number
    usual = _usual(spread)
    return SeriesTable(
        endpoints=tuple(end.name for end in ends),
        runs=runs,
        now=np.array([log(max(end.metrics[metric], MIN_RATE)) for end in ends]),
        past=Past(values=values, level=level, sampling=usual),
        sampling=_now(
            np.array([sampling_variance(end, metric) for end in ends], dtype=float),
            np.array([_downwards(end, metric) for end in ends], dtype=float),
            usual,
        ),
    )


def by_name(baseline: Baseline) -> Results:
    """The results of every run that serves in some series."""
    series = (*baseline.runs.values(), *(level for levels in baseline.earlier.values() for level in levels))
    runs = {past.run.id: past.run for members in series for past in members}
    return {name: results_by_name(run) for name, run in runs.items()}


def sampling_variance(result: EndpointResult, metric: str) -> float:
    """The variance that a run's own requests give to the logarithm of a metric, from its interval; where order
    statistics give none, from an extended tail. NaN when there is neither."""
    low, high = result.intervals.get(metric) or _extended(result, metric)
    if not (0 < low <= high and isfinite(high)):
        return float("nan")
    return float((log(high / low) / INTERVAL_SD) ** 2)


def _extended(result: EndpointResult, metric: str) -> tuple[float, float]:
    """A two-sided 95 % interval of a percentile that few requests tell, by `stats/tails.py`; (0, 0) when that has none
    either."""
    values = distribution_of(result, metric)
    if not quantile_of(metric) or metric not in result.design_effects or not values.buckets:
        return 0.0, 0.0
    known = curve(values)
    n = known.count / effect_of(result, metric)
    q = quantile_of(metric)
    return lower_end(known, q, n), upper_end(known, q, n, 1 - TAIL_SHARES[0])


def _downwards(result: EndpointResult, metric: str) -> float:
    """Bounds by the lower end alone: a single stall may lift a percentile far above all that it surely is, and then
    nothing bounds it from above. NaN where it is not known how requests depended on each other."""
    values = distribution_of(result, metric)
    if metric in result.intervals:
        low, value = result.intervals[metric][0], result.metrics[metric]
        return (2 * log(value / low) / INTERVAL_SD) ** 2 if low > 0 else nan
    if not quantile_of(metric) or metric not in result.design_effects or not values.buckets:
        return nan
    known = curve(values)
    return _down(known, quantile_of(metric), known.count / effect_of(result, metric))


def _down(known: Curve, q: float, n: float) -> float:
    """The larger of that by the 95 % interval and by the level at which the gate decides: of values from a stall and
    from before it, one does not tell the other."""
    value = known.quantile(q)
    ends = ((lower_end(known, q, n, 1 - 2 * tail), -normal_quantile(tail)) for tail in TAIL_SHARES)
    return max(((log(value / low) / z) ** 2 for low, z in ends if 0 < low < value), default=0.0)


def _levels(baseline: Baseline, key: tuple[str, str]) -> tuple[Sequence[PastRun], ...]:
    return baseline.runs.get(key, ()), *baseline.earlier.get(key, ())


def _now(interval: Array, downwards: Array, usual: Array) -> Array:
    """Where earlier runs have an interval and this one has none, its requests came in such bursts that nothing bounds
    the percentile: that is less than a wide interval, not more."""
    unbounded = np.where(usual > 0, np.maximum(UNBOUNDED_SD**2, 4 * usual), 0.0)
    variances: Array = np.fmax(np.where(np.isfinite(interval), interval, unbounded), downwards)
    return variances


def _usual(spread: Array) -> Array:
    """(K, E) -> (E,): the median of what is known, else 0."""
    known = (column[np.isfinite(column)] for column in spread.T)
    return np.array([float(np.median(column)) if len(column) else 0.0 for column in known])
