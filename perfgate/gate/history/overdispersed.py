"""Errors beside earlier runs -> Comparison. Failures come together: shares vary between runs by more than chance.

Pooling the requests of earlier runs (Fisher's exact test) takes every bad minute for a regression. So a run's share is
beta distributed around the endpoint's own, with an intra-class correlation that all endpoints of the runs tell together
(Williams 1975, The analysis of binary responses from toxicological experiments; moments as in Kleinman 1973), and the
failures of the run at hand are predicted by the beta-binomial distribution, with the baseline's own uncertainty. Where
bad runs are rare one correlation for all is too small for them: the p-value is the larger of that and of one by the
mixture of correlations that the runs tell (stats/bunching.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from perfgate.gate.absolute import MAX_NEEDED_FACTOR, effect_of, enough
from perfgate.gate.comparison import Comparison, results_by_name
from perfgate.gate.history.historical import ChangeTest, Key
from perfgate.gate.levels import CONFIDENCE, POWER
from perfgate.model.run import Run
from perfgate.model.verdict import Baseline
from perfgate.stats.bunching import mixture
from perfgate.stats.distributions import beta_binomial_sf, normal_quantile
from perfgate.stats.proportions import fewest, newcombe

CORRELATION_CONFIDENCE = 0.90  # one-sided, of the correlation: a few lucky runs are no proof of independence


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counts of one endpoint in one run. `effect` is the design effect of its failures within the run."""

    failures: int
    requests: int
    effect: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Bunching:
    """How failures come together within a run: one correlation for all runs, bounded from above, and a mixture of
    (correlation, weight)."""

    within: float
    mixed: tuple[tuple[float, float], ...] = ()


def bunching(series: Iterable[Sequence[Counts]]) -> Bunching:
    """Bunching in the endpoints' earlier runs."""
    counted = [[run for run in runs if run.requests] for runs in series]
    pairs = [
        (np.array([float(run.failures) for run in runs]), np.array([float(run.requests) for run in runs]))
        for runs in counted
    ]
    return Bunching(within=correlation(counted), mixed=mixture(pairs))


def correlation(series: Iterable[Sequence[Counts]]) -> float:
    """Upper bound of the intra-class correlation of failures within a run, pooled over the endpoints' earlier runs.

    Pearson's chi-square over its degrees of freedom is the dispersion 1 + (n - 1) correlation; its bound takes the
    chi-square distribution by Wilson and Hilferty's cube, with fewer degrees of freedom where rare bunches make most of
    it. Endpoints that never failed say nothing of it. At least 0.
    """
    square = freedom = informative = context = number = 0.0
    for runs in series:
        counted = [run for run in runs if run.requests]
        failures, requests = sum(run.failures for run in counted), sum(run.requests for run in counted)
        if len(counted) < 2 or not 0 < failures < requests:
            continue
        share = failures / requests
        variance = share * (1 - share)
        square += sum((run.failures - run.requests * share) ** 2 / (run.requests * variance) for run in counted)
        freedom += len(counted) - 1
        context += failures
        number += len(counted)
        informative += (len(counted) - 1) / len(counted) * (requests - len(counted))
    if informative <= 0:
        return 0.0
    worth = freedom / _tails(max(1.0, square / freedom), context / number)
    highest = square / freedom * worth / _chi_square_share(worth, 1 - CORRELATION_CONFIDENCE)
    return min(1.0, max(0.0, (highest - 1) * freedom / informative))


def _tails(dispersion: float, mean: float) -> float:
    """How much more squares of failures scatter than those of normal values: 1 + half their excess kurtosis, that of
    the negative binomial distribution (Johnson, Kemp and Kotz 2005, Univariate discrete distributions, 5.1)."""
    return 1 + (6 * (dispersion - 1) + 1 / dispersion) / (2 * mean)


def _chi_square_share(freedom: float, p: float) -> float:
    """The quantile p of chi-square / degrees of freedom (Wilson and Hilferty 1931), kept above 0."""
    part = 2 / (9 * freedom)
    return freedom * max(0.05, 1 - part + normal_quantile(p) * sqrt(part)) ** 3


def comparison(run: Run, baseline: Baseline, tests: Mapping[Key, ChangeTest]) -> dict[Key, Comparison]:
    """Comparisons by endpoint and metric, for those of `asked` (all of `errors`, limits as differences) that have
    counts."""
    series = {
        name: [_counts(past.run, name) for past in runs]
        for (name, metric), runs in baseline.runs.items()
        if metric == "errors"
    }
    together = bunching(series.values())
    comparisons = {}
    for key, test in tests.items():
        made = compare(_counts(run, key[0]), series.get(key[0], ()), together, test, run.duration)
        if made is not None:
            comparisons[key] = made
    return comparisons


def _counts(run: Run, name: str) -> Counts:
    result = results_by_name(run).get(name)
    if result is None:
        return Counts(failures=0, requests=0)
    return Counts(failures=result.failures, requests=result.requests, effect=effect_of(result, "errors"))


def compare(
    now: Counts, past: Sequence[Counts], together: Bunching, test: ChangeTest, duration: float = 0.0
) -> Comparison | None:
    """Returns None when there are no requests to compare."""
    within = together.within
    runs = [run for run in past if run.requests]
    total, failures = sum(run.requests for run in runs), sum(run.failures for run in runs)
    if not total or not now.requests:
        return None
    share, baseline = now.failures / now.requests, failures / total
    effective = _effective(now.requests, within), sum(_effective(run.requests, within) for run in runs)
    needed_requests = _needed((share, baseline), now.requests, effective[1], within, test)
    predicted = [_Predicted(now, baseline, effective[1], ((within, 1.0),))]
    predicted += [_Predicted(now, baseline, effective[1], together.mixed)] if together.mixed else []
    return Comparison(
        measured=share,
        baseline=baseline,
        change=share - baseline,
        interval=newcombe(baseline, effective[1], share, effective[0], CONFIDENCE),
        bound=newcombe(baseline, effective[1], share, effective[0], 2 * test.level - 1)[1],
        outer=_outer(now, baseline, effective[1], test),
        p_worse=max(item.as_many for item in predicted),
        p_better=max(item.as_few for item in predicted),
        is_difference=True,
        runs=len(runs),
        detectable=_detectable(baseline, effective, test),
        cure=_cure(needed_requests, now.requests, duration),
        more=needed_requests / now.requests,
    )


def _outer(now: Counts, baseline: float, before: float, test: ChangeTest) -> float:
    """The rise that this run's own requests rule out, however much runs differ: a run without failures had no rise."""
    share = now.failures / now.requests
    own = now.requests / (now.effect if now.failures else 1.0)
    return newcombe(baseline, before, share, own, 2 * test.level - 1)[1]


def _effective(requests: int, within: float) -> float:
    """Independent requests that know a run's usual share as well as so many of one run (Kish 1965)."""
    return requests / (1 + (requests - 1) * within)


class _Predicted:
    """The chances of as many failures, and of as few, by a mixture of correlations."""

    def __init__(self, now: Counts, baseline: float, effective: float, mixed: Sequence[tuple[float, float]]) -> None:
        tails = [(weight, *_tails_of(now, *_predictive(baseline, effective, within))) for within, weight in mixed]
        self.as_many = min(1.0, sum(weight * many for weight, many, _ in tails))
        self.as_few = min(1.0, sum(weight * few for weight, _, few in tails))


def _tails_of(now: Counts, a: float, b: float) -> tuple[float, float]:
    return (
        beta_binomial_sf(now.failures - 1, now.requests, a, b),
        1 - beta_binomial_sf(now.failures, now.requests, a, b),
    )


def _predictive(baseline: float, effective: float, within: float) -> tuple[float, float]:
    """The beta distribution of the share of the next run: its variance is that between runs and that of the baseline.

    A beta distribution of a + b = c has the intra-class correlation 1 / (c + 1). The half failure that may have been
    missed (Jeffreys) is one of `effective` requests: where failures come in bunches, a whole bunch may have been.
    """
    share = (baseline * effective + 0.5) / (effective + 1)
    spread = min(0.5, within + 1 / max(effective, 1.0))
    c = 1 / spread - 1
    return share * c, (1 - share) * c


def _detectable(baseline: float, effective: tuple[float, float], test: ChangeTest) -> float:
    """Fixed point: the variance grows with the rise."""
    now, before = effective
    z_alpha, z_power = normal_quantile(1 - test.alpha), normal_quantile(POWER)
    rise = 0.0
    for _ in range(50):
        high = min(1.0, max(baseline + rise, 1 / now))
        rise = z_alpha * sqrt(max(baseline, 0.5 / before) * (1 / now + 1 / before))
        rise += z_power * sqrt(high * (1 - high) / now)
    return max(min(1.0, rise), test.limit)


def _needed(shares: tuple[float, float], requests: int, before: float, within: float, test: ChangeTest) -> float:
    """Requests of this run that would bound the rise below the limit; infinite where none would: more requests of one
    run help only as far as they are independent. `before` are the baseline's effective ones."""
    share, baseline = shares
    limit, change = test.limit, share - baseline
    if limit <= 0 or change >= limit:
        return inf
    z = normal_quantile(test.level) + normal_quantile(POWER)
    rest = ((limit - max(0.0, change)) / z) ** 2 - baseline * (1 - baseline) / before
    alone = max(share * (1 - share) / rest, fewest(min(limit, 0.5))) if rest > 0 else inf
    if alone * within >= 1:
        return inf
    needed = alone * (1 - within) / (1 - alone * within)
    return needed if requests < needed < MAX_NEEDED_FACTOR * requests else inf


def _cure(needed_requests: float, requests: int, duration: float) -> str:
    beside = "`--base-ref` would show it"
    if needed_requests == inf:
        return beside
    return f"{enough(needed_requests, requests, duration)}, or {beside.replace(' would', ', would')}"
