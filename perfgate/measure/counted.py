"""The work that requests took: what answers say of it (queries, CPU, cache hits, compression), and memory.

A count that is the same in every window is a fact, with an interval of no width. The growth of memory is a line through
the means of MEMORY_BLOCKS equal parts of the measured time (least squares).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from statistics import fmean, stdev

import numpy as np

from perfgate.measure.precision import MIN_WINDOWS, UPPER_QUANTILE, Clock
from perfgate.model.metric import CountSource, metrics_counted_by
from perfgate.model.run import EndpointResult, LoadTest
from perfgate.recording.windows import Window
from perfgate.stats.distributions import t_quantile
from perfgate.stats.serial import FREEDOM, batch_variance, variance_of_sum

Parts = Mapping[int, Window]

OF_ALL = {*metrics_counted_by(CountSource.SERVER_TIMING)} - {
    *metrics_counted_by(CountSource.HEADERS)
}  # that most answers must say
MIN_TELLING_SHARE = 0.5
MEMORY_BLOCKS = 6
MEMORY_REQUESTS = 1000  # that memory growth is counted by
REACH = t_quantile(UPPER_QUANTILE, FREEDOM)  # standard errors to either end of an interval


def counted(result: EndpointResult, window: Window, parts: Parts, clock: Clock) -> EndpointResult:
    """The result with the means of what its answers say, and their intervals. `window` is the sum of `parts`."""
    metrics, intervals = dict(result.metrics), dict(result.intervals)
    for metric, (answers, total) in window.counts.items():
        if not answers or (metric in OF_ALL and answers < MIN_TELLING_SHARE * window.successes):
            continue
        metrics[metric] = total / answers
        intervals[metric] = _interval(metric, total / answers, parts, clock)
    return replace(result, metrics=metrics, intervals=intervals)


def _interval(metric: str, mean: float, parts: Parts, clock: Clock) -> tuple[float, float]:
    """Interval by windows only: what single answers say is not recorded. Short runs are taken at their word."""
    totals, answers = np.zeros(clock.windows), np.zeros(clock.windows)
    for second, window in parts.items():
        number, total = window.counts.get(metric, (0, 0.0))
        at = min(second // clock.width, clock.windows - 1)
        totals[at] += total
        answers[at] += number
    deviations = (totals - mean * answers)[None]
    if (answers > 0).sum() < MIN_WINDOWS or not np.abs(deviations).max() > 1e-9 * max(1.0, abs(mean)):
        return mean, mean
    variance = max(float(variance_of_sum(deviations)[0]), float(batch_variance(deviations, 1)[0]))
    reach = REACH * sqrt(variance) / float(answers.sum())
    return max(0.0, mean - reach), mean + reach


def mean_of_rounds(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of what was counted in several rounds (two or more), and its 95 % interval."""
    mean = fmean(values)
    reach = t_quantile(UPPER_QUANTILE, len(values) - 1) * stdev(values) / sqrt(len(values))
    return mean, max(0.0, mean - reach), mean + reach


def with_memory(results: Iterable[EndpointResult], load_test: LoadTest, arm: str) -> tuple[EndpointResult, ...]:
    """The results, each with the growth of the memory of the one service behind them all."""
    results = tuple(results)
    requests = sum(result.requests for result in results if result.kind == "endpoint")
    grown = [_growth(part, load_test.duration) for part in load_test.memory.get(arm, ())]
    if not requests or not grown or None in grown:
        return results
    known = [item for item in grown if item is not None]
    growth = sum(item[0] for item in known) * MEMORY_REQUESTS / requests
    reach = REACH * sqrt(sum(item[1] for item in known)) * MEMORY_REQUESTS / requests
    return tuple(_with(result, growth, reach) if result.kind == "endpoint" else result for result in results)


def _with(result: EndpointResult, growth: float, reach: float) -> EndpointResult:
    if not result.requests:
        return result
    return replace(
        result,
        metrics={**result.metrics, "memory_growth": growth},
        intervals={**result.intervals, "memory_growth": (growth - reach, growth + reach)},
    )


def _growth(samples: Sequence[tuple[float, int]], duration: float) -> tuple[float, float] | None:
    """Bytes over the time that was sampled, and the variance of that; None for too few samples."""
    samples = [(at, size) for at, size in samples if at <= duration]
    if len(samples) < 2 * MEMORY_BLOCKS:
        return None
    blocks = np.array_split(np.array(samples, dtype=np.float64), MEMORY_BLOCKS)
    times, sizes = (np.array([fmean(block[:, column]) for block in blocks]) for column in (0, 1))
    offsets = times - times.mean()
    square = float((offsets**2).sum())
    slope = float((offsets * (sizes - sizes.mean())).sum()) / square
    rest = sizes - sizes.mean() - slope * offsets
    span = samples[-1][0] - samples[0][0]
    return slope * span, float((rest**2).sum()) / (MEMORY_BLOCKS - 2) / square * span**2
