"""The plan of an A/B test: what it could have found, and how many requests would find more."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, inf, isfinite, log1p, sqrt

from perfgate.gate.absolute import MAX_NEEDED_FACTOR, enough
from perfgate.gate.levels import PASS_LEVEL, POWER
from perfgate.model.run import EndpointResult
from perfgate.stats.distributions import normal_quantile

MARGIN, MARGIN_RESTARTED = 0.03, 0.02  # ratios; the smaller one when both services were restarted several times
INSTANCES_SD = 0.021  # standard deviation of ln(head / base) between two equal instances, which no request averages out
MAX_LIMIT_SHARE = 0.3  # the most of it beside a tight limit, which otherwise no number of requests would let pass ...
INSTANCES_TIGHT_SD = 0.015  # ... but never less than this: beside limits under 5 % only restarts help
RESTARTS = "two equal instances may differ by as much, but more restarts (`gate: {ab: {restarts: 8}}`) would show it"
MAX_LOGARITHM = 700.0  # logarithm of a number that a float still holds
NOTABLE_DESIGN_EFFECT = 2.0  # design effect from which people are told


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What the judge knows: the null margin, the p-value that a single hypothesis must reach, the seconds measured, and
    the tightest relative limit on the metric (a ratio; for errors a difference), by which detectability is told."""

    margin: float = MARGIN
    alpha: float = 0.001
    level: float = PASS_LEVEL  # of the one-sided bound that a pass needs
    duration: float = 0.0
    limit: float | None = None
    restarts: int = 0  # of both services: each pair of instances is another draw

    @property
    def instances(self) -> float:
        """Standard deviation of ln(head / base) that is left of the luck of the instances: 1.5 % each."""
        tight = inf if self.limit is None else max(INSTANCES_TIGHT_SD, MAX_LIMIT_SHARE * log1p(self.limit))
        return min(INSTANCES_SD, tight) / sqrt(1 + self.restarts)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How much worse the head is, as a logarithm: ln(head / base), or ln(base / head) of what should not fall."""

    estimate: float
    error: float  # standard error; infinite when there are too few requests
    requests: float  # per arm
    falls: bool = False

    def worsening(self, logarithm: float) -> float:
        """The worsening as a share of the base."""
        return -_grown(-logarithm) if self.falls else _grown(logarithm)

    def logarithm(self, worsening: float) -> float:
        if not self.falls:
            return log1p(worsening)
        return -log1p(-worsening) if worsening < 1 else inf


def _grown(logarithm: float) -> float:
    return expm1(logarithm) if logarithm < MAX_LOGARITHM else inf


def effect_of_difference(base: EndpointResult, head: EndpointResult, metric: str, sizes: tuple[float, float]) -> float:
    """Design effect of head less base: as measured, else that of two arms that have nothing in common."""
    if metric in head.paired_effects:
        return max(1.0, head.paired_effects[metric])
    effects = [max(1.0, arm.design_effects.get(metric, 1.0)) for arm in (base, head)]
    return sum(e / n for e, n in zip(effects, sizes, strict=True)) / sum(1 / n for n in sizes)


def bursts(effect: float) -> tuple[str, ...]:
    """A note for people when requests were far from independent."""
    if effect < NOTABLE_DESIGN_EFFECT:
        return ()
    return (f"Slow requests came together at one of the two: {effect:.1f} of them tell as much as one alone would.",)


def bound(estimate: float, upper: float, trial: Trial) -> float:
    """The one-sided upper bound of ln(head / base) that a pass needs: `upper` is that of the requests alone. The luck
    of the instances is independent of theirs, so the two distances from the estimate add up as squares."""
    if not isfinite(upper):
        return upper
    return estimate + sqrt((upper - estimate) ** 2 + (normal_quantile(trial.level) * trial.instances) ** 2)


def detectable(ratio: Ratio, trial: Trial) -> float:
    """The smallest worsening found with POWER: significant, and with an estimate at or over the limit."""
    z_power = normal_quantile(POWER)
    significant = log1p(trial.margin) + (z_power + normal_quantile(1 - trial.alpha)) * ratio.error
    over = ratio.logarithm(trial.limit) + z_power * ratio.error if trial.limit is not None else 0.0
    return ratio.worsening(max(significant, over))


def needed(ratio: Ratio, trial: Trial, at_least: float = 0.0) -> float:
    """How many requests per arm would decide with POWER: show that a change under the limit is under it (by the better
    end of what is seen, for noise is not believed), or that one over it is no chance. The error falls with the root of
    their number. Infinite where no number would, as two equal instances may differ by as much."""
    if trial.limit is None or ratio.requests <= 0:
        return inf
    limit, z_power = ratio.logarithm(trial.limit), normal_quantile(POWER)
    if ratio.estimate < limit:
        gap, z = limit - max(0.0, ratio.estimate - ratio.error), normal_quantile(trial.level) + z_power
        allowed = (gap / z) ** 2 - trial.instances**2  # variance that the requests may have
        times = ratio.error**2 / allowed if allowed > 0 else inf
    else:
        gap, z = ratio.estimate - log1p(trial.margin), normal_quantile(1 - trial.alpha) + z_power
        times = (z * ratio.error / gap) ** 2 if gap > 0 else inf
    return max(times * ratio.requests, at_least)


def cure(ratio: Ratio, trial: Trial, at_least: float = 0.0) -> str:
    """What would help, in words for people."""
    if trial.limit is None or ratio.requests <= 0:
        return ""
    needed_requests = needed(ratio, trial, at_least)
    if needed_requests == inf and ratio.error < inf and ratio.estimate < ratio.logarithm(trial.limit):
        return RESTARTS
    return cure_by(needed_requests, ratio.requests, trial, at_least)


def cure_by(needed: float, requests: float, trial: Trial, at_least: float = 0.0) -> str:
    if not isfinite(needed) or needed > MAX_NEEDED_FACTOR * max(requests, at_least):
        return f"it would take over {MAX_NEEDED_FACTOR:.0f} times as many requests; a wider limit can be kept surely"
    return f"{enough(max(needed, at_least, requests + 1), requests, trial.duration, 'requests per arm')} would show it"
