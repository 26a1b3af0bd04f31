"""Absolute limits judged with what a run can know: kept, broken, or not decidable yet, and what would decide.

"p95 <= 300 ms" says that at most 5 % of the requests take longer than 300 ms. So the share of requests over the limit
is counted, and its one-sided exact bounds decide, with the number of requests divided by the design effect: broken when
even the lower bound is over 5 %, kept when the upper bound is at most 5 %. Each errs once in twenty at most. No density
is estimated, and a percentile far from its limit needs few requests: 59 for p95 when none is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, inf, isfinite

from perfgate.model.metric import LATENCY_QUANTILES, METRICS
from perfgate.model.run import Distribution, EndpointResult
from perfgate.stats.distributions import normal_quantile
from perfgate.stats.proportions import exact_lower, exact_upper, requests_needed
from perfgate.stats.quantiles import curve

LEVEL = 0.95  # one-sided, of a run that is judged once
CONFIDENCE = 0.95  # of the two-sided intervals that results carry
QUANTILES = {**LATENCY_QUANTILES, "ttfb_p95": 0.95}
MOST_NEEDED = 100.0  # times as many requests: beyond that no run will decide
TOO_CLOSE = "it is too close to the limit for more requests to tell; move the limit, or the value away from it"


class Standing(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Held:
    """How a measured value stands to an absolute limit. Values in base units."""

    standing: Standing
    measured: float
    limit: float
    interval: tuple[float, float] | None = None  # of `measured`, 95 %, two-sided; None where there is none
    share: float | None = None  # of the requests over the limit of a percentile; the metric itself for errors
    allowed: float | None = None  # share that the limit lets be: 0.05 for p95
    requests: int = 0  # behind it
    needed: int | None = None  # requests that would decide, when that is not hopeless
    cure: str = ""  # for people: "about 2,400 requests (2 minutes at this rate) would show it"


def hold(result: EndpointResult, metric: str, limit: float, duration: float, level: float = LEVEL) -> Held:
    """The standing of `metric`, which must be among the result's, after a run of `duration` seconds. `level` is that of
    its one-sided bounds."""
    held = Held(
        standing=_plainly(result.metrics[metric], limit, METRICS[metric].higher_is_better),
        measured=result.metrics[metric],
        limit=limit,
        interval=result.intervals.get(metric),
        requests=result.requests if metric in ("errors", "rate") else result.samples,
    )
    if metric == "errors" and limit > 0:  # "none at all" no number of requests proves: then it is a fact, too
        return _by_share(held, held.measured, limit, effect_of(result, metric), duration, level)
    values = distribution_of(result, metric)
    if metric in QUANTILES and values.buckets:
        known = curve(values)
        counted = replace(held, requests=round(known.count))
        share, effect = known.share_over(limit), effect_of(result, metric)
        return _by_share(counted, share, 1 - QUANTILES[metric], effect, duration, level)
    if metric != "max" and held.interval is not None:
        return _by_interval(held, held.interval, METRICS[metric].higher_is_better, duration, level)
    return held  # the largest of the values and what has no interval: a fact, not an estimate


def distribution_of(result: EndpointResult, metric: str) -> Distribution:
    """What the metric is a percentile of."""
    return result.phases.get("first_byte", Distribution()) if metric == "ttfb_p95" else result.latency


def effect_of(result: EndpointResult, metric: str) -> float:
    """Its design effect, at least 1."""
    return max(1.0, result.design_effects.get(metric, 1.0))


def _plainly(measured: float, limit: float, higher_is_better: bool) -> Standing:
    broken = measured < limit if higher_is_better else measured > limit
    return Standing.BROKEN if broken else Standing.KEPT


def _by_share(held: Held, share: float, allowed: float, effect: float, duration: float, level: float) -> Held:
    effective = held.requests / effect
    low, high = exact_lower(share, effective, level), exact_upper(share, effective, level)
    held = replace(held, share=share, allowed=allowed)
    if low > allowed or high <= allowed:
        return replace(held, standing=Standing.BROKEN if low > allowed else Standing.KEPT)
    return _undecided(held, effect * requests_needed(share, allowed, level), duration)


def _by_interval(
    held: Held, interval: tuple[float, float], higher_is_better: bool, duration: float, level: float
) -> Held:
    """For means: the two-sided interval scaled to one-sided bounds at `level`."""
    shrink = normal_quantile(level) / normal_quantile((1 + CONFIDENCE) / 2)
    low = held.measured - shrink * (held.measured - interval[0])
    high = held.measured + shrink * (interval[1] - held.measured)
    if low <= held.limit <= high and low < high:
        reach = (held.measured - low) if held.measured > held.limit else (high - held.measured)
        gap = abs(held.measured - held.limit)
        return _undecided(held, held.requests * (reach / gap) ** 2 if gap else inf, duration)
    return replace(held, standing=_plainly(held.measured, held.limit, higher_is_better))


def _undecided(held: Held, needed: float, duration: float) -> Held:
    held = replace(held, standing=Standing.UNDECIDED)
    if not held.requests or not isfinite(needed) or needed > MOST_NEEDED * held.requests:
        return replace(held, cure=TOO_CLOSE)
    needed = max(needed, held.requests + 1)
    return replace(held, needed=ceil(needed), cure=f"{enough(needed, held.requests, duration)} would show it")


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
