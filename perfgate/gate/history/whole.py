"""The whole application as one comparison: what all endpoints of a run have in common, beside the earlier runs.

A slow runner moves all endpoints, and so does a change of the whole application (a middleware, a driver, a setting).
Where a reference workload of the runner was measured beside both, its movement is taken out, and the rest is the
application's. Without it nobody can tell, and a common rise is undecided once instead of in every row.

The common movement is the median over the endpoints, in logarithms: one endpoint at ten times its time is no movement
of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log1p

import numpy as np

from perfgate.gate.comparison import Comparison
from perfgate.gate.history.common_mode import MIN_ENDPOINTS, centred
from perfgate.gate.history.estimates import PROBE_SLOPE_SD, Estimate, probed, ratio
from perfgate.gate.history.prediction import Array, Past, predict
from perfgate.gate.history.series import Results, SeriesTable, by_name, table
from perfgate.gate.history.tail import TailAndMedian
from perfgate.gate.levels import POWER
from perfgate.model.budget_file import Severity
from perfgate.model.metric import METRICS
from perfgate.model.run import Run
from perfgate.model.verdict import Baseline

ALL = "all endpoints"
Limits = Mapping[Severity, float]  # the tightest relative limit of any endpoint on a metric, a ratio


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The common movement of `metric`. `cleared`: the runner's own movement is known, and taken out of the evidence."""

    metric: str
    endpoints: int
    limits: Limits
    comparison: Comparison
    cleared: bool


def compare_whole(
    run: Run, baseline: Baseline, limits: Mapping[str, Limits], alpha: float, level: float
) -> list[Whole]:
    """Comparisons by metric, of those in `limits`; none with fewer than three endpoints or two earlier runs, which have
    nothing in common to speak of. `level` is that of a pass's bound."""
    results = by_name(baseline)
    made = (_whole(run, baseline, results, metric, tightest, (alpha, level)) for metric, tightest in limits.items())
    return [item for item in made if item is not None]


def _whole(
    run: Run, baseline: Baseline, results: Results, metric: str, limits: Limits, levels: tuple[float, float]
) -> Whole | None:
    observed = table(run, baseline, results, metric, metric, "endpoint")
    tail = _estimate(observed, run)
    if tail is None:
        return None
    median = None
    if METRICS[metric].is_helped_by_median:
        median = _estimate(table(run, baseline, results, metric, "p50", "endpoint"), run)
    pair = TailAndMedian(tail=tail, median=median)
    today = _median(centred(observed.now, observed.past.values, observed.past.level)[0])
    return Whole(
        metric=metric,
        endpoints=len(observed.endpoints),
        limits=limits,
        cleared=tail.basis == "probe",
        comparison=Comparison(
            measured=exp(_median(observed.now)),
            baseline=exp(_median(observed.now) - today),
            change=ratio(tail.change),
            interval=(ratio(tail.upper(0.025)), ratio(tail.upper(0.975))),
            bound=ratio(pair.alone(levels[1])),
            outer=ratio(pair.upper(levels[1])),
            p_worse=pair.p_value(worse=True),
            p_better=pair.p_value(worse=False),
            runs=len(observed.runs),
            detectable=ratio(pair.detectable(log1p(min(limits.values())), levels[0], POWER)),
            likely=ratio(pair.likely(levels[0])),
            expected=ratio(pair.expected()),
        ),
    )


def _estimate(observed: SeriesTable, run: Run) -> Estimate | None:
    """The common movement beside that of the earlier runs; basis "probe" where the runner's own is taken out."""
    today, moves = centred(observed.now, observed.past.values, observed.past.level)
    known = np.isfinite(moves).sum(1) >= MIN_ENDPOINTS
    if np.isfinite(today).sum() < MIN_ENDPOINTS or known.sum() < 2:
        return None
    past = np.array([_median(row) for row in moves[known]])
    reference = probed(run, [item for item, is_known in zip(observed.runs, known, strict=True) if is_known])
    move, moved = reference if reference is not None else (0.0, np.zeros(len(past)))
    made = predict(
        np.array([_median(today)]),
        Past(values=past[:, None], level=np.zeros((len(past), 1), dtype=np.int64), sampling=np.zeros(1)),
        np.array([move]),
        moved[:, None],
        slope_sd=PROBE_SLOPE_SD if reference is not None else 0.0,
    )
    change, deviation = float(made.change[0]), float(made.variance[0] + _extra(observed)) ** 0.5
    basis = "alone" if reference is None else "probe"
    return Estimate(basis=basis, change=change, sd=deviation, df=float(made.df[0]), rise=change, fall=change)


def _extra(observed: SeriesTable) -> float:
    """The variance that this run's percentiles have beyond the usual. A stall shakes all: it does not average out."""
    extra = np.maximum(observed.sampling - observed.past.sampling, 0.0)
    return float(np.median(extra[np.isfinite(extra)])) if np.isfinite(extra).any() else 0.0


def _median(values: Array) -> float:
    return float(np.median(values[np.isfinite(values)]))
