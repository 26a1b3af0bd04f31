"""Absolute limits judged with what a run can know: kept, broken, or not decidable yet, and what would decide.

- broken: the measured value is over the limit, and so is its one-sided 95 % lower bound;
- kept: the measured value is within the limit, and a violation of more than the sensitivity is ruled out: the upper
  bound is within limit x (1 + sensitivity), of an error rate within limit + sensitivity.

"p95 <= 300 ms" says that at most 5 % of the requests take longer than 300 ms, so bounds are those of the share of
requests over a value (Clopper and Pearson 1934), with the number of requests divided by the design effect. With few
requests, none of them over the limit, the tail is extended (`stats/tails.py`): 80 requests of 10 ms keep 500 ms.

The design effect says how far slow requests come together. Where nothing is over the limit, or even the fastest request
is far over it, there is nothing to come together; and an error rate over its limit is over it, in bursts or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, inf, isfinite, sqrt

from perfgate.gate.levels import CONFIDENCE, PASS_LEVEL, POWER
from perfgate.model.budget_file import Sensitivity
from perfgate.model.metric import METRICS, Unit
from perfgate.model.run import Distribution, EndpointResult
from perfgate.recording.curves import curve
from perfgate.stats.distributions import normal_quantile
from perfgate.stats.proportions import exact_lower, exact_upper, requests_needed
from perfgate.stats.quantiles import Curve
from perfgate.stats.tails import share_upper

MAX_NEEDED_FACTOR = 100.0  # times as many requests: beyond that no run will decide
FAR_OVER_FACTOR = 1.5  # times the limit: where no request is under it, bursts of slow ones cannot be the reason
TOO_CLOSE = "it is too close to the limit for more requests to tell; move the limit, or the value away from it"


class Standing(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A limit, the violation that a pass must rule out, the level of the one-sided bounds, and the seconds measured."""

    limit: float  # base unit
    duration: float = 0.0
    level: float = PASS_LEVEL
    sensitivity: Sensitivity = Sensitivity()

    def tolerated(self, metric: str) -> float:
        """The value that the upper bound must stay within (the lower bound over, of what should not fall)."""
        if self.sensitivity.at_limit:
            return self.limit
        if metric == "errors":
            return min(1.0, self.limit + self.sensitivity.errors)
        if METRICS[metric].unit is Unit.RATIO:  # shares that should not fall
            return max(0.0, self.limit - self.sensitivity.errors)
        factor = 1 + self.sensitivity.latency
        return self.limit / factor if METRICS[metric].higher_is_better else self.limit * factor


@dataclass(frozen=True, kw_only=True)
class LimitCheck:
    """How a measured value stands to an absolute limit. Values in base units."""

    standing: Standing
    measured: float
    limit: float
    interval: tuple[float, float] | None = None  # of `measured`, 95 %, two-sided; None where there is none
    share: float | None = None  # of the requests over the limit of a percentile; the metric itself for errors
    allowed: float | None = None  # share that the limit lets be: 0.05 for p95
    requests: int = 0  # behind it
    detectable: float | None = None  # the smallest value that the run would have found over the limit
    needed: int | None = None  # requests that would decide, when that is not hopeless
    cure: str = ""  # for people: "about 2,400 requests (2 minutes at this rate) would show it"


def check_limit(result: EndpointResult, metric: str, question: Question) -> LimitCheck:
    """The standing of `metric`, which must be among the result's, to an absolute limit."""
    limit, measured = question.limit, result.metrics[metric]
    check = LimitCheck(
        standing=_compare(measured, limit, METRICS[metric].higher_is_better),
        measured=measured,
        limit=limit,
        interval=interval_of(result, metric),
        requests=result.requests if metric in ("errors", "rate") else result.samples,
        detectable=limit,
    )
    if metric == "errors" and limit > 0:  # "none at all" no number of requests proves: then it is a fact, too
        return _check_errors(check, effect_of(result, metric), question)
    values = distribution_of(result, metric)
    if METRICS[metric].quantile and values.buckets:
        return _check_quantile(check, curve(values), metric, effect_of(result, metric), question)
    if metric != "max" and check.interval is not None:
        return _check_mean(check, check.interval, metric, question)
    return check  # the largest of the values and what has no interval: a fact, not an estimate


def distribution_of(result: EndpointResult, metric: str) -> Distribution:
    """The values that the metric is a percentile of."""
    values = METRICS[metric].values
    return result.phases.get(values, Distribution()) if values not in ("", "latency") else result.latency


def quantile_of(metric: str) -> float:
    """Which quantile of its values a metric is; 0 for other sums of them."""
    return METRICS[metric].quantile or 0.0


def interval_of(result: EndpointResult, metric: str) -> tuple[float, float] | None:
    """The 95 % interval of a metric; decoded sizes are taken to vary as much as those over the wire."""
    known = result.intervals.get("size" if metric == "decoded_size" and metric not in result.intervals else metric)
    if known is None or metric != "decoded_size" or metric in result.intervals:
        return known
    size = result.metrics.get("size", 0.0)
    factor = result.metrics[metric] / size if size > 0 else 1.0
    return known[0] * factor, known[1] * factor


def effect_of(result: EndpointResult, metric: str) -> float:
    """The design effect of the metric, at least 1."""
    return max(1.0, result.design_effects.get(metric, 1.0))


def _compare(measured: float, limit: float, higher_is_better: bool) -> Standing:
    is_broken = measured < limit if higher_is_better else measured > limit
    return Standing.BROKEN if is_broken else Standing.KEPT


def _check_errors(check: LimitCheck, effect: float, question: Question) -> LimitCheck:
    n, share, allowed = check.requests, check.measured, question.tolerated("errors")
    check = replace(check, share=share, allowed=check.limit, detectable=_share_detected(check.limit, n, question.level))
    if share > check.limit:
        if exact_lower(share, n, question.level) > check.limit:
            return replace(check, standing=Standing.BROKEN)
        return _undecided(check, requests_needed(share, check.limit, question.level), question)
    effective = n / effect if share else n
    if exact_upper(share, effective, question.level) <= allowed:
        return replace(check, standing=Standing.KEPT)
    return _undecided(check, n / effective * requests_needed(share, allowed, question.level), question)


def _check_quantile(check: LimitCheck, known: Curve, metric: str, effect: float, question: Question) -> LimitCheck:
    allowed, n = 1 - quantile_of(metric), known.count
    over, worst = known.share_over(check.limit), question.tolerated(metric)
    effect = effect if over > 0 and known.share_over(check.limit * FAR_OVER_FACTOR) < 1 else 1.0
    check = replace(
        check,
        requests=round(n),
        share=over,
        allowed=allowed,
        detectable=_value_detected(
            known, 1 - allowed, check.limit, _share_detected(allowed, n / effect, question.level)
        ),
    )
    if over > allowed:
        if exact_lower(over, n / effect, question.level) > allowed:
            return replace(check, standing=Standing.BROKEN)
        return _undecided(check, effect * requests_needed(over, allowed, question.level), question)
    if share_upper(known, worst, n / effect, question.level, allowed) <= allowed:
        return replace(check, standing=Standing.KEPT)
    needed = requests_needed(known.share_over(worst), allowed, question.level)
    return _undecided(check, effect * needed, question)


def _share_detected(allowed: float, n: float, level: float) -> float:
    """The true share of which POWER of the runs with `n` requests would show that it is over `allowed`."""
    z, z_power = normal_quantile(level), normal_quantile(POWER)
    if n < 1:
        return 1.0
    share = allowed
    for _ in range(30):  # the variance grows with the share
        share = min(1.0, allowed + (z * sqrt(allowed * (1 - allowed)) + z_power * sqrt(share * (1 - share))) / sqrt(n))
    return max(share, min(1.0, 2 / n))


def _value_detected(known: Curve, q: float, limit: float, share: float) -> float:
    """The quantile q of latencies of this shape, all slower by one factor, of which `share` would be over the limit."""
    bottom = known.quantile(max(0.0, 1 - share))
    return limit * known.quantile(q) / bottom if bottom > 0 and share < 1 else inf


def _check_mean(check: LimitCheck, interval: tuple[float, float], metric: str, question: Question) -> LimitCheck:
    """Checks by the metric's two-sided interval, scaled to one-sided bounds."""
    shrink = normal_quantile(question.level) / normal_quantile((1 + CONFIDENCE) / 2)
    low = check.measured - shrink * (check.measured - interval[0])
    high = check.measured + shrink * (interval[1] - check.measured)
    falls, worst = METRICS[metric].higher_is_better, question.tolerated(metric)
    better, worse = (high, low) if falls else (low, high)  # the bounds on either side of what was measured
    reach = abs(check.measured - better) * (1 + normal_quantile(POWER) / normal_quantile(question.level))
    check = replace(check, detectable=max(0.0, check.limit - reach if falls else check.limit + reach))
    standing = _compare(check.measured, check.limit, falls)
    proven = _compare(better, check.limit, falls) if standing is Standing.BROKEN else _compare(worse, worst, falls)
    if proven is standing:
        return check
    bound, edge = (better, check.limit) if standing is Standing.BROKEN else (worse, worst)
    gap = abs(check.measured - edge)
    return _undecided(check, check.requests * ((check.measured - bound) / gap) ** 2 if gap else inf, question)


def _undecided(check: LimitCheck, needed: float, question: Question) -> LimitCheck:
    check = replace(check, standing=Standing.UNDECIDED)
    if not check.requests or not isfinite(needed) or needed > MAX_NEEDED_FACTOR * check.requests:
        return replace(check, cure=TOO_CLOSE)
    needed = max(needed, check.requests + 1)
    return replace(
        check, needed=ceil(needed), cure=f"{enough(needed, check.requests, question.duration)} would show it"
    )


def enough(needed: float, have: float, duration: float, what: str = "requests") -> str:
    """ "about 2,400 requests (2 minutes at this rate)", the number rounded up to two digits. `have` were made in
    `duration` seconds; 0 when that is unknown."""
    digits = 10 ** max(0, len(str(ceil(needed))) - 2)
    seconds = duration * needed / have if have else 0.0
    if seconds <= 0:
        time = ""
    elif seconds < 90:
        time = f" ({max(1, ceil(seconds))} s at this rate)"
    elif seconds < 5400:
        time = f" ({ceil(seconds / 60)} minutes at this rate)"
    else:
        time = f" ({ceil(seconds / 3600)} hours at this rate)"
    return f"about {ceil(needed / digits) * digits:,} {what}{time}"
