"""Prometheus' text format (0.0.4) and its names: base units at the end of a name, `_total` for counters.

The names of OpenTelemetry's become Prometheus' as OpenTelemetry's specification of that asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from perfgate.export.families import Buckets, Family, Labels

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUFFIXES = {"s": "_seconds", "By": "_bytes", "1": "_ratio", "{request}/s": "_per_second"}

_VALUE = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP = str.maketrans({"\\": "\\\\", "\n": "\\n"})


def text(families: Sequence[Family]) -> str:
    return "".join(line for family in families if family.points for line in _lines(family))


def name_of(family: Family) -> str:
    """`perfgate.request.duration` in s is `perfgate_request_duration_seconds`."""
    name = f"{family.name.replace('.', '_')}{SUFFIXES.get(family.unit, '')}"
    return f"{name}_total" if family.kind == "counter" else name


def _lines(family: Family) -> Iterator[str]:
    name = name_of(family)
    yield f"# HELP {name} {family.help.translate(_HELP)}\n"
    yield f"# TYPE {name} {family.kind}\n"
    for series, labels, value in samples(family):
        yield f"{series}{_written(labels)} {value!r}\n"


def samples(family: Family) -> Iterator[tuple[str, Labels, float]]:
    """Name, labels and value of every series; a histogram is several."""
    name = name_of(family)
    for point in family.points:
        labels = {key.replace(".", "_"): text for key, text in point.labels.items()}
        yield from _of_point(name, labels, point.value)


def _of_point(name: str, labels: Labels, value: float | Buckets) -> Iterator[tuple[str, Labels, float]]:
    if not isinstance(value, Buckets):
        yield name, labels, value
        return
    cumulative = list(accumulate(value.counts))
    for bound, number in zip((*map(repr, value.bounds), "+Inf"), cumulative, strict=True):
        yield f"{name}_bucket", {**labels, "le": bound}, number
    yield f"{name}_sum", labels, value.total
    yield f"{name}_count", labels, cumulative[-1]


def _written(labels: Labels) -> str:
    inner = ",".join(f'{name}="{value.translate(_VALUE)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""
