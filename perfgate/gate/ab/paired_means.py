"""Means, rates and error shares of an A/B test -> Comparison."""

from __future__ import annotations

from math import inf, log, log1p, sqrt

from perfgate.gate.absolute import interval_of
from perfgate.gate.comparison import Comparison
from perfgate.gate.levels import CONFIDENCE, POWER
from perfgate.gate.trial import (
    Ratio,
    Trial,
    bound,
    bursts,
    cure,
    cure_by,
    detectable,
    effect_of_difference,
    needed,
)
from perfgate.model.run import EndpointResult
from perfgate.recording.curves import curve
from perfgate.stats.distributions import normal_quantile, normal_sf
from perfgate.stats.proportions import dealt_worse, fewest, newcombe


def compare_means(base: EndpointResult, head: EndpointResult, metric: str, trial: Trial) -> Comparison | None:
    """Mean, size and rate by the standard error of the logarithm of their ratio (delta method)."""
    compared = {"mean": _mean, "rate": _rate}.get(metric)
    ratio = compared(base, head) if compared else _size(base, head, metric)
    if ratio is None:
        return None
    z, z_bound = normal_quantile((1 + CONFIDENCE) / 2), normal_quantile(trial.level)
    low, change, high = (ratio.worsening(ratio.estimate + steps * ratio.error) for steps in (-z, 0.0, z))
    upper = ratio.estimate + z_bound * ratio.error
    instances = metric == "mean"  # two equal instances have no reason to fail differently, or to send other bodies
    margin = log1p(trial.margin)
    return Comparison(
        measured=head.metrics[metric],
        baseline=base.metrics[metric],
        change=change,
        interval=(low, high),
        bound=ratio.worsening(bound(ratio.estimate, upper, trial) if instances else upper),
        p_worse=_tail(ratio.estimate - margin, ratio.error),
        p_better=_tail(-ratio.estimate - margin, ratio.error),
        detectable=detectable(ratio, trial),
        cure=cure(ratio, trial),
        more=needed(ratio, trial) / ratio.requests,
        notes=("Compared is the share that succeeded: how many requests each got is chance.",) if ratio.falls else (),
    )


def _tail(surplus: float, error: float) -> float:
    return normal_sf(surplus / error) if error > 0 else float(surplus <= 0)


def _mean(base: EndpointResult, head: EndpointResult) -> Ratio | None:
    means = base.metrics["mean"], head.metrics["mean"]
    if min(means) <= 0 or min(base.samples, head.samples) < 2:
        return None
    effect = effect_of_difference(base, head, "mean", (base.samples, head.samples))
    parts = [
        (curve(arm.latency).deviation() / mean) ** 2 / arm.samples
        for arm, mean in zip((base, head), means, strict=True)
    ]
    return Ratio(
        estimate=log(means[1] / means[0]),
        error=sqrt(effect * sum(parts)),
        requests=(base.samples + head.samples) / 2,
    )


def _rate(base: EndpointResult, head: EndpointResult) -> Ratio | None:
    """Successes per request: how many requests an arm was dealt is chance. None where an arm got none, or where the
    base had no success. A head without any counts as half a one: log(0) says nothing of how sure a fall is."""
    if not base.requests or not head.requests or base.failures >= base.requests:
        return None
    shares = [max(arm.requests - arm.failures, 0.5) / arm.requests for arm in (base, head)]
    effect = effect_of_difference(base, head, "errors", (base.requests, head.requests))
    parts = [(1 - share) / (share * arm.requests) for arm, share in zip((base, head), shares, strict=True)]
    return Ratio(
        estimate=log(shares[0] / shares[1]),
        error=sqrt(effect * sum(parts)),
        requests=(base.requests + head.requests) / 2,
        falls=True,
    )


def _size(base: EndpointResult, head: EndpointResult, metric: str) -> Ratio | None:
    """Decoded sizes are taken to vary as much as those over the wire."""
    intervals = [interval_of(arm, metric) for arm in (base, head)]
    sizes = [arm.metrics[metric] for arm in (base, head)]
    if None in intervals or min(sizes) <= 0:
        return None
    z = normal_quantile((1 + CONFIDENCE) / 2)
    errors = [(ends[1] - ends[0]) / (2 * z * size) for ends, size in zip(intervals, sizes, strict=True) if ends]
    return Ratio(
        estimate=log(sizes[1] / sizes[0]),
        error=sqrt(sum(error * error for error in errors)),
        requests=(base.requests + head.requests) / 2,
    )


def compare_errors(base: EndpointResult, head: EndpointResult, trial: Trial) -> Comparison | None:
    """Compares the shares by their difference, for ratios of a few failures say little. No null margin: two equal
    instances have no reason to fail differently, and the smallest rise that counts is the judge's to say."""
    if not base.requests or not head.requests:
        return None
    shares = [arm.failures / arm.requests for arm in (base, head)]
    effect = effect_of_difference(base, head, "errors", (base.requests, head.requests))
    n_base, n_head = base.requests / effect, head.requests / effect
    change = shares[1] - shares[0]
    requests = (base.requests + head.requests) / 2
    at_least = effect * fewest(min(trial.limit, 0.5)) if trial.limit else 0.0
    needed_requests = max(at_least, _needed_for_errors(shares[0], shares[1], requests, effect, trial))
    return Comparison(
        measured=shares[1],
        baseline=shares[0],
        change=change,
        interval=newcombe(shares[0], n_base, shares[1], n_head, CONFIDENCE),
        bound=newcombe(shares[0], n_base, shares[1], n_head, 2 * trial.level - 1)[1],
        p_worse=dealt_worse(shares[0], n_base, shares[1], n_head),
        p_better=dealt_worse(shares[1], n_head, shares[0], n_base),
        is_difference=True,
        detectable=_detectable_rise(shares[0], requests / effect, trial),
        cure=cure_by(needed_requests, requests, trial, at_least) if trial.limit else "",
        more=needed_requests / requests,
        notes=bursts(effect),
    )


def _detectable_rise(share: float, n: float, trial: Trial) -> float:
    """The rise found with POWER by `n` independent requests per arm: a fixed point, for the variance grows with it
    (Fleiss, Levin and Paik 2003, Statistical methods for rates and proportions, 4.2)."""
    z_alpha, z_power = normal_quantile(1 - trial.alpha), normal_quantile(POWER)
    rise = 0.0
    for _ in range(50):
        high = min(1.0, share + rise)
        middle = max((share + high) / 2, 1 / n)
        spread = z_alpha * sqrt(2 * middle * (1 - min(1.0, middle)))
        rise = min(1.0, (spread + z_power * sqrt(share * (1 - share) + high * (1 - high))) / sqrt(n))
    return max(rise, trial.limit or 0.0)


def _needed_for_errors(base: float, head: float, requests: float, effect: float, trial: Trial) -> float:
    """Requests per arm that would decide with POWER."""
    if not trial.limit:
        return inf
    change, z_power = head - base, normal_quantile(POWER)
    variance = base * (1 - base) + head * (1 - head)
    if change < trial.limit:
        z = normal_quantile(trial.level) + z_power
        gap = trial.limit - max(0.0, change - sqrt(effect * variance / requests))
    else:
        z, gap = normal_quantile(1 - trial.alpha) + z_power, change
    return effect * z * z * variance / (gap * gap)
