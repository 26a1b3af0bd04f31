"""The anchor: runs of one pinned commit (the last release), beside which a slow drift adds up and shows.

Each step of a drift is too small for the baseline, which drifts along. The anchor has a limit of its own on all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfgate.gate.history.baseline import is_comparable
from perfgate.model.budget_file import Anchor, Budget, Criterion, Kind
from perfgate.model.metric import METRICS
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Baseline

ERRORS = "errors"  # rates of errors have no ratio worth limiting; their own budget counts


def choose_anchor(run: Run, anchored: Sequence[PastRun], baseline: Baseline) -> Baseline:
    """`anchored` are the runs of the anchor's commit, newest first. They are the level; the spread is also that of the
    baseline's runs, from which a single run of a release cannot be told."""
    runs: dict[tuple[str, str], tuple[PastRun, ...]] = {}
    earlier: dict[tuple[str, str], tuple[tuple[PastRun, ...], ...]] = {}
    for endpoint in run.endpoints:
        here = [past for past in anchored if past.run.id != run.id and is_comparable(past.run, run, endpoint.name)]
        results = {past.run.id: {item.name: item.metrics for item in past.run.endpoints} for past in here}
        for metric in endpoint.metrics:
            key = (endpoint.name, metric)
            level = [past for past in here if metric in results[past.run.id].get(endpoint.name, {})]
            if not level or metric == ERRORS:
                continue
            ids = {past.run.id for past in level}
            runs[key] = tuple(level)
            others = (baseline.runs.get(key, ()), *baseline.earlier.get(key, ()))
            without = (tuple(past for past in other if past.run.id not in ids) for other in others)
            earlier[key] = tuple(item for item in without if item)
    return replace(baseline, min_runs=1, runs=runs, earlier=earlier, accepted=frozenset(), excluded={}, notes=())


def criterion(anchor: Anchor, budget: Budget) -> Criterion | None:
    """The cumulative limit, of budgets that have a relative one."""
    if budget.metric == ERRORS or not any(item.kind is Kind.RELATIVE for item in budget.criteria):
        return None
    sign = -1 if METRICS[budget.metric].higher_is_better else 1
    text = f"{'-' if sign < 0 else '+'}{anchor.limit * 100:g}% since {anchor.ref}"
    return Criterion(kind=Kind.RELATIVE, limit=sign * anchor.limit, text=text)
