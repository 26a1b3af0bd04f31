"""A change in words: its amount in the unit of the limit, its interval, and the part of it that is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite

from perfgate.gate.comparison import RESOLUTION, Comparison, is_apart, signed
from perfgate.model.metric import Metric, Unit
from perfgate.text.units import format_change, format_difference, format_value

MIN_SHOWN_CHANGE = 0.02  # of a change: what is taken out is told from here on
MIN_COARSE_CHANGE = 0.10  # changes from which tenths of a per cent are not said: no interval knows them


def change_words(comparison: Comparison, metric: Metric, as_difference: bool) -> str:
    """ "+60 % (95 % interval +48 to +71 %)", in the unit of the limit; empty of a count that is as before."""
    if metric.is_counted and comparison.exact and not comparison.change:
        return ""
    own, observed = signed(comparison.change, comparison, metric), signed(comparison.seen, comparison, metric)
    if own is not None and comparison.taken_out and is_apart(own, observed, MIN_SHOWN_CHANGE):
        return amount_words(comparison.seen, comparison, metric, as_difference)
    return _with_interval(comparison.seen, comparison, metric, as_difference)


def _with_interval(change: float, comparison: Comparison, metric: Metric, as_difference: bool = False) -> str:
    text = amount_words(change, comparison, metric, as_difference)
    if comparison.exact:
        return text
    if not all(map(isfinite, comparison.interval)):
        return f"{text} (too few requests for an interval)"
    ends = sorted(comparison.interval, reverse=metric.higher_is_better)
    low, high = (amount_words(end, comparison, metric, as_difference) for end in ends)
    unit = high.rpartition(" ")[2]
    return f"{text} (95 % interval {low.removesuffix(f' {unit}')} to {high})"


def amount_words(worsening: float, comparison: Comparison, metric: Metric, as_difference: bool) -> str:
    """The change in per cent of the baseline; as a difference where the limit is one, for shares, or where there is no
    ratio."""
    value = -worsening if metric.higher_is_better else worsening
    if comparison.is_difference:
        return format_difference(metric.unit, value)
    if as_difference or comparison.baseline <= RESOLUTION:
        return format_difference(metric.unit, value * comparison.baseline)
    return format_change(round(value, 2) if abs(value) >= MIN_COARSE_CHANGE else value)


def own_part(comparison: Comparison, metric: Metric) -> Iterator[str]:
    """The part that is judged, where it is not the change of the two numbers."""
    own, observed = signed(comparison.change, comparison, metric), signed(comparison.seen, comparison, metric)
    if (
        not comparison.taken_out
        or own is None
        or observed is None
        or not is_apart(own, observed, MIN_SHOWN_CHANGE)
        or own <= -1
    ):
        return
    common = (1 + observed) / (1 + own) - 1
    moved = f"{'rose' if common > 0 else 'fell'} by {format_change(round(abs(common), 2)).lstrip('+')}"
    yield f"Its own part is {_with_interval(comparison.change, comparison, metric)}: {comparison.taken_out} {moved}."


def value_words(metric: Metric, value: float, others: Iterable[float]) -> str:
    """A value in the reader's units; bytes that are judged to the digit are shown so where another reads alike."""
    text = format_value(metric.unit, value)
    is_exact = metric.is_fact and metric.unit is Unit.BYTES
    reads_alike = any(other != value and format_value(metric.unit, other) == text for other in others)
    return f"{value:,.0f} B" if is_exact and reads_alike else text
