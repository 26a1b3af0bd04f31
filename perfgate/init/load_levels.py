"""Load of another tool's plan: ramps as steps, and parts of a plan (scenarios, thread groups) as one load.

perfgate's stages keep their level. A ramp becomes RAMP_STEPS steps, each at the mean of its part of the ramp.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from perfgate.init.proposal import Endpoint, FileProposal, ProposedJourney, ProposedLoad

RAMP_STEPS = 4
SHORTEST_STEP_S = 1.0  # seconds
SHORTEST_PART_S = 1e-6  # seconds: less is rounding
DEFAULT_S = 60.0  # seconds of load, where the plan counts iterations instead
MAX_S = 24 * 3600.0  # seconds: more is a mistake
LEAST_SHARE = 0.01
Level = tuple[float, float]  # starts per second or users, and for how many seconds


@dataclass(frozen=True, kw_only=True)
class PlanPart:
    """A scenario or a thread group: what one iteration of it sends, and how many are under way or begin when."""

    name: str
    steps: tuple[str | float, ...]  # names of endpoints, and pauses in seconds
    is_open: bool
    levels: tuple[Level, ...]
    start: float = 0.0  # seconds after that of the load

    @property
    def amount(self) -> float:
        """Its share of the load, before it is divided by anything."""
        return sum(level * seconds for level, seconds in self.levels)


def ramp(before: float, after: float, seconds: float) -> list[Level]:
    """The levels of a ramp; a single one where nothing changes or there is no time for more."""
    steps = 1 if before == after else max(1, min(RAMP_STEPS, int(seconds // SHORTEST_STEP_S)))
    change = (after - before) / steps
    return [(before + change * (step + 0.5), seconds / steps) for step in range(steps)] if seconds > 0 else []


def stages(start: float, targets: Iterable[Level]) -> tuple[Level, ...]:
    """The levels of ramps that follow each other: to which level, in how many seconds."""
    levels: list[Level] = []
    before = start
    for target, seconds in targets:
        levels += ramp(before, target, min(seconds, MAX_S))
        before = target
    return tuple(levels)


def merged(parts: Sequence[PlanPart]) -> ProposedLoad | None:
    """The load of all parts together; all are of one model. None where there is nothing."""
    edges: set[float] = set()
    spans: list[tuple[float, float, float]] = []  # begin, end, level
    for part in parts:
        at = part.start
        for level, seconds in part.levels:
            spans.append((at, at + seconds, level))
            at += seconds
            edges |= {at - seconds, at}
    sums = [
        (_level(sum(level for begin, end, level in spans if begin <= first and last <= end), parts[0]), last - first)
        for first, last in pairwise(sorted(edges))
        if last - first > SHORTEST_PART_S
    ]
    alike = groupby((entry for entry in sums if entry[0] > 0), key=lambda entry: entry[0])
    levels = tuple((level, sum(seconds for _, seconds in group)) for level, group in alike)
    return ProposedLoad(is_open=parts[0].is_open, levels=levels) if levels else None


def _level(level: float, part: PlanPart) -> float:
    """The level as a budget file has it: whole users, or starts per second to a tenth. None at all stays none."""
    if level <= 0:
        return 0.0
    return max(0.1, round(level, 1)) if part.is_open else max(1, round(level))


def with_parts(proposal: FileProposal, parts: Sequence[PlanPart]) -> FileProposal:
    """The proposal with the load of the parts. What a part sends is a journey; a single request is its endpoint."""
    least = min((part.amount for part in parts if part.amount > 0), default=1.0)
    amounts = [part.amount or least for part in parts]
    are_alike = len(set(amounts)) <= 1
    weights: dict[str, float] = {}  # of endpoints that are sent by themselves
    journeys: list[ProposedJourney] = []
    for part, amount in zip(parts, amounts, strict=True):
        weight = max(LEAST_SHARE, round(amount / least, 2))
        if len(part.steps) == 1 and isinstance(part.steps[0], str):
            weights[part.steps[0]] = weights.get(part.steps[0], 0.0) + weight
        else:
            journeys.append(ProposedJourney(name=part.name, steps=part.steps, weight=None if are_alike else weight))
    walked = {step for journey in journeys for step in journey.steps}
    return replace(
        proposal,
        endpoints=tuple(_weighted(item, weights.get(item.name), item.name in walked) for item in proposal.endpoints),
        journeys=tuple(journeys),
        load=merged(parts),
    )


def _weighted(endpoint: Endpoint, weight: float | None, is_step: bool) -> Endpoint:
    """The endpoint with its weight, where that is not the one it has by default: 1, or 0 for a step of a journey."""
    return endpoint if weight is None or (weight == 1 and not is_step) else replace(endpoint, weight=weight)
