"""Three ways to look at the same table: each endpoint beside the others, beside the runner probe, or alone.

- `own`: less the movement that the endpoints of a run have in common. Sharp, but blind to the application as a whole.
- `probe`: less what the runner probe saw. Sees the whole application, as well as the probe knows the runner.
- `alone`: nothing is taken out; the runner's noise is in the interval. What a pass must hold against without a probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, floor, isfinite, log, nan

import numpy as np

from perfgate.gate.common_mode import FEWEST, centred, common
from perfgate.gate.prediction import Array, Past, Prediction, predict
from perfgate.gate.series import Table
from perfgate.model.run import PastRun, Run
from perfgate.stats.distributions import t_quantile, t_sf

SLOPE_SD = 0.25  # how differently endpoints follow a common movement (recorded runs: slopes 0.8 to 1.2)
PROBE_SLOPE_SD = 0.5  # a probe's work is not the application's
STORM_DF = 4.0  # prior weight of "this run is as quiet as the others"
MEDIAN_SQUARE = 0.455  # of a standard normal score
STORMY = 10.0  # times the usual variance: three others seem to have that by chance in 0.3 % of the runs
DRAGGED = 100  # endpoints up to which one of them moves the median of the others to speak of
STORM_CAP = 9.0  # the most that one endpoint's squared score counts: it may be a regression
OTHER_RUNNER_OWN = 0.10  # sd of one endpoint's own movement between types of runner
OTHER_RUNNER = 0.25  # sd of all endpoints' movement between types of runner


@dataclass(frozen=True, kw_only=True)
class Look:
    """One endpoint's change (log) in one lens, its standard deviation and degrees of freedom."""

    lens: str
    change: float
    sd: float
    df: float

    @property
    def p_rise(self) -> float:
        return t_sf(self.change / self.sd, self.df)

    @property
    def p_fall(self) -> float:
        return t_sf(-self.change / self.sd, self.df)

    def upper(self, level: float) -> float:
        """One-sided upper bound; `level` 0.05 is a lower one."""
        return self.change + t_at(level, self.df) * self.sd


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Of one endpoint. `tests` are those that may show a change; `total` bounds the whole of it; `alone` is the plain
    change, from which the others take out what is not the endpoint's own."""

    tests: tuple[Look, ...]
    total: Look
    alone: Look


@dataclass(frozen=True, kw_only=True)
class Together:
    """The movement (log) of all endpoints as one, and the chance of one like it among earlier runs."""

    endpoints: int
    move: float
    p_rise: float


def looks(table: Table, run: Run) -> dict[str, Looks]:
    """By endpoint; those without a single value on today's level are left out."""
    elsewhere = _elsewhere(table, run)
    extra = np.maximum(table.sampling - table.past.sampling, 0.0)  # this run's own percentiles are shakier than usual
    zero, zeros = np.zeros_like(table.now), np.zeros_like(table.past.values)
    alone = predict(table.now, table.past, zero, zeros, slope_sd=0.0)
    alone_variance = alone.variance + extra + elsewhere * OTHER_RUNNER**2
    own, own_variance = _own(table, extra + elsewhere * OTHER_RUNNER_OWN**2)
    probe, probe_variance = _probe(table, run, extra + elsewhere * OTHER_RUNNER_OWN**2)
    found = {}
    for at, name in enumerate(table.endpoints):
        plain = _look("alone", alone, alone_variance, at)
        beside = _look("own", own, own_variance, at) if own else None
        probed = _look("probe", probe, probe_variance, at) if probe else None
        if plain is not None:
            tests = tuple(one for one in (beside, probed) if one is not None)
            found[name] = Looks(tests=tests or (plain,), total=probed or plain, alone=plain)
    return found


def together(table: Table) -> Together | None:
    """None with too few endpoints to speak of all of them."""
    today, moves = centred(table.now, table.past.values, table.past.level)
    number = int(np.isfinite(today).sum())
    if number < FEWEST or len(moves) < 2:
        return None
    known = np.isfinite(moves).sum(1) >= FEWEST
    past = np.array([[float(np.median(row[np.isfinite(row)]))] for row in moves[known]]).reshape(-1, 1)
    if len(past) < 2:
        return None
    level = np.zeros(past.shape, dtype=np.int64)
    now = np.array([float(np.median(today[np.isfinite(today)]))])
    seen = predict(now, Past(values=past, level=level, sampling=np.zeros(1)), now * 0, past * 0, slope_sd=0.0)
    return Together(endpoints=number, move=float(now[0]), p_rise=t_sf(float(seen.t[0]), float(seen.df[0])))


def probe_move(run: Run, runs: Sequence[PastRun]) -> float:
    """How far the runner probe is from its usual value (log); NaN where it says nothing of the target's machine."""
    past = np.array([_probed(run, one.run) for one in runs])
    known = past[np.isfinite(past)]
    return _probed(run, run) - float(np.median(known)) if len(known) >= max(3, len(runs) / 2) else nan


def _probed(run: Run, other: Run) -> float:
    """The logarithm of what `other`'s probe took, if it is the same probe as that of `run`; else NaN."""
    asked, probe = run.probe, other.probe
    if asked is None or probe is None or not (asked.beside_target and probe.beside_target and probe.p50 > 0):
        return nan
    return log(probe.p50) if probe.workload == asked.workload else nan


def _own(table: Table, extra: Array) -> tuple[Prediction | None, Array]:
    today, moves = centred(table.now, table.past.values, table.past.level)
    moved = common(np.vstack([today, moves]))
    if not np.isfinite(moved[0]).any():
        return None, extra
    own = predict(table.now, table.past, moved[0], moved[1:], slope_sd=SLOPE_SD)
    storm = _storm(own, own.variance + extra, today, moved[0])
    others = STORM_DF + np.isfinite(own.change).sum() - 1  # in a storm they tell the variance, and none know it better
    own = replace(own, df=np.where(storm > STORMY / 2, np.minimum(own.df, others), own.df))
    return own, (own.variance + extra) * storm


def _storm(own: Prediction, variance: Array, today: Array, moved: Array) -> Array:
    """(E,): how much wider the others are spread in this run than usual, at least 1; an endpoint's own movement is
    left out: from the others' scores, and from the common movement `moved` that was taken out of them. Where there are
    few endpoints one that changed drags that along, and the others seem to move against it.
    """
    storm: Array = _spread_of_others((own.change**2 / variance)[None, :])[0]
    if len(today) > DRAGGED:
        return storm
    without = common(np.where(np.eye(len(today), dtype=bool), np.nan, today), FEWEST - 1)  # row e: e left out
    change = own.change + np.nan_to_num(moved - without)
    calmer: Array = np.minimum(storm, np.diagonal(_spread_of_others(change**2 / variance)))
    return calmer


def _spread_of_others(squares: Array) -> Array:
    """Squared scores (R, E) -> (R, E): for each endpoint the mean square of the others.

    The larger of two estimates, each with a prior: the mean square of the others' scores, where one regression among
    them hardly counts, and for real storms their median square, where half of them may be regressions.
    """
    others = np.isfinite(squares).sum(1, keepdims=True) - 1
    capped = np.nan_to_num(np.minimum(squares, STORM_CAP))
    mean = (STORM_DF + capped.sum(1, keepdims=True) - capped) / (STORM_DF + others)
    usual = np.nan_to_num(common(squares)) / MEDIAN_SQUARE
    median = np.where(usual > STORMY, (STORM_DF + others * usual) / (STORM_DF + others), 1.0)
    spread: Array = np.maximum(1.0, np.maximum(mean, median))
    return spread


def _probe(table: Table, run: Run, extra: Array) -> tuple[Prediction | None, Array]:
    move = probe_move(run, table.runs)
    if not isfinite(move):
        return None, extra
    middle = _probed(run, run) - move
    moves = np.array([_probed(run, one.run) - middle for one in table.runs])
    movements = np.repeat(moves[:, None], len(table.now), axis=1)
    probe = predict(table.now, table.past, np.full_like(table.now, move), movements, slope_sd=PROBE_SLOPE_SD)
    return probe, probe.variance + extra


def _look(lens: str, seen: Prediction, variance: Array, at: int) -> Look | None:
    change, spread = float(seen.change[at]), float(variance[at])
    if not (isfinite(change) and isfinite(spread)):
        return None
    return Look(lens=lens, change=change, sd=spread**0.5, df=float(seen.df[at]))


def _elsewhere(table: Table, run: Run) -> Array:
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
    """Of a logarithm, kept finite."""
    return exp(min(change, 50.0)) - 1
