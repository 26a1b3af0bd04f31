"""Prometheus' text format (0.0.4) and its names: base units at the end of a name, `_total` for counters.

The names of OpenTelemetry's become Prometheus' as OpenTelemetry's specification of that asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from perfgate.export.families import Buckets, Family, Labels, Point

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUFFIXES = {"s": "_seconds", "By": "_bytes", "1": "_ratio", "{request}/s": "_per_second"}

_VALUE = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP = str.maketrans({"\\": "\\\\", "\n": "\\n"})


def text(families: Sequence[Family]) -> str:
    return "".join(line for family in families for line in _lines(family))


def name_of(family: Family) -> str:
    """`perfgate.request.duration` in s is `perfgate_request_duration_seconds`."""
    name = f"{family.name.replace('.', '_')}{SUFFIXES.get(family.unit, '')}"
    return f"{name}_total" if family.kind == "counter" else name


def _lines(family: Family) -> Iterator[str]:
    name = name_of(family)
    yield f"# HELP {name} {family.help.translate(_HELP)}\n"
    yield f"# TYPE {name} {family.kind}\n"
    for point in family.points:
        yield from _samples(name, point)


def _samples(name: str, point: Point) -> Iterator[str]:
    value = point.value
    if not isinstance(value, Buckets):
        yield f"{name}{_written(point.labels)} {value!r}\n"
        return
    cumulative = list(accumulate(value.counts))
    for bound, number in zip((*map(repr, value.bounds), "+Inf"), cumulative, strict=True):
        yield f"{name}_bucket{_written({**point.labels, 'le': bound})} {number}\n"
    yield f"{name}_sum{_written(point.labels)} {value.total!r}\n"
    yield f"{name}_count{_written(point.labels)} {cumulative[-1]}\n"


def _written(labels: Labels) -> str:
    inner = ",".join(f'{name.replace(".", "_")}="{value.translate(_VALUE)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""
