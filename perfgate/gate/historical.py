"""Evidence from the history: is this run outside of what earlier runs of unchanged code would do?

One-sided tests by prediction intervals (see prediction.py) in up to two lenses (see lenses.py), of the metric itself
and of the median, which is known far better than a tail: when a whole distribution moves, the median shows it first.
The smallest of these p-values counts, times their number (Bonferroni). Where the median alone is sure, the estimate
that limits are held against rests on both, each as far as it is known; the bound of a pass is always the metric's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, exp, inf, log1p
from statistics import median
from typing import Literal

from perfgate.gate.absolute import effect_of
from perfgate.gate.baseline import has_baseline
from perfgate.gate.evidence import Evidence, exact
from perfgate.gate.lenses import Look, Looks, Together, looks, ratio, t_at, together
from perfgate.gate.series import Results, Table, by_name, table
from perfgate.model.metric import METRICS
from perfgate.model.run import Run
from perfgate.model.verdict import Baseline
from perfgate.stats.distributions import normal_quantile
from perfgate.units import format_change

Key = tuple[str, str]

HELPED_BY_MEDIAN = frozenset({"p90", "p95", "p99", "mean"})
EXACT = frozenset({"size", "decoded_size"})
TOGETHER = 0.01  # level from which a common movement is named
WORTH_SAYING = 0.02  # of a common movement
LONGEST = 3600.0  # s; nobody waits longer for a verdict
PASSES, POWER = 0.95, 0.80
BURSTS = 5.0  # design effect from which people are told
APART = 0.10  # sd of how differently a tail and the median move when the code changes


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a series is asked: its smallest relative limit (a ratio), the level of its test, and that of the bound that
    a pass needs."""

    limit: float
    alpha: float
    level: float = PASSES


@dataclass(frozen=True, kw_only=True)
class Sight:
    """All there is to see of one metric: by endpoint, in itself, in the median, and of all endpoints together."""

    table: Table
    looks: Mapping[str, Looks]
    medians: Mapping[str, Looks]
    together: Together | None


def evidence(run: Run, baseline: Baseline, asked: Mapping[Key, Asked]) -> dict[Key, Evidence]:
    """By endpoint and metric, for those of `asked` that have a baseline. Not for errors (overdispersed.py)."""
    results = by_name(baseline)
    now = {one.name: one for one in run.endpoints}
    sights: dict[tuple[str, str], Sight] = {}
    found = {}
    for key, question in asked.items():
        if not has_baseline(baseline, key):
            continue
        endpoint, metric = key
        measured, runs = now[endpoint].metrics[metric], baseline.runs[key]
        if metric in EXACT:
            usual = median(results[past.run.id][endpoint].metrics[metric] for past in runs)
            better = METRICS[metric].higher_is_better
            found[key] = exact(measured, usual, higher_is_better=better, runs=len(runs))
            continue
        kind = now[endpoint].kind
        if (metric, kind) not in sights:
            sights[metric, kind] = _sight(run, baseline, results, metric, kind)
        sight = sights[metric, kind]
        if endpoint in sight.looks:
            found[key] = _Reading(sight, key, run, question).evidence(measured, len(runs))
    return found


def _sight(run: Run, baseline: Baseline, results: Results, metric: str, kind: Literal["endpoint", "journey"]) -> Sight:
    itself = table(run, baseline, results, metric, metric, kind)
    medians: Mapping[str, Looks] = {}
    if metric in HELPED_BY_MEDIAN:
        medians = looks(table(run, baseline, results, metric, "p50", kind), run)
    return Sight(table=itself, looks=looks(itself, run), medians=medians, together=together(itself))


class _Reading:
    """What one series' looks come to. Logarithms of the metric become worsenings, as ratios."""

    def __init__(self, sight: Sight, key: Key, run: Run, question: Asked) -> None:
        self.sight, self.run, self.question = sight, run, question
        self.endpoint, self.metric = key
        self.better = METRICS[self.metric].higher_is_better
        self.itself = sight.looks[self.endpoint]
        median_looks = sight.medians.get(self.endpoint)
        self.medians = {one.lens: one for one in median_looks.tests} if median_looks else {}
        self.tests = (*self.itself.tests, *self.medians.values())
        self.look = self._decisive()

    def evidence(self, measured: float, runs: int) -> Evidence:
        """The baseline is the level that the runs tell: their mean of logarithms, stormy runs counting less."""
        low, high = (self._worsening(self.look.upper(level)) for level in (0.025, 0.975))
        bound = max(self._bound(look) for look in {self.itself.total, *self.itself.tests})
        return Evidence(
            measured=measured,
            baseline=measured / exp(self.itself.alone.change),
            change=self._worsening(self.look.change),
            interval=(min(low, high), max(low, high)),
            bound=bound,
            p_worse=self._p(worse=True),
            p_better=self._p(worse=False),
            runs=runs,
            detectable=self._detectable(),
            hidden=self._hidden(),
            doubt=self._doubt(),
            cure=self._cure(),
            more=self._seconds() / self.run.duration if self.run.duration else inf,
            likely=self._likely(),
            support=self._support(),
            notes=tuple(self._notes()),
        )

    def _worsening(self, change: float) -> float:
        return -ratio(change) if self.better else ratio(change)

    def _bound(self, look: Look) -> float:
        return self._worsening(look.upper(1 - self.question.level if self.better else self.question.level))

    def _p_of(self, look: Look, *, worse: bool) -> float:
        return look.p_fall if worse is self.better else look.p_rise

    def _p(self, *, worse: bool) -> float:
        return min(1.0, len(self.tests) * min(self._p_of(look, worse=worse) for look in self.tests))

    def _decisive(self) -> Look:
        """The metric's own look in the lens that is surest of a change, in either direction."""
        surest = min(self.tests, key=lambda look: min(look.p_rise, look.p_fall))
        return next((look for look in self.itself.tests if look.lens == surest.lens), self.itself.total)

    def _detectable(self) -> float:
        level = 1 - self.question.alpha / len(self.tests)
        reach = min((t_at(level, one.df) + t_at(POWER, one.df)) * one.sd for one in self.tests)
        return self._worsening(-reach if self.better else reach)

    def _hidden(self) -> str:
        """Alone it is bounded; what could be common to all is not."""
        kept = self._bound(self.look) < self.question.limit
        move = "fall" if self.better else "rise"
        return f"a {move} of all endpoints together" if kept and self.look.lens == "own" else f"a {move}"

    def _doubt(self) -> str:
        """A movement of all endpoints that nothing explains; a probe would have."""
        all_of_them = self.sight.together
        if all_of_them is None or self.itself.total.lens == "probe" or self.better:
            return ""
        if all_of_them.p_rise >= TOGETHER or ratio(all_of_them.move) < self.question.limit:
            return ""
        return (
            f"all {all_of_them.endpoints} endpoints rose together by about {_about(all_of_them.move)}: "
            "the runner or the whole application; a runner probe or `--base-ref` tells which"
        )

    def _seconds(self) -> float:
        """How long a run would decide, where its own requests are what blurs it; else infinite."""
        sampling = float(self.sight.table.sampling[self.sight.table.endpoints.index(self.endpoint)])
        total = self.itself.total.sd**2
        wanted = (log1p(self.question.limit) / (normal_quantile(self.question.level) + normal_quantile(POWER))) ** 2
        rest = total - min(sampling, total)
        seconds = self.run.duration * sampling / (wanted - rest) if wanted > rest else inf
        return seconds if self.run.duration < seconds < LONGEST else inf

    def _cure(self) -> str:
        """A base on the same runner always helps."""
        seconds = self._seconds()
        if seconds == inf:
            return "`--base-ref` would show it"
        return f"{_minutes(seconds)} at this rate, or `--base-ref`, would show it"

    def _notes(self) -> Iterator[str]:
        look, all_of_them = self.look, self.sight.together
        taken_out = ratio(self.itself.alone.change - look.change)
        if abs(taken_out) >= WORTH_SAYING:
            whose = "the runner probe saw" if look.lens == "probe" else "all endpoints have in common"
            yield f"Taken out: {format_change(taken_out)} that {whose}."
        result = next(one for one in self.run.endpoints if one.name == self.endpoint)
        effect = effect_of(result, self.metric)
        if effect >= BURSTS:
            yield f"Slow requests came together, as in a stall: {effect:.0f} of them tell as much as one alone would."
        if look.lens == "probe" and all_of_them and abs(ratio(all_of_them.move)) >= WORTH_SAYING:
            yield f"All {all_of_them.endpoints} endpoints moved together, by about {_about(all_of_them.move)}."

    def _decided_by_median(self) -> Look | None:
        """The median's look, where only that is sure that something changed."""
        middle, level = self.medians.get(self.look.lens), self.question.alpha / len(self.tests)
        worse = self._worsening(self.look.change) > 0
        if middle is None or self._p_of(middle, worse=worse) >= level or self._p_of(self.look, worse=worse) < level:
            return None
        return middle

    def _likely(self) -> float | None:
        """Both estimates, weighted by their precision. That a tail moves as the median does is known to within APART
        (random effects; DerSimonian and Laird 1986), so a tail that is known well speaks for itself."""
        middle = self._decided_by_median()
        if middle is None:
            return None
        own, lent = 1 / self.look.sd**2, 1 / (middle.sd**2 + APART**2)
        return self._worsening((own * self.look.change + lent * middle.change) / (own + lent))

    def _support(self) -> str:
        middle, likely = self._decided_by_median(), self._likely()
        if middle is None or likely is None:
            return ""
        both = _about(log1p(likely))
        return f"Its median, {_about(middle.change)}, shows that this is more than chance; both together tell {both}."


def _about(change: float) -> str:
    return format_change(round(ratio(change), 2))


def _minutes(seconds: float) -> str:
    return f"{ceil(seconds / 60)} minutes" if seconds > 90 else f"{ceil(seconds / 10) * 10} s"
