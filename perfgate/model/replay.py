"""Replay: recorded traffic that is sent again, each request when it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class RecordedArrival(NamedTuple):
    """`due` in s since the first, at the speed of the replay; `values` are those of its path."""

    due: float
    endpoint: str
    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Arrivals in order of time. `left_out` counts those of no endpoint."""

    file: str  # relative to the budget file's folder
    speed: float = 1.0
    arrivals: tuple[RecordedArrival, ...] = field(default=(), repr=False)
    left_out: int = 0
