"""Noise -> Proposal: limits that this runner can keep, and how long a run must be for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import floor as floor_of
from math import log10
from statistics import median

from perfgate.model.calibration import Mode, Noise, Proposal, Reach
from perfgate.model.metric import Unit
from perfgate.text.units import format_change, format_value

WANTED_CHANGE = 0.10  # a worsening that a team would want to hear of
PROPOSED_LIMITS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.75, 1.00, 1.50, 2.00, 3.00, 5.00)
MAX_RUN_S = 600.0  # s: nobody waits longer for each pull request
MAX_WORTHWHILE_RATIO = 0.8  # of the limit: less of an improvement is not worth a longer run
OWN_LIMIT_FACTOR = 1.5  # times the limit of the others, from which an endpoint gets its own


def propose(noise: Sequence[Noise], duration: float, floor: float) -> Proposal:
    """Proposes the shortest run that finds WANTED_CHANGE in p95 for most endpoints, or else the longest that is worth
    its time; by A/B runs where there were any."""
    mode: Mode = "base" if any(reach.base is not None for item in noise for reach in item.reaches) else "history"
    tails = [item for item in noise if item.metric == "p95"] or list(noise)
    chosen, reason = _duration(tails, mode, duration)
    limits = {
        metric: _rounded(_usual(noise, metric, mode, chosen)) for metric in dict.fromkeys(n.metric for n in noise)
    }
    overrides: dict[str, dict[str, float]] = {}
    for item in noise:
        reach = _at(item, mode, chosen)
        if reach is not None and reach > OWN_LIMIT_FACTOR * limits[item.metric]:
            overrides.setdefault(item.endpoint, {})[item.metric] = _rounded(reach)
    proposal = Proposal(mode=mode, duration=chosen, limits=limits, overrides=overrides, reason=reason)
    return replace(proposal, floor=_floor(noise, proposal, floor))


def limits_of(proposal: Proposal, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
    return {key: proposal.overrides.get(key[0], {}).get(key[1], proposal.limits[key[1]]) for key in keys}


def _floor(noise: Sequence[Noise], proposal: Proposal, floor: float) -> float | None:
    """The smallest rise that a limit is about, rounded down to one digit; None where the policy's floor is below it."""
    limits = limits_of(proposal, [(item.endpoint, item.metric) for item in noise])
    least = min(limits[item.endpoint, item.metric] * item.level for item in noise)
    digit = 10.0 ** floor_of(log10(least))
    return None if floor <= least else floor_of(least / digit + 1e-9) * digit


def _duration(tails: Sequence[Noise], mode: Mode, now: float) -> tuple[float, str]:
    durations = (
        [reach.duration for reach in tails[0].reaches if reach.duration <= max(MAX_RUN_S, now)] if tails else [now]
    )
    reaches = [_rounded(_usual(tails, "", mode, duration)) for duration in durations]
    for duration, reach in zip(durations, reaches, strict=True):
        if reach <= WANTED_CHANGE:
            return duration, f"the shortest that finds {format_change(WANTED_CHANGE)} in most endpoints"
    best = 0
    for at in range(1, len(durations)):
        if reaches[at] <= MAX_WORTHWHILE_RATIO * reaches[best]:
            best = at
    if best == 0:
        return durations[0], "a longer run would find little more"
    longest = format_value(Unit.SECONDS, durations[-1])
    return durations[best], f"{format_change(WANTED_CHANGE)} in most endpoints is out of reach even in {longest}"


def _usual(noise: Sequence[Noise], metric: str, mode: Mode, duration: float) -> float | None:
    """The value of the endpoint in the middle."""
    reached = [
        reach for item in noise if metric in ("", item.metric) and (reach := _at(item, mode, duration)) is not None
    ]
    return median(reached) if reached else None


def _at(item: Noise, mode: Mode, duration: float) -> float | None:
    return next((reach.of(mode) for reach in _near(item.reaches, duration)), None)


def _near(reaches: Sequence[Reach], duration: float) -> Iterator[Reach]:
    return (reach for reach in reaches if abs(reach.duration - duration) < 1e-6)


def _rounded(reach: float | None) -> float:
    """Up to the next limit that a person would write."""
    return next((limit for limit in PROPOSED_LIMITS if reach is not None and reach <= limit), PROPOSED_LIMITS[-1])
