"""What is exported, the same for every system: families of points with names as in OpenTelemetry and UCUM units.

A name says what is measured, `perfgate.request.duration`; the unit stands beside it and labels say of what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import isfinite
from typing import Literal

from perfgate.model.metric import Unit
from perfgate.text.sanitize import one_line

MAX_LABEL_CHARS = 120
DIGEST_CHARS = 8  # hexadecimal, of a text that is cut off

Labels = Mapping[str, str]

UCUM = {Unit.SECONDS: "s", Unit.BYTES: "By", Unit.RATIO: "1", Unit.PER_SECOND: "{request}/s", Unit.COUNT: "{count}"}
WORDS = {  # of the quantities with these units, as parts of names: one family has one unit. `_count` is a histogram's
    Unit.SECONDS: "time",
    Unit.BYTES: "size",
    Unit.RATIO: "share",
    Unit.PER_SECOND: "rate",
    Unit.COUNT: "number",
}


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """Values counted up to each bound and above the one before; the last count is of those above all bounds."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float  # sum of the values


@dataclass(frozen=True, kw_only=True)
class Point:
    value: float | Buckets
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Family:
    """Points of one name. A counter only grows while perfgate runs."""

    name: str  # dotted
    unit: str  # UCUM; empty: none
    kind: Literal["gauge", "counter", "histogram"] = "gauge"
    help: str
    points: tuple[Point, ...]


def gauges(name: str, unit: str, text: str, values: Iterable[tuple[float | None, Labels]]) -> Family:
    """A family of what can be told: without values that are none."""
    points = (Point(value=float(value), labels=labels) for value, labels in values if value is not None)
    return Family(name=name, unit=unit, help=text, points=tuple(point for point in points if _is_number(point.value)))


def _is_number(value: float | Buckets) -> bool:
    return not isinstance(value, Buckets) and isfinite(value)


def label(text: str) -> str:
    """A value of a label: a stranger's text, on one line. What is cut off or left out still tells two apart: a series
    that is there twice would cost all of them."""
    whole = one_line(text, len(text) + MAX_LABEL_CHARS)
    if len(whole) <= MAX_LABEL_CHARS and whole == text.strip():
        return whole
    digest = sha256(text.strip().encode(errors="backslashreplace")).hexdigest()[:DIGEST_CHARS]
    return f"{whole[: MAX_LABEL_CHARS - DIGEST_CHARS - 1]}~{digest}"


def filled(families: Sequence[Family]) -> tuple[Family, ...]:
    return tuple(family for family in families if family.points)
