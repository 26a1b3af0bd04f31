"""One request as parts that do not overlap and add up to its latency. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from perfgate.diagnose.server_timing import ServerTiming
from perfgate.model.diagnosis import Layer

_INSIDE: tuple[Layer, ...] = ("database", "cache", "external", "serialisation")


@dataclass(frozen=True, kw_only=True)
class ReplaySample:
    """One answer, as the second pass tells it. Seconds and bytes; `round` says when, `users` how many there were."""

    wait: float  # for a connection: DNS, connect, TLS
    first_byte: float  # from the send
    service: float  # from the send to the last byte
    connections: int = 0
    status: int = 200
    size: int = 0
    decoded: int = -1  # -1: not known
    headers: Mapping[str, str] = field(default_factory=dict)
    timing: ServerTiming = field(default_factory=ServerTiming)
    round: int = 0
    users: int = 1

    @property
    def latency(self) -> float:
        return self.wait + self.service


def network_floor(alone: Sequence[ReplaySample]) -> float:
    """What an unloaded server's time and its client's differ by: the way there and back, s. 0 when it is not known."""
    gaps = [gap for sample in alone if (gap := _gap(sample)) is not None]
    return median(gaps) if gaps else 0.0


def _gap(sample: ReplaySample) -> float | None:
    total = sample.timing.seconds.get("total")
    return None if total is None else max(0.0, sample.first_byte - total)


def partition(sample: ReplaySample, floor: float = 0.0, database: float = 0.0) -> tuple[dict[Layer, float], bool]:
    """The parts, and whether some were clipped because the server tells of more time than there was.

    `floor` is the part of the wait that is the network's. `database` (s per request, from the database itself) is
    taken where the application does not tell its own: it is at least that much. What nobody knows is `unattributed`.
    """
    matches: dict[Layer, float] = {"network": sample.wait, "download": max(0.0, sample.service - sample.first_byte)}
    wait = min(sample.first_byte, sample.service)
    timing = sample.timing.seconds
    if "total" not in timing:
        known: dict[Layer, float] = {part: timing[part] for part in _INSIDE if part in timing}
        if "database" not in known and database:
            known["database"] = database
        known, clipped = _fit(known, wait)
        return {**matches, **known, "unattributed": max(0.0, wait - sum(known.values()))}, clipped
    total = min(timing["total"], wait)
    outside = wait - total
    matches["network"] += min(outside, floor)
    matches["queue"] = max(0.0, outside - floor)
    inside, clipped = _fit({part: timing[part] for part in _INSIDE if part in timing}, total)
    if "database" not in inside and database:
        inside["database"] = min(database, max(0.0, total - sum(inside.values())))
    matches["application"] = max(0.0, total - sum(inside.values()))
    return {**matches, **inside}, clipped or timing["total"] > wait + 0.001


def _fit(known: dict[Layer, float], room: float) -> tuple[dict[Layer, float], bool]:
    """Parts that ran beside each other may be longer than the whole: they are shortened in proportion."""
    whole = sum(known.values())
    if whole <= room:
        return known, False
    return {part: value * room / whole for part, value in known.items()}, whole > room + 0.001
