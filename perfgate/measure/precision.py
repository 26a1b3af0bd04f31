"""How well a run knows its metrics: design effects and 95 % intervals from the windows of an endpoint.

Requests of one second share the state of the machine, and of the next second too, so n of them tell less than n
independent ones. For each percentile the requests over it are counted per window; the variance of their sum over the
time (stats/serial.py), beside that of as many independent requests, is the design effect. Its estimate is itself
uncertain, so what is over 1 counts with an allowance (Student's t beside the normal distribution).

In an A/B test what slows down both arms cancels, so the same is done with the difference of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.run import EndpointResult
from perfgate.recording import curves, histogram
from perfgate.recording.windows import Window
from perfgate.stats import quantiles
from perfgate.stats.distributions import normal_quantile, t_quantile
from perfgate.stats.proportions import wilson
from perfgate.stats.quantiles import Curve
from perfgate.stats.serial import FREEDOM, batch_variance, variance_of_sum

Floats = NDArray[np.float64]
Parts = Mapping[int, Window]  # by second since the start of the measured time

MIN_DIVISOR = 1e-300  # instead of dividing by 0
CONFIDENCE = 0.95  # as in gate/levels.py: two-sided
UPPER_QUANTILE = (1 + CONFIDENCE) / 2
ROWS = (*LATENCY_QUANTILES, "mean", "errors")
ALLOWANCE = (t_quantile(UPPER_QUANTILE, FREEDOM) / normal_quantile(UPPER_QUANTILE)) ** 2
MIN_WINDOWS = 5  # with successes, for an interval of the mean size
MIN_MIXED_SHARE = 0.3  # of the windows with two requests or more have some of both arms: dealt one by one, over 1/2
DIFFERENCE_BATCHES = 30  # batches of the difference between two arms: its bursts are short
GATE_CONFIDENCE = 0.999  # at which the difference is judged


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The measured time: `duration` seconds in windows of `width` seconds."""

    width: int
    duration: float

    @property
    def windows(self) -> int:
        return max(1, ceil(self.duration / self.width))


@dataclass(frozen=True, kw_only=True)
class ArmParts:
    """An endpoint of one arm of an A/B test."""

    result: EndpointResult
    parts: Parts


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One endpoint by window: for each metric of ROWS the sum and the number of what it is the mean of, (k, T)."""

    sums: Floats
    numbers: Floats
    bytes: Floats
    successes: Floats

    def deviations(self) -> Floats:
        return _deviations(self.sums, self.numbers)


def precise(result: EndpointResult, parts: Parts, clock: Clock) -> EndpointResult:
    """The result with its design effects and intervals. `parts` are its windows."""
    if not result.requests:
        return result
    curve = curves.curve(result.latency)
    observed = timeline(parts, clock, _thresholds(result))
    alike = _independent(observed, curve)
    with np.errstate(over="ignore"):  # where requests are alike in nothing, whose excess is none
        excess = np.where(alike > 0, variance_of_sum(observed.deviations()) / np.maximum(alike, MIN_DIVISOR) - 1, 0.0)
    effects = dict(zip(ROWS, (1 + ALLOWANCE * np.maximum(0.0, excess)).tolist(), strict=True))
    effects["ttfb_p95"] = effects["p95"]  # first bytes have no windows; they share what makes latencies depend
    known = {metric: effect for metric, effect in effects.items() if metric in result.metrics}
    return replace(result, design_effects=known, intervals=_intervals(result, curve, known, observed))


def timeline(parts: Parts, clock: Clock, thresholds: Sequence[int]) -> Timeline:
    """`thresholds` are the buckets of the percentiles: values of higher buckets are over them. What began after the
    measured time (of an interrupted run) counts to its last window."""
    times = clock.windows
    index = {second: min(second // clock.width, times - 1) for second in parts}
    sums, numbers = np.zeros((len(ROWS), times)), np.zeros((len(ROWS), times))
    size, successes = np.zeros(times), np.zeros(times)
    for second, window in parts.items():
        at = index[second]
        size[at] += window.bytes
        successes[at] += window.successes
        sums[-2, at] += window.latency.total
        sums[-1, at] += window.requests - window.successes
    at_window, buckets, counts = _flat(parts, index)
    numbers[:-1] = np.bincount(at_window, weights=counts, minlength=times)
    numbers[-1] = successes + sums[-1]
    for row, threshold in enumerate(thresholds):
        over = buckets > threshold
        sums[row] = np.bincount(at_window[over], weights=counts[over], minlength=times)
    return Timeline(sums=sums, numbers=numbers, bytes=size, successes=successes)


def _flat(parts: Parts, index: Mapping[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """(window, bucket, count) of every filled bucket."""
    lengths = [len(window.latency.buckets) for window in parts.values()]
    at = np.repeat(np.array([index[second] for second in parts], dtype=np.int64), lengths)
    buckets = np.array([bucket for window in parts.values() for bucket in window.latency.buckets], dtype=np.int64)
    counts = [count for window in parts.values() for count in window.latency.buckets.values()]
    return at, buckets, np.array(counts, dtype=np.float64)


def _thresholds(result: EndpointResult) -> list[int]:
    return [_bucket(result.metrics.get(metric, 0.0)) for metric in LATENCY_QUANTILES]


def _bucket(seconds: float) -> int:
    return histogram.bucket_of(round(seconds * histogram.NS_PER_SECOND))


def _deviations(sums: Floats, numbers: Floats) -> Floats:
    total = np.maximum(numbers.sum(axis=1, keepdims=True), 1.0)
    means: Floats = sums.sum(axis=1, keepdims=True) / total
    return sums - means * numbers


def _independent(observed: Timeline, curve: Curve) -> Floats:
    """Variance of each row's sum, were all requests independent."""
    numbers = observed.numbers.sum(axis=1)
    shares = observed.sums.sum(axis=1) / np.maximum(numbers, 1.0)
    single = shares * (1 - shares)
    single[ROWS.index("mean")] = (curve.deviation() * histogram.NS_PER_SECOND) ** 2
    return np.asarray(numbers * single, dtype=np.float64)


# ---- intervals


def _intervals(
    result: EndpointResult, curve: Curve, effects: Mapping[str, float], observed: Timeline
) -> dict[str, tuple[float, float]]:
    """Intervals of what has one: `max` and `rate` are facts, and some percentiles have too few requests."""
    intervals: dict[str, tuple[float, float] | None] = {}
    for metric, effect in effects.items():
        if metric == "errors":
            intervals[metric] = wilson(result.metrics[metric], result.requests / effect, CONFIDENCE)
        elif metric == "mean":
            intervals[metric] = _around(result.metrics[metric], curve.deviation(), curve.count / effect)
        elif metric == "ttfb_p95":
            first_byte = curves.curve(result.phases["first_byte"])
            intervals[metric] = quantiles.interval(first_byte, 0.95, first_byte.count / effect, CONFIDENCE)
        else:
            intervals[metric] = quantiles.interval(curve, LATENCY_QUANTILES[metric], curve.count / effect, CONFIDENCE)
    if "size" in result.metrics:
        intervals["size"] = _size_interval(result, observed)
    return {
        metric: (min(ends[0], result.metrics[metric]), max(ends[1], result.metrics[metric]))
        for metric, ends in intervals.items()
        if ends is not None
    }


def _around(mean: float, spread: float, effective: float) -> tuple[float, float] | None:
    if effective < 2:
        return None
    reach = t_quantile(UPPER_QUANTILE, effective - 1) * spread / sqrt(effective)
    return max(0.0, mean - reach), mean + reach


def _size_interval(result: EndpointResult, observed: Timeline) -> tuple[float, float] | None:
    """Interval of the mean size, by windows only: the sizes of single responses are not recorded."""
    if (observed.successes > 0).sum() < MIN_WINDOWS:
        return None
    deviations = _deviations(observed.bytes[None], observed.successes[None])
    variance = max(float(variance_of_sum(deviations)[0]), float(batch_variance(deviations, 1)[0]))
    mean, reach = (
        result.metrics["size"],
        t_quantile(UPPER_QUANTILE, FREEDOM) * sqrt(variance) / observed.successes.sum(),
    )
    return max(0.0, mean - reach), mean + reach


# ---- the difference of two arms


def paired_effects(arms: tuple[ArmParts, ArmParts], clock: Clock, pair: int) -> dict[str, float]:
    """Design effects of head less base (in that order: base, head), by metric: 1 when only the deal of the requests
    decides. `pair` as of `windows_per_pair`: where requests were dealt in blocks of time, a pair of blocks is the
    smallest unit, and the effect may be far over 1."""
    if not all(arm.result.samples for arm in arms):
        return {}
    both = histogram.merge(arm.result.latency for arm in arms)
    thresholds = [_bucket(histogram.quantile(both, q) or 0.0) for q in LATENCY_QUANTILES.values()]
    observed = [timeline(arm.parts, clock, thresholds) for arm in arms]
    weights = [item.numbers.sum(axis=1) for item in observed]
    total = np.maximum(weights[0] + weights[1], 1.0)
    shares = [weights[1] / total, weights[0] / total]  # of the other arm
    times = min(item.sums.shape[1] for item in observed)
    base, head = (share[:, None] * item.deviations()[:, :times] for share, item in zip(shares, observed, strict=True))
    alike: Floats = sum(
        share**2 * _independent(item, curves.curve(arm.result.latency))
        for share, item, arm in zip(shares, observed, arms, strict=True)
    )
    length = max(1, pair, times // DIFFERENCE_BATCHES)
    ratio = np.where(alike > 0, batch_variance(head - base, length) / np.maximum(alike, MIN_DIVISOR), 1.0)
    freedom = max(2.0, 1.5 * times / length - 1)
    allowance = (t_quantile(GATE_CONFIDENCE, freedom) / normal_quantile(GATE_CONFIDENCE)) ** 2
    effects = allowance * np.maximum(1.0, ratio) if pair else 1 + allowance * np.maximum(0.0, ratio - 1)
    by_row = dict(zip(ROWS, effects.tolist(), strict=True))
    return {metric: by_row[metric] for metric in ROWS if all(metric in arm.result.metrics for arm in arms)}


def requests(series: Iterable[Parts], clock: Clock) -> Floats:
    """Requests of all series together, by window."""
    counts = np.zeros(clock.windows)
    for parts in series:
        for second, window in parts.items():
            counts[min(second // clock.width, clock.windows - 1)] += window.requests
    return counts


def windows_per_pair(base: Floats, head: Floats) -> int:
    """How many windows a pair of blocks has, by the requests of each arm in each window, all endpoints together: twice
    the shortest time that one arm had for itself. 0 when the requests were dealt one by one."""
    busy = base + head >= 2
    if not busy.any() or ((base > 0) & (head > 0))[busy].mean() > MIN_MIXED_SHARE:
        return 0
    sides = np.sign(head - base)
    sides = sides[sides != 0]
    turns = np.flatnonzero(np.diff(sides))
    lengths = np.diff(turns)  # without the first and the last, which may be cut
    if not len(lengths):  # one block of each: a single pair, which tells nothing of how pairs differ
        return len(base) if len(turns) else 0
    return 2 * int(lengths.min())
