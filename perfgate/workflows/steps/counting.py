"""What budgets count beside the latencies: which answers are read for it, and how the application is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from perfgate.middleware.secret import HEADER, VARIABLE
from perfgate.model.budget_file import BudgetFile, Endpoint
from perfgate.model.metric import CountSource, metrics_counted_by
from perfgate.model.plan import Plan

ASKED_FOR = frozenset(
    metrics_counted_by(CountSource.SERVER_TIMING)
)  # by perfgate.middleware, where the request has its secret
BY_ANSWERS = metrics_counted_by(CountSource.SERVER_TIMING, CountSource.HEADERS)
MEMORY = metrics_counted_by(CountSource.MEMORY)


def with_timing_secret(environ: Mapping[str, str], fresh: str) -> Mapping[str, str]:
    """Adds a secret, unless there is one, that the service's middleware and the second pass share: it answers with
    timings only who knows it."""
    return environ if environ.get(VARIABLE) else {**environ, VARIABLE: fresh}


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Endpoint -> the metrics with a budget that its answers may tell, and by which names; whether memory has one."""

    metrics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    server_timing: Mapping[str, str] = field(default_factory=dict)
    should_watch_memory: bool = False


def counting(budget_file: BudgetFile, sent: Collection[str]) -> Counting:
    """What the budgets of the endpoints in `sent` limit."""
    metrics: dict[str, tuple[str, ...]] = {}
    budgets = [budget for budget in budget_file.budgets if budget.endpoint in sent]
    for budget in budgets:
        if budget.metric in BY_ANSWERS:
            metrics[budget.endpoint] = (*metrics.get(budget.endpoint, ()), budget.metric)
    return Counting(
        metrics=metrics,
        server_timing=budget_file.diagnose.server_timing,
        should_watch_memory=any(budget.metric in MEMORY for budget in budgets),
    )


def asking(plan: Plan, metrics: Mapping[str, Iterable[str]], environ: Mapping[str, str]) -> Plan:
    """The plan whose requests ask perfgate's middleware for what is counted. Its digests stay: what is sent to the
    application, and what it answers, is the same."""
    if not environ.get(VARIABLE):
        return plan
    names = {name for name, wanted in metrics.items() if not ASKED_FOR.isdisjoint(wanted)}
    return replace(plan, endpoints=tuple(_asking(item) if item.name in names else item for item in plan.endpoints))


def _asking(endpoint: Endpoint) -> Endpoint:
    if endpoint.request is None:
        return endpoint
    headers = {**endpoint.request.headers, HEADER: f"${{{VARIABLE}:-}}"}
    return replace(endpoint, request=replace(endpoint.request, headers=headers))
