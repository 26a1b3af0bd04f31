"""Comparison with the history: is this run outside of what earlier runs of unchanged code would do?

One-sided tests by prediction intervals (see prediction.py) on up to two bases (see estimates.py), of the metric itself
and of the median, which is known far better than a tail: when a whole distribution moves, the median shows it first.
The smallest of these p-values counts, times their number (Bonferroni). Where the median alone is sure, the estimate
that limits are held against rests on both, each as far as it is known; the bound of a pass is always the metric's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp, inf, log1p

from perfgate.gate.absolute import effect_of
from perfgate.gate.comparison import Comparison, results_by_name
from perfgate.gate.history.baseline import has_baseline
from perfgate.gate.history.counted import compare_counted
from perfgate.gate.history.estimates import Estimates, estimates_of, ratio
from perfgate.gate.history.longer import longer
from perfgate.gate.history.series import Results, SeriesTable, by_name, table
from perfgate.gate.history.sizes import compare_size
from perfgate.gate.history.tail import TailAndMedian
from perfgate.gate.levels import PASS_LEVEL, POWER
from perfgate.model.metric import METRICS, ResultKind
from perfgate.model.run import Run
from perfgate.model.verdict import Baseline
from perfgate.stats.distributions import normal_quantile
from perfgate.text.units import format_change

Key = tuple[str, str]

TAKEN_OUT = {"own": "all endpoints together", "probe": "the runner"}  # by basis
MAX_RUN_S = 3600.0  # s; nobody waits longer for a verdict
NOTABLE_DESIGN_EFFECT = 5.0  # design effect from which people are told


@dataclass(frozen=True, kw_only=True)
class ChangeTest:
    """Test of a series: its smallest relative limit (a ratio), the level of its test, that of the bound that a
    pass needs, and what that bound must stay below."""

    limit: float
    alpha: float
    level: float = PASS_LEVEL
    tolerated: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MetricSeries:
    """Estimates of one metric, by endpoint: of the metric itself and of the median."""

    table: SeriesTable
    estimates: Mapping[str, Estimates]
    medians: Mapping[str, Estimates]


def comparison(run: Run, baseline: Baseline, tests: Mapping[Key, ChangeTest]) -> dict[Key, Comparison]:
    """Comparisons by endpoint and metric, for those of `tests` that have a baseline. Not for errors
    (overdispersed.py)."""
    results = by_name(baseline)
    now = results_by_name(run)
    series_by_metric: dict[tuple[str, str], MetricSeries] = {}
    comparisons = {}
    for key, test in tests.items():
        if not has_baseline(baseline, key):
            continue
        endpoint, metric = key
        measured, runs = now[endpoint].metrics[metric], baseline.runs[key]
        if METRICS[metric].is_size:
            then = [results[past.run.id][endpoint] for past in runs]
            comparisons[key] = compare_size(now[endpoint], then, metric, (test.alpha, test.level), test.limit)
            continue
        if METRICS[metric].is_counted:
            then = [results[past.run.id][endpoint] for past in runs]
            levels = (test.alpha, test.level)
            comparisons[key] = compare_counted(now[endpoint], then, metric, levels, test.limit)
            continue
        kind = now[endpoint].kind
        if (metric, kind) not in series_by_metric:
            series_by_metric[metric, kind] = _series(run, baseline, results, metric, kind)
        series = series_by_metric[metric, kind]
        if endpoint in series.estimates:
            comparisons[key] = _SeriesComparison(series, key, run, test).comparison(measured, len(runs))
    return comparisons


def _series(run: Run, baseline: Baseline, results: Results, metric: str, kind: ResultKind) -> MetricSeries:
    itself = table(run, baseline, results, metric, metric, kind)
    medians: Mapping[str, Estimates] = {}
    if METRICS[metric].is_helped_by_median:
        medians = estimates_of(table(run, baseline, results, metric, "p50", kind), run)
    return MetricSeries(table=itself, estimates=estimates_of(itself, run), medians=medians)


class _SeriesComparison:
    """What one series' estimates come to. Logarithms of the metric become worsenings, as ratios."""

    def __init__(self, series: MetricSeries, key: Key, run: Run, test: ChangeTest) -> None:
        self.series, self.run, self.test = series, run, test
        self.endpoint, self.metric = key
        self.better = METRICS[self.metric].higher_is_better
        self.estimates = series.estimates[self.endpoint]
        self.own = self.estimates.own
        medians = series.medians.get(self.endpoint)
        middle = medians.own if medians and medians.own.basis == self.own.basis else None
        self.pair = TailAndMedian(tail=self.own, median=middle, falls=self.better)

    def comparison(self, measured: float, runs: int) -> Comparison:
        """The baseline is the level of the runs: their mean of logarithms, overdispersed runs counting less."""
        low, high = (self._worsening(self.own.upper(level)) for level in (0.025, 0.975))
        return Comparison(
            measured=measured,
            baseline=measured / exp(self.estimates.alone.change),
            change=self._worsening(self.own.change),
            interval=(min(low, high), max(low, high)),
            bound=self._as_worsening(self.pair.alone(self.test.level)),
            outer=self._as_worsening(self.pair.upper(self.test.level)),
            p_worse=self.pair.p_value(worse=True),
            p_better=self.pair.p_value(worse=False),
            falls=self.better,
            runs=runs,
            detectable=self._as_worsening(self.pair.detectable(log1p(self.test.limit), self.test.alpha, POWER)),
            cure=self._cure(),
            more=self._seconds() / self.run.duration if self.run.duration else inf,
            likely=self._as_worsening(self.pair.likely(self.test.alpha)),
            expected=self._as_worsening(self.pair.expected()),
            support=self._support(),
            taken_out=TAKEN_OUT.get(self.own.basis, ""),
            notes=tuple(self._notes()),
        )

    def _worsening(self, change: float) -> float:
        return -ratio(change) if self.better else ratio(change)

    def _as_worsening(self, movement: float) -> float:
        """A signed movement (log) for the worse, as a share of the baseline."""
        return -ratio(-movement) if self.better else ratio(movement)

    def _seconds(self) -> float:
        """How long a run would decide, where its own requests are what blurs it; else infinite.

        A change under the limit: keep the bound under what a pass must rule out (by the better end of what is seen).
        One over it: show that it is no chance; or, where its own requests give most of the noise, be as long again,
        for what was chance falls back under the limit.
        """
        sampling = float(self.series.table.sampling[self.series.table.endpoints.index(self.endpoint)])
        total, duration = self.own.sd**2, self.run.duration
        change, limit = (-self.own.change if self.better else self.own.change), log1p(self.test.limit)
        if change >= limit:
            gap, z = change, normal_quantile(1 - self.test.alpha)
            if 2 * sampling > total and 2 * duration < MAX_RUN_S:
                return 2 * duration
        else:
            within = max(limit, log1p(self.test.tolerated))
            gap, z = within - max(0.0, change - self.own.sd), normal_quantile(self.test.level)
        needed_variance = (gap / (z + normal_quantile(POWER))) ** 2
        rest = total - min(sampling, total)
        seconds = duration * sampling / (needed_variance - rest) if needed_variance > rest else inf
        return seconds if duration < seconds < MAX_RUN_S else inf

    def _cure(self) -> str:
        """A base on the same runner always helps."""
        seconds = self._seconds()
        if seconds == inf:
            return "`--base-ref` would show it"
        return f"{longer(self.run, seconds)}, or `--base-ref`, would show it"

    def _notes(self) -> Iterator[str]:
        result = results_by_name(self.run)[self.endpoint]
        effect = effect_of(result, self.metric)
        if effect >= NOTABLE_DESIGN_EFFECT:
            yield f"Slow requests came together, as in a stall: {effect:.0f} of them tell as much as one alone would."

    def _support(self) -> str:
        median = self.pair.median
        if median is None or not self.pair.is_decided_by_median(self.test.alpha):
            return ""
        both = format_change(round(self._as_worsening(self.pair.combined()), 2))
        return f"Its median, {_about(median.change)}, shows that this is more than chance; both together tell {both}."


def _about(change: float) -> str:
    return format_change(round(ratio(change), 2))
