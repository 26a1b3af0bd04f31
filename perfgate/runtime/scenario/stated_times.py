"""Times that answers and messages state themselves: how long a job waited, when a message was sent."""

from __future__ import annotations

from math import isfinite
from typing import Any

from perfgate.runtime.http.responses import Response
from perfgate.runtime.scenario.json_paths import MISSING, json_reader
from perfgate.text.units import parse_moment

MILLISECONDS_FROM = 1e11  # since 1970: as seconds, that is in the year 5138


class StatedTime:
    """`stated("$.queued_ms", unit=0.001)` is a duration; `stated("$.created", "$.started")` lies between two moments.
    Calling it returns seconds, or None where the answer does not state them."""

    def __init__(self, start: str, end: str = "", *, unit: float | None = None) -> None:
        self._start = json_reader(start)
        self._end = json_reader(end) if end else None
        self._unit = unit

    def __call__(self, response: Response) -> float | None:
        try:
            start = self._start(response)
            if self._end is None:
                return _number(start, self._unit or 1.0)
            first, last = moment(start), moment(self._end(response))
        except (ValueError, RecursionError):
            return None
        return None if first is None or last is None else last - first

    def moment(self, message: Any) -> float | None:
        """The moment that stands at the path, in s since 1970: a message may say when it was sent."""
        try:
            return moment(self._start(message), self._unit)
        except (ValueError, RecursionError):
            return None


def stated(start: str, end: str = "", *, unit: float | None = None) -> StatedTime:
    """A time that an answer states itself, see StatedTime."""
    return StatedTime(start, end, unit=unit)


def moment(value: Any, unit: float | None = None) -> float | None:
    """Seconds since 1970 of an ISO 8601 text or of a number of seconds or milliseconds, told apart by their size unless
    `unit` says it. Without a zone a text is in UTC."""
    number = _number(value, 1.0)
    if number is not None:
        return number * unit if unit is not None else number / 1000 if number >= MILLISECONDS_FROM else number
    if not isinstance(value, str):
        return None
    try:
        return parse_moment(value).timestamp()
    except ValueError:
        return None


def _number(value: Any, unit: float) -> float | None:
    if value is MISSING or isinstance(value, bool):
        return None
    try:
        number = float(value) * unit
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None
