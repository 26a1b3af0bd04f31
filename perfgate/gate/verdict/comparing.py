"""All relative hypotheses of a run together: evidence for each, p-values adjusted for their number, a watch list."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

from perfgate.gate.ab import paired
from perfgate.gate.comparison import Comparison, exact, results_by_name, signed
from perfgate.gate.history import historical, overdispersed
from perfgate.gate.history.baseline import has_baseline
from perfgate.gate.history.counted import compare_counted
from perfgate.gate.history.historical import ChangeTest, Key
from perfgate.gate.history.whole import ALL, Whole, compare_whole
from perfgate.gate.levels import ALPHA, FALSE_PASS_RATE
from perfgate.gate.trial import MARGIN, MARGIN_RESTARTED, Trial
from perfgate.gate.verdict.deciding import Weighed
from perfgate.model.budget_file import Budget, Floor, GatePolicy, Kind, Severity
from perfgate.model.metric import METRICS, Metric, Unit
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Run
from perfgate.model.verdict import Baseline, Finding, Watched
from perfgate.stats.multiplicity import benjamini_hochberg, holm

K = TypeVar("K", bound=Hashable)

ERRORS = "errors"
MIN_RESTARTS = 3  # of both services, from which luck of an instance (memory layout, order of start) averages out
USUAL_LIMIT = 0.10  # where no budget gives one
WATCH_FALSE_SHARE = 0.10  # share of the watch list that may be chance


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """Comparisons by endpoint and metric: with the baseline (or the base), and with the anchor."""

    baseline: Mapping[Key, Weighed]
    anchor: Mapping[Key, Weighed]
    whole: tuple[tuple[Whole, Weighed], ...] = ()  # the common movement, by metric


def compare(
    budgets: Sequence[Budget], run: Run, baseline: Baseline, policy: GatePolicy, anchor: Baseline | None = None
) -> Comparisons:
    """Compares each budget with data and a baseline. Only relative criteria make a hypothesis; what has absolute ones
    only is compared for people to see."""
    now = results_by_name(run)
    budget_of = {
        (budget.endpoint, budget.metric): budget
        for budget in budgets
        if budget.endpoint in now and budget.metric in now[budget.endpoint].metrics
    }
    gated = {
        key
        for key, budget in budget_of.items()
        if any(criterion.kind is Kind.RELATIVE for criterion in budget.criteria)
    }
    pinned = {key for key in gated if anchor and policy.anchor and not run.arms and has_baseline(anchor, key)}
    looks = max(1, run.looks)
    limits = {} if run.arms else _common_limits(gated, budget_of, now, policy.floor)
    level = ALPHA / looks / max(1, len(gated) + len(pinned) + len(limits))
    sure = 1 - FALSE_PASS_RATE / looks
    tests = {
        key: ChangeTest(limit=_limit(budget, now[budget.endpoint], policy.floor), alpha=level, level=sure)
        for key, budget in budget_of.items()
    }
    comparisons = _in_arms(run, now, tests) if run.arms else _in_history(run, baseline, tests)
    since: dict[Key, Comparison] = {}
    if anchor and policy.anchor:
        since = historical.comparison(
            run, anchor, {key: ChangeTest(limit=policy.anchor.limit, alpha=level, level=sure) for key in sorted(pinned)}
        )
    known = {metric for _, metric in comparisons}
    common = compare_whole(run, baseline, {m: limit for m, limit in limits.items() if m in known}, level, sure)
    everything = {("baseline", *key): comparison for key, comparison in comparisons.items()}
    everything |= {("anchor", *key): item for key, item in since.items()}
    everything |= {("whole", ALL, item.metric): item.comparison for item in common}
    hypotheses = {("baseline", *key) for key in gated} | {("anchor", *key) for key in since}
    hypotheses |= {("whole", ALL, item.metric) for item in common if item.cleared}
    weighed = weigh(everything, hypotheses, looks)
    return Comparisons(
        baseline={key: weighed["baseline", *key] for key in comparisons},
        anchor={key: weighed["anchor", *key] for key in since},
        whole=tuple((item, weighed["whole", ALL, item.metric]) for item in common),
    )


def _common_limits(
    gated: Set[Key], budget_of: Mapping[Key, Budget], now: Mapping[str, EndpointResult], floor: Floor
) -> dict[str, dict[Severity, float]]:
    """Limits by latency metric with relative limits: the tightest of them (ratios), for each severity."""
    limits: dict[str, dict[Severity, float]] = {}
    for endpoint, metric in sorted(gated):
        if not METRICS[metric].is_latency or metric == "max" or now[endpoint].kind != "endpoint":
            continue
        budget, tightest = budget_of[endpoint, metric], limits.setdefault(metric, {})
        for severity in {criterion.severity for criterion in budget.criteria if criterion.kind is Kind.RELATIVE}:
            own = replace(
                budget, criteria=tuple(criterion for criterion in budget.criteria if criterion.severity is severity)
            )
            tightest[severity] = min(tightest.get(severity, inf), _limit(own, now[endpoint], floor))
    return limits


def weigh(comparisons: Mapping[K, Comparison], gated: Set[K], looks: int = 1) -> dict[K, Weighed]:
    """Facts without noise are no hypotheses and take no part. A run that is judged at up to so many `looks` shares the
    error rates out among them (Bonferroni): any of them may be wrong."""
    tested = [key for key, comparison in comparisons.items() if key in gated and not comparison.exact]
    worse = dict(zip(tested, holm([comparisons[key].p_worse for key in tested]), strict=True))
    better = dict(zip(tested, holm([comparisons[key].p_better for key in tested]), strict=True))
    return {
        key: Weighed(
            comparison=comparison,
            adjusted_worse=min(1.0, looks * worse.get(key, 1.0)),
            adjusted_better=min(1.0, looks * better.get(key, 1.0)),
        )
        for key, comparison in comparisons.items()
    }


def watched(weighed: Mapping[Key, Weighed], findings: Sequence[Finding]) -> tuple[Watched, ...]:
    """What probably got worse though it broke no budget, most certain first: told, never judged."""
    tested = [key for key, item in weighed.items() if not item.comparison.exact]
    adjusted = benjamini_hochberg([weighed[key].comparison.p_worse for key in tested])
    context = {
        (finding.endpoint, finding.metric) for finding in findings if finding.outcome in (Outcome.FAIL, Outcome.WARN)
    }
    suspects = [
        (p, key)
        for p, key in zip(adjusted, tested, strict=True)
        if p <= WATCH_FALSE_SHARE and key not in context and weighed[key].comparison.change > 0
    ]
    return tuple(
        Watched(
            endpoint=key[0],
            metric=key[1],
            measured=weighed[key].comparison.measured,
            baseline=weighed[key].comparison.baseline,
            change=signed(weighed[key].comparison.seen, weighed[key].comparison, METRICS[key[1]]),
            p_value=p,
        )
        for p, key in sorted(suspects)
    )


def floor_of(metric: Metric, floor: Floor) -> float:
    """The smallest rise that may fail, in the metric's unit."""
    return {"time": floor.time, "errors": floor.errors}.get(metric.floor, 0.0)


def _limit(budget: Budget, result: EndpointResult, floor: Floor) -> float:
    """The smallest relative limit, or the floor if that is more; as a ratio, for errors as a difference."""
    measured = result.metrics[budget.metric]
    metric = METRICS[budget.metric]
    share = metric.unit is Unit.RATIO
    limits = [
        abs(criterion.limit)
        if criterion.difference == share
        else abs(criterion.limit) * measured
        if share
        else abs(criterion.limit) / measured
        for criterion in budget.criteria
        if criterion.kind is Kind.RELATIVE and (measured or share)
    ]
    least = floor_of(metric, floor)
    return max(min(limits, default=USUAL_LIMIT), least if share or not measured else least / measured)


def _in_history(run: Run, baseline: Baseline, tests: Mapping[Key, ChangeTest]) -> dict[Key, Comparison]:
    failing = {key: item for key, item in tests.items() if key[1] == ERRORS and has_baseline(baseline, key)}
    others = {key: item for key, item in tests.items() if key[1] != ERRORS}
    return historical.comparison(run, baseline, others) | overdispersed.comparison(run, baseline, failing)


def _in_arms(run: Run, now: Mapping[str, EndpointResult], tests: Mapping[Key, ChangeTest]) -> dict[Key, Comparison]:
    base = {endpoint.name: endpoint for endpoint in run.arms[0].endpoints if endpoint.name not in run.arms[0].absent}
    margin = MARGIN_RESTARTED if run.restarts >= MIN_RESTARTS else MARGIN
    comparisons: dict[Key, Comparison] = {}
    for (name, metric), test in tests.items():
        if name not in base or metric not in base[name].metrics:
            continue
        if METRICS[metric].is_counted:
            levels = (test.alpha, test.level)
            comparisons[name, metric] = replace(
                compare_counted(now[name], [base[name]], metric, levels, test.limit), runs=0
            )
            continue
        trial = Trial(
            margin=margin,
            alpha=test.alpha,
            level=test.level,
            duration=run.duration,
            limit=test.limit,
            restarts=run.restarts,
        )
        made = paired.compare(base[name], now[name], metric, trial)
        if made is None and METRICS[metric].is_size:
            values = now[name].metrics[metric], base[name].metrics[metric]
            made = exact(*values, higher_is_better=METRICS[metric].higher_is_better)
        if made is not None:
            comparisons[name, metric] = made
    return comparisons
