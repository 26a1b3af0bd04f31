"""The change of one endpoint since the earlier runs, without what is not its own.

- `own`: less the movement that the endpoints of a run have in common, which is judged by itself (`whole.py`);
- `probe`: less what the runner's reference workload saw, where there are too few endpoints to have anything in common;
- `alone`: nothing is taken out; the runner's noise is in the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, floor, isfinite, log, nan

import numpy as np

from perfgate.gate.history.common_mode import MIN_ENDPOINTS, cautious, centred, common
from perfgate.gate.history.prediction import Array, Prediction, predict
from perfgate.gate.history.series import SeriesTable
from perfgate.model.run import PastRun, Run
from perfgate.stats.distributions import t_quantile, t_sf

SLOPE_SD = 0.25  # how differently endpoints follow a common movement (recorded runs: slopes 0.8 to 1.2)
PROBE_SLOPE_SD = 0.5  # a probe's work is not the application's
QUIET_PRIOR_DF = 4.0  # prior weight of "this run is as quiet as the others"
MEDIAN_SQUARED_SCORE = 0.455  # of a standard normal score
OVERDISPERSED_FACTOR = 10.0  # times the usual variance: three others seem to have that by chance in 0.3 % of the runs
MAX_DRAGGED_ENDPOINTS = 100  # endpoints up to which one of them moves the median of the others to speak of
MIN_FAR_RUNS = 1.5  # earlier runs that were as far out: then it is no outlier
MAX_SQUARED_SCORE = 9.0  # the most that one endpoint's squared score counts: it may be a regression
OTHER_RUNNER_OWN_SD = 0.10  # sd of one endpoint's own movement between types of runner
OTHER_RUNNER_SD = 0.25  # sd of all endpoints' movement between types of runner


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One endpoint's change (log) on one basis, its standard deviation and degrees of freedom. `rise` and `fall` are
    the change as it must be taken to call it one (`common_mode.cautious`)."""

    basis: str
    change: float
    sd: float
    df: float
    rise: float
    fall: float
    seen: tuple[float, float] = (0.0, 0.0)  # shares of the earlier runs that were as far up, and as far down

    @property
    def p_rise(self) -> float:
        """Probability of such a rise by chance: at least the share of earlier runs that were as far up, if several
        were: a distribution with a second mode has no tail of Student's t."""
        return max(t_sf(self.rise / self.sd, self.df), self.seen[0])

    @property
    def p_fall(self) -> float:
        return max(t_sf(-self.fall / self.sd, self.df), self.seen[1])

    def upper(self, level: float) -> float:
        """One-sided upper bound; `level` 0.05 is a lower one."""
        return self.change + t_at(level, self.df) * self.sd


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """`own` is the part of an endpoint's change that is judged, `alone` the plain change."""

    own: Estimate
    alone: Estimate


def estimates_of(table: SeriesTable, run: Run) -> dict[str, Estimates]:
    """Estimates by endpoint; those without a single value on today's level are left out."""
    elsewhere = _elsewhere(table, run)
    extra = np.maximum(table.sampling - table.past.sampling, 0.0)  # this run's own percentiles are shakier than usual
    zero, zeros = np.zeros_like(table.now), np.zeros_like(table.past.values)
    alone = predict(table.now, table.past, zero, zeros, slope_sd=0.0)
    alone_variance = alone.variance + extra + elsewhere * OTHER_RUNNER_SD**2
    beside = _own_changes(table, run, extra + elsewhere * OTHER_RUNNER_OWN_SD**2)
    probe, probe_variance = _probe(table, run, extra + elsewhere * OTHER_RUNNER_OWN_SD**2)
    estimates = {}
    for at, name in enumerate(table.endpoints):
        plain = _estimate("alone", alone, alone_variance, at)
        own = (
            _estimate("own", beside.prediction, beside.variance, at, (beside.rise[at], beside.fall[at]))
            if beside
            else None
        )
        beyond = _estimate("probe", probe, probe_variance, at) if probe else None
        if plain is not None:
            estimates[name] = Estimates(own=own or beyond or plain, alone=plain)
    return estimates


def probe_move(run: Run, runs: Sequence[PastRun]) -> float:
    """How far the runner probe is from its usual value (log); NaN where it says nothing of the target's machine."""
    past = np.array([_probed(run, item.run) for item in runs])
    known = past[np.isfinite(past)]
    return _probed(run, run) - float(np.median(known)) if len(known) >= max(3, len(runs) / 2) else nan


def probed(run: Run, runs: Sequence[PastRun]) -> tuple[float, Array] | None:
    """The movement (log) of the runner's reference workload in `run` and in each of the earlier `runs`; None where too
    few of them have it."""
    move = probe_move(run, runs)
    if not isfinite(move):
        return None
    middle = _probed(run, run) - move
    return move, np.array([_probed(run, item.run) - middle for item in runs])


def _probed(run: Run, other: Run) -> float:
    """The logarithm of what `other`'s probe took, if it is the same probe as that of `run`; else NaN."""
    own_probe, probe = run.probe, other.probe
    if own_probe is None or probe is None or not (own_probe.beside_target and probe.beside_target and probe.p50 > 0):
        return nan
    return log(probe.p50) if probe.workload == own_probe.workload else nan


@dataclass(frozen=True, kw_only=True)
class _OwnChanges:
    prediction: Prediction
    variance: Array
    rise: Array  # (E,) the change as it must be taken to blame the endpoint for a rise
    fall: Array

    def estimate(self, at: int) -> Estimate | None:
        return _estimate("own", self.prediction, self.variance, at, (self.rise[at], self.fall[at]))


def _own_changes(table: SeriesTable, run: Run, extra: Array) -> _OwnChanges | None:
    """Returns None where too few endpoints have anything in common."""
    today, moves = centred(table.now, table.past.values, table.past.level)
    moved = common(np.vstack([today, moves]))
    if not np.isfinite(moved[0]).any():
        return None
    own = predict(table.now, table.past, moved[0], moved[1:], slope_sd=SLOPE_SD)
    inflation = _inflation_of_run(own, own.variance + extra, today, moved[0])
    others = QUIET_PRIOR_DF + np.isfinite(own.change).sum() - 1  # they tell the variance, and none know it better
    own = replace(own, df=np.where(inflation > OVERDISPERSED_FACTOR / 2, np.minimum(own.df, others), own.df))
    usual = float(np.sqrt(np.nanmean(moved[1:] ** 2))) if np.isfinite(moved[1:]).any() else 0.0
    rise, fall = cautious(today, moved[0], usual, probe_move(run, table.runs))
    return _OwnChanges(
        prediction=own,
        variance=(own.variance + extra) * inflation,
        rise=own.change - (rise - moved[0]),
        fall=own.change - (fall - moved[0]),
    )


def _inflation_of_run(own: Prediction, variance: Array, today: Array, moved: Array) -> Array:
    """(E,): how much wider the others are spread in this run than usual, at least 1; an endpoint's own movement is
    left out: from the others' scores, and from the common movement `moved` that was taken out of them. Where there are
    few endpoints one that changed drags that along, and the others seem to move against it.
    """
    inflation: Array = _spread_of_others((own.change**2 / variance)[None, :])[0]
    if len(today) > MAX_DRAGGED_ENDPOINTS:
        return inflation
    without = common(np.where(np.eye(len(today), dtype=bool), np.nan, today), MIN_ENDPOINTS - 1)  # row e: e left out
    change = own.change + np.nan_to_num(moved - without)
    calmer: Array = np.minimum(inflation, np.diagonal(_spread_of_others(change**2 / variance)))
    return calmer


def _spread_of_others(squares: Array) -> Array:
    """Squared scores (R, E) -> (R, E): for each endpoint the mean square of the others.

    The larger of two estimates, each with a prior: the mean square of the others' scores, where one regression among
    them hardly counts, and where the run really is overdispersed their median square, where half of them may be
    regressions.
    """
    others = np.isfinite(squares).sum(1, keepdims=True) - 1
    capped = np.nan_to_num(np.minimum(squares, MAX_SQUARED_SCORE))
    mean = (QUIET_PRIOR_DF + capped.sum(1, keepdims=True) - capped) / (QUIET_PRIOR_DF + others)
    usual = np.nan_to_num(common(squares)) / MEDIAN_SQUARED_SCORE
    median = np.where(usual > OVERDISPERSED_FACTOR, (QUIET_PRIOR_DF + others * usual) / (QUIET_PRIOR_DF + others), 1.0)
    spread: Array = np.maximum(1.0, np.maximum(mean, median))
    return spread


def _probe(table: SeriesTable, run: Run, extra: Array) -> tuple[Prediction | None, Array]:
    reference = probed(run, table.runs)
    if reference is None:
        return None, extra
    move, moves = reference
    movements = np.repeat(moves[:, None], len(table.now), axis=1)
    probe = predict(table.now, table.past, np.full_like(table.now, move), movements, slope_sd=PROBE_SLOPE_SD)
    return probe, probe.variance + extra


def _estimate(
    basis: str, observed: Prediction, variance: Array, at: int, cautiously: tuple[float, float] | None = None
) -> Estimate | None:
    change, spread = float(observed.change[at]), float(variance[at])
    if not (isfinite(change) and isfinite(spread)):
        return None
    rise, fall = map(float, cautiously or (change, change))
    runs = float(observed.runs[at])
    shares = [
        float(count[at]) / (runs + 1) if count[at] >= MIN_FAR_RUNS else 0.0
        for count in (observed.as_high, observed.as_low)
    ]
    deviation = spread**0.5
    return Estimate(
        basis=basis,
        change=change,
        sd=deviation,
        df=float(observed.df[at]),
        rise=rise,
        fall=fall,
        seen=(shares[0], shares[1]),
    )


def _elsewhere(table: SeriesTable, run: Run) -> Array:
    """(E,): the share of earlier values that other types of runner gave."""
    here = run.conditions.runner
    type_of_runner = (here.os, here.cpu, here.cores)
    other = np.array(
        [
            bool(then.cpu and here.cpu) and (then.os, then.cpu, then.cores) != type_of_runner
            for then in (past.run.conditions.runner for past in table.runs)
        ],
        dtype=float,
    )
    there = np.isfinite(table.past.values) & (table.past.level == 0)
    share: Array = (there * other[:, None]).sum(0) / np.maximum(there.sum(0), 1)
    return share


def t_at(level: float, df: float) -> float:
    """The quantile of Student's t; degrees of freedom rounded down to a tenth, so that endpoints share the work."""
    return _t_at(level, max(1, floor(10 * df)))


@lru_cache(maxsize=4096)
def _t_at(level: float, tenths: int) -> float:
    return t_quantile(level, tenths / 10)


def ratio(change: float) -> float:
    """The ratio of a logarithm, kept finite."""
    return exp(min(change, 50.0)) - 1
