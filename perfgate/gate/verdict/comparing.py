"""All relative hypotheses of a run together: evidence for each, p-values adjusted for their number, a watch list."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

from perfgate.gate.ab import paired
from perfgate.gate.comparison import Evidence, exact, signed
from perfgate.gate.history import historical, overdispersed
from perfgate.gate.history.baseline import has_baseline
from perfgate.gate.history.historical import Asked, Key
from perfgate.gate.history.sizes import SIZES
from perfgate.gate.history.whole import ALL, Whole, compare_whole
from perfgate.gate.trial import MARGIN, MARGIN_RESTARTED, Trial
from perfgate.gate.verdict.deciding import ALPHA, MISSES, Weighed
from perfgate.model.budget_file import Budget, Floor, GatePolicy, Kind, Severity
from perfgate.model.metric import METRICS, Metric, Unit
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Run
from perfgate.model.verdict import Baseline, Finding, Watched
from perfgate.stats.multiplicity import benjamini_hochberg, holm

K = TypeVar("K", bound=Hashable)

ERRORS = "errors"
RESTARTS = 3  # of both services, from which luck of an instance (memory layout, order of start) averages out
USUAL_LIMIT = 0.10  # where no budget gives one
WATCH = 0.10  # share of the watch list that may be chance


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """By endpoint and metric: with the baseline (or the base), and with the anchor."""

    baseline: Mapping[Key, Weighed]
    anchor: Mapping[Key, Weighed]
    whole: tuple[tuple[Whole, Weighed], ...] = ()  # the common movement, by metric


def compare(
    budgets: Sequence[Budget], run: Run, baseline: Baseline, policy: GatePolicy, anchor: Baseline | None = None
) -> Comparisons:
    """For each budget with data and a baseline. Only relative criteria make a hypothesis; what has absolute ones only
    is compared for people to see."""
    now = {one.name: one for one in run.endpoints}
    asked = {
        (budget.endpoint, budget.metric): budget
        for budget in budgets
        if budget.endpoint in now and budget.metric in now[budget.endpoint].metrics
    }
    gated = {key for key, budget in asked.items() if any(one.kind is Kind.RELATIVE for one in budget.criteria)}
    pinned = {key for key in gated if anchor and policy.anchor and not run.arms and has_baseline(anchor, key)}
    looks = max(1, run.looks)
    limits = {} if run.arms else _common_limits(gated, asked, now, policy.floor)
    level = ALPHA / looks / max(1, len(gated) + len(pinned) + len(limits))
    sure = 1 - MISSES / looks
    questions = {
        key: Asked(limit=_limit(budget, now[budget.endpoint], policy.floor), alpha=level, level=sure)
        for key, budget in asked.items()
    }
    found = _in_arms(run, now, questions) if run.arms else _in_history(run, baseline, questions)
    since: dict[Key, Evidence] = {}
    if anchor and policy.anchor:
        since = historical.evidence(
            run, anchor, {key: Asked(limit=policy.anchor.limit, alpha=level, level=sure) for key in sorted(pinned)}
        )
    known = {metric for _, metric in found}
    common = compare_whole(run, baseline, {m: one for m, one in limits.items() if m in known}, level, sure)
    everything = {("baseline", *key): one for key, one in found.items()}
    everything |= {("anchor", *key): one for key, one in since.items()}
    everything |= {("whole", ALL, one.metric): one.evidence for one in common}
    hypotheses = {("baseline", *key) for key in gated} | {("anchor", *key) for key in since}
    hypotheses |= {("whole", ALL, one.metric) for one in common if one.cleared}
    weighed = weigh(everything, hypotheses, looks)
    return Comparisons(
        baseline={key: weighed["baseline", *key] for key in found},
        anchor={key: weighed["anchor", *key] for key in since},
        whole=tuple((one, weighed["whole", ALL, one.metric]) for one in common),
    )


def _common_limits(
    gated: Set[Key], asked: Mapping[Key, Budget], now: Mapping[str, EndpointResult], floor: Floor
) -> dict[str, dict[Severity, float]]:
    """By latency metric with relative limits: the tightest of them (ratios), for each severity."""
    limits: dict[str, dict[Severity, float]] = {}
    for endpoint, metric in sorted(gated):
        if METRICS[metric].unit is not Unit.SECONDS or metric == "max" or now[endpoint].kind != "endpoint":
            continue
        budget, tightest = asked[endpoint, metric], limits.setdefault(metric, {})
        for severity in {one.severity for one in budget.criteria if one.kind is Kind.RELATIVE}:
            own = replace(budget, criteria=tuple(one for one in budget.criteria if one.severity is severity))
            tightest[severity] = min(tightest.get(severity, inf), _limit(own, now[endpoint], floor))
    return limits


def weigh(found: Mapping[K, Evidence], gated: Set[K], looks: int = 1) -> dict[K, Weighed]:
    """Facts without noise are no hypotheses and take no part. A run that is judged at up to so many `looks` shares the
    error rates out among them (Bonferroni): any of them may be wrong."""
    tested = [key for key, evidence in found.items() if key in gated and not evidence.exact]
    worse = dict(zip(tested, holm([found[key].p_worse for key in tested]), strict=True))
    better = dict(zip(tested, holm([found[key].p_better for key in tested]), strict=True))
    return {
        key: Weighed(
            evidence=evidence,
            adjusted_worse=min(1.0, looks * worse.get(key, 1.0)),
            adjusted_better=min(1.0, looks * better.get(key, 1.0)),
        )
        for key, evidence in found.items()
    }


def watched(weighed: Mapping[Key, Weighed], findings: Sequence[Finding]) -> tuple[Watched, ...]:
    """What probably got worse though it broke no budget, most certain first: told, never judged."""
    tested = [key for key, one in weighed.items() if not one.evidence.exact]
    adjusted = benjamini_hochberg([weighed[key].evidence.p_worse for key in tested])
    told = {(one.endpoint, one.metric) for one in findings if one.outcome in (Outcome.FAIL, Outcome.WARN)}
    suspects = [
        (p, key)
        for p, key in zip(adjusted, tested, strict=True)
        if p <= WATCH and key not in told and weighed[key].evidence.change > 0
    ]
    return tuple(
        Watched(
            endpoint=key[0],
            metric=key[1],
            measured=weighed[key].evidence.measured,
            baseline=weighed[key].evidence.baseline,
            change=signed(weighed[key].evidence.seen, weighed[key].evidence, METRICS[key[1]]),
            p_value=p,
        )
        for p, key in sorted(suspects)
    )


def floor_of(metric: Metric, floor: Floor) -> float:
    return {Unit.SECONDS: floor.time, Unit.RATIO: floor.errors}.get(metric.unit, 0.0)


def _limit(budget: Budget, result: EndpointResult, floor: Floor) -> float:
    """The smallest relative limit, or the floor if that is more; as a ratio, for errors as a difference."""
    measured = result.metrics[budget.metric]
    metric = METRICS[budget.metric]
    share = metric.unit is Unit.RATIO
    limits = [
        abs(one.limit) if one.difference == share else abs(one.limit) * measured if share else abs(one.limit) / measured
        for one in budget.criteria
        if one.kind is Kind.RELATIVE and (measured or share)
    ]
    least = floor_of(metric, floor)
    return max(min(limits, default=USUAL_LIMIT), least if share or not measured else least / measured)


def _in_history(run: Run, baseline: Baseline, asked: Mapping[Key, Asked]) -> dict[Key, Evidence]:
    failing = {key: one for key, one in asked.items() if key[1] == ERRORS and has_baseline(baseline, key)}
    others = {key: one for key, one in asked.items() if key[1] != ERRORS}
    return historical.evidence(run, baseline, others) | overdispersed.evidence(run, baseline, failing)


def _in_arms(run: Run, now: Mapping[str, EndpointResult], asked: Mapping[Key, Asked]) -> dict[Key, Evidence]:
    base = {one.name: one for one in run.arms[0].endpoints if one.name not in run.arms[0].absent}
    margin = MARGIN_RESTARTED if run.restarts >= RESTARTS else MARGIN
    found: dict[Key, Evidence] = {}
    for (name, metric), question in asked.items():
        if name not in base or metric not in base[name].metrics:
            continue
        trial = Trial(
            margin=margin,
            alpha=question.alpha,
            level=question.level,
            duration=run.duration,
            limit=question.limit,
            restarts=run.restarts,
        )
        made = paired.compare(base[name], now[name], metric, trial)
        if made is None and metric in SIZES:
            values = now[name].metrics[metric], base[name].metrics[metric]
            made = exact(*values, higher_is_better=METRICS[metric].higher_is_better)
        if made is not None:
            found[name, metric] = made
    return found
