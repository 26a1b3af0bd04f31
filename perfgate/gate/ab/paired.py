"""Base and head measured side by side -> Comparison: what an A/B test says of one metric of one endpoint.

Requests were dealt to the arms at random, so this is a randomised trial (`stats/two_samples.py`). The null margin takes
up what differs between two equal instances of a service (memory layout, order of start), and the bound that a pass
needs allows for it. A pass rests on the percentile's own requests alone. For a failure the median may lend its
certainty, where the percentile itself moved too: most changes of the code slow down all requests, and half of them tell
it sooner than the last 5 %.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp, expm1, inf, isfinite, log, log1p, sqrt
from statistics import NormalDist

from perfgate.gate.ab.paired_means import compare_errors, compare_means
from perfgate.gate.absolute import distribution_of, quantile_of
from perfgate.gate.comparison import RESOLUTION, Comparison
from perfgate.gate.history.estimates import Estimate
from perfgate.gate.history.tail import TailAndMedian
from perfgate.gate.levels import CONFIDENCE, OWN_LEVEL
from perfgate.gate.trial import (
    Ratio,
    Trial,
    bound,
    bursts,
    cure,
    detectable,
    effect_of_difference,
    needed,
)
from perfgate.model.metric import METRICS
from perfgate.model.run import EndpointResult
from perfgate.recording.curves import curve
from perfgate.stats.distributions import normal_quantile
from perfgate.stats.proportions import fewest
from perfgate.stats.tails import MIN_VALUES
from perfgate.stats.two_samples import TwoArms
from perfgate.text.units import format_change

BODY_QUANTILE = 0.5  # the quantile that lends its certainty
OWN_WEIGHT = 0.8  # of the error probability; the rest is the median's (weighted Bonferroni, Holm 1979)
UPPER_END_REQUESTS = 6  # requests of both arms together that make the upper end of a distribution
UNKNOWN_SD = 3.0  # standard error (log) that is as good as none
NORMAL_DF = 1e11  # degrees of freedom: the normal distribution
# Times the null margin: a median is known so well that two equal instances may seem to differ.
MEDIAN_MARGIN_FACTOR = 1.5


def compare(base: EndpointResult, head: EndpointResult, metric: str, trial: Trial) -> Comparison | None:
    """Compares a metric that both arms measured. None where two arms say nothing: `max` is one request of each, and
    sizes without intervals may differ for any reason."""
    if metric not in base.metrics or metric not in head.metrics or metric == "max":
        return None
    if metric == "errors":
        return compare_errors(base, head, trial)
    if quantile_of(metric):
        return _quantile(base, head, metric, trial)
    return compare_means(base, head, metric, trial)


def _quantile(base: EndpointResult, head: EndpointResult, metric: str, trial: Trial) -> Comparison | None:
    own, body = _arms(base, head, metric, quantile_of(metric)), _arms(base, head, metric, BODY_QUANTILE)
    if own is None or body is None:
        return None
    measured, baseline = head.metrics[metric], max(base.metrics[metric], RESOLUTION)
    change = max(measured, RESOLUTION) / baseline - 1
    p_worse, borrowed = _p_worse(own, body, trial.margin)
    requests = (own.base.count + own.head.count) / 2
    error = own.standard_error()
    known = isfinite(error)
    ratio = Ratio(estimate=_logarithm(change) if known else 0.0, error=error, requests=requests)
    if not known:
        ratio = Ratio(estimate=0.0, error=_planned(body, own.q, requests / own.effect), requests=requests)
    pair = TailAndMedian(
        tail=_estimate(_logarithm(change), ratio.error, trial),
        median=None if own.q == BODY_QUANTILE else _estimate(_logarithm(body.ratio()), body.standard_error(), trial),
    )
    return Comparison(
        measured=measured,
        baseline=baseline,
        change=change,
        interval=_interval(change, own, ratio.error if requests >= MIN_VALUES else inf),
        bound=_bound(change, own.upper(trial.level) - 1, trial),
        outer=expm1(pair.upper(trial.level)) if isfinite(change) else None,
        expected=expm1(pair.expected()) if isfinite(change) else None,
        p_worse=p_worse,
        p_better=own.p_better(trial.margin),
        detectable=detectable(ratio, trial) if known or requests >= MIN_VALUES else inf,
        cure=cure(ratio, trial, at_least=own.effect * fewest(1 - own.q)),
        more=needed(ratio, trial, at_least=own.effect * fewest(1 - own.q)) / requests,
        support="".join(borrowed),
        notes=bursts(own.effect),
    )


def _interval(change: float, own: TwoArms, error: float) -> tuple[float, float]:
    """95 %, two-sided: by order statistics, or where there are too few requests by the planned standard error."""
    tail = (1 + CONFIDENCE) / 2
    low, high = own.lower(tail), own.upper(tail)
    if not (low > 0 and isfinite(high)) and isfinite(error) and -1 < change < inf:
        reach = normal_quantile(tail) * error
        low, high = exp(_logarithm(change) - reach), exp(_logarithm(change) + reach)
    return min(change, low - 1), max(change, high - 1)


def _logarithm(change: float) -> float:
    return log1p(change) if -1 < change < inf else 0.0


def _estimate(change: float, error: float, trial: Trial) -> Estimate:
    """Adds the luck of the two instances in its standard deviation."""
    deviation = sqrt(min(error, UNKNOWN_SD) ** 2 + trial.instances**2)
    return Estimate(basis="base", change=change, sd=deviation, df=NORMAL_DF, rise=change, fall=change)


def _bound(change: float, upper: float, trial: Trial) -> float:
    if not -1 < change < inf:
        return max(change, upper)
    return expm1(bound(log1p(change), log1p(max(change, upper)), trial))


def _arms(base: EndpointResult, head: EndpointResult, metric: str, q: float) -> TwoArms | None:
    item, two = (curve(distribution_of(arm, metric)) for arm in (base, head))
    if not item.count or not two.count:
        return None
    aspect = METRICS[metric].aspect
    median = f"{aspect}_p50" if aspect else "p50"
    known_by = metric
    if q == BODY_QUANTILE:
        known_by = median
    elif metric == "ttfb_p95" and metric not in head.paired_effects:
        known_by = "p95"
    return TwoArms(base=item, head=two, q=q, effect=effect_of_difference(base, head, known_by, (item.count, two.count)))


def _p_worse(own: TwoArms, body: TwoArms, margin: float) -> tuple[float, tuple[str, ...]]:
    """The p-value and the sentence about the median, where that decided."""
    alone = own.p_worse(margin)
    if own.q == BODY_QUANTILE:
        return alone, ()
    weighted = min(1.0, alone / OWN_WEIGHT)
    borrowed_p = body.p_worse(MEDIAN_MARGIN_FACTOR * margin) / (1 - OWN_WEIGHT)
    if borrowed_p >= weighted or not (alone <= OWN_LEVEL or _tail_moved(own, margin)):
        return weighted, ()
    return borrowed_p, (f"Its median, {format_change(body.ratio())}, shows that this is more than chance.",)


def _tail_moved(own: TwoArms, margin: float) -> bool:
    """Whether the upper end of the distribution moved with its median, as far as the deal of the requests tells.

    That slow requests came together may widen an interval; it does not hide that every quantile moved: the median's
    test counts it, so here it does not. The upper end is twice what is over the quantile, and as many requests as make
    a test.
    """
    share = max(2 * (1 - own.q), UPPER_END_REQUESTS / (own.base.count + own.head.count))
    upper = replace(own, q=max(BODY_QUANTILE, 1 - share), effect=1.0)
    return upper.p_worse(margin) <= OWN_LEVEL


def _planned(body: TwoArms, q: float, effective: float) -> float:
    """Standard error of ln(head / base) at q for log-normal latencies as wide as these (from their quartiles), where
    there are too few requests to see it: sqrt(q (1 - q)) / phi(z_q) times sigma sqrt(2 / n)."""
    spreads = [log(arm.quantile(0.75) / max(arm.quantile(0.25), 1e-9)) for arm in (body.base, body.head)]
    sigma = max(0.1, max(spreads) / (2 * normal_quantile(0.75)))
    return sigma * sqrt(q * (1 - q)) / NormalDist().pdf(normal_quantile(q)) * sqrt(2 / max(effective, 1.0))
