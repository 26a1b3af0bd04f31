"""One request as parts that do not overlap and add up to its latency. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from perfgate.model.diagnosis import Layer
from perfgate.text.server_timing import ServerTiming

_INSIDE: tuple[Layer, ...] = ("database", "cache", "external", "serialisation")


@dataclass(frozen=True, kw_only=True)
class ReplaySample:
    """One answer, as the second pass tells it. Seconds and bytes; `round` says when, `users` how many there were."""

    wait: float  # for a connection: DNS, connect, TLS
    first_byte: float  # from the send
    service: float  # from the send to the last byte
    connections: int | None = 0  # opened for it; None for the first request of a user, who has none yet
    status: int = 200
    size: int = 0
    decoded: int = -1  # -1: not known
    headers: Mapping[str, str] = field(default_factory=dict)
    timing: ServerTiming = field(default_factory=ServerTiming)
    round: int = 0
    users: int = 1
    trace: str = ""  # id, where the request was sent to be traced

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


@dataclass(frozen=True, kw_only=True)
class Delay:
    """How much of what the application says to wait for another server, beyond `alone` (s), is its own: the answer was
    there, and the thread or the event loop was busy. A `share`, 0 to 1."""

    alone: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of all requests of one side. `floor` is the part of the wait that is the network's, `standing` what
    the application waits for in a request that is alone, beside what is measured. `seen` is what probes saw from
    outside, s per request on average."""

    floor: float = 0.0
    standing: float | None = None
    seen: Mapping[Layer, float] = field(default_factory=dict)
    delays: Mapping[Layer, Delay] = field(default_factory=dict)


NOTHING = Known()


def standing_wait(alone: Sequence[ReplaySample]) -> float | None:
    """The median of what the server takes beside its parts and computing. None where it does not tell its CPU time."""
    waits = [own - cpu for sample in alone if (own := _own(sample)) is not None and (cpu := _cpu(sample)) is not None]
    return max(0.0, median(waits)) if waits else None


def _own(sample: ReplaySample) -> float | None:
    seconds = sample.timing.seconds
    if "total" not in seconds:
        return None
    return max(0.0, seconds["total"] - sum(seconds.get(part, 0.0) for part in _INSIDE))


def _cpu(sample: ReplaySample) -> float | None:
    return sample.timing.seconds.get("cpu")


def partition(sample: ReplaySample, known: Known = NOTHING) -> tuple[dict[Layer, float], bool]:
    """The parts, and whether some were clipped because the server tells of more time than there was.

    What probes saw is taken where the application does not tell its own: it is at least that much. What the application
    waits beyond computing and what it waits for when it is alone is waiting for other requests: `queue`. What nobody
    knows is `unattributed`.
    """
    parts: dict[Layer, float] = {"network": sample.wait, "download": max(0.0, sample.service - sample.first_byte)}
    wait = min(sample.first_byte, sample.service)
    timing = sample.timing.seconds
    if "total" not in timing:
        own, clipped = _fit({part: timing[part] for part in _INSIDE if part in timing}, wait)
        others = {part: seconds for part, seconds in known.seen.items() if part not in own and seconds > 0}
        others, _ = _fit(others, max(0.0, wait - sum(own.values())))
        inside = {**own, **others}
        return {**parts, **inside, "unattributed": max(0.0, wait - sum(inside.values()))}, clipped
    total = min(timing["total"], wait)
    outside = wait - total
    parts["network"] += min(outside, known.floor)
    inside, clipped = _fit({part: timing[part] for part in _INSIDE if part in timing}, total)
    others = {part: known.seen[part] for part in _INSIDE if part in known.seen and part not in inside}
    others, _ = _fit(others, max(0.0, total - sum(inside.values())))
    inside = _with_profiled_serialising({**inside, **others}, known.seen.get("serialisation", 0.0), total)
    own_time = max(0.0, total - sum(inside.values()))
    inside, queue = _undelayed(inside, known.delays)
    if known.standing is not None and "cpu" in timing:
        idle = max(0.0, own_time - timing["cpu"] - known.standing)
        own_time, queue = own_time - idle, queue + idle
    parts["queue"] = max(0.0, outside - known.floor) + queue
    parts["application"] = own_time
    return {**parts, **inside}, clipped or timing["total"] > wait + 0.001


def _with_profiled_serialising(inside: Mapping[Layer, float], seen: float, total: float) -> dict[Layer, float]:
    """The parts with as much serialising as a profile has `seen` (s): the application's own clock knows one library or
    two, and no templates."""
    stated = inside.get("serialisation", 0.0)
    more = min(seen - stated, total - sum(inside.values()))
    return {**inside, "serialisation": stated + more} if more > 0 else dict(inside)


def _undelayed(inside: Mapping[Layer, float], delays: Mapping[Layer, Delay]) -> tuple[dict[Layer, float], float]:
    """The parts without the delays that are the application's own, and the delays."""
    own = {part: delay.share * max(0.0, inside[part] - delay.alone) for part, delay in delays.items() if part in inside}
    return {part: value - own.get(part, 0.0) for part, value in inside.items()}, sum(own.values())


def _fit(known: dict[Layer, float], room: float) -> tuple[dict[Layer, float], bool]:
    """Parts that ran beside each other may be longer than the whole: they are shortened in proportion."""
    whole = sum(known.values())
    if whole <= room:
        return known, False
    return {part: value * room / whole for part, value in known.items()}, whole > room + 0.001
