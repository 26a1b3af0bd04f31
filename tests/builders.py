"""Builders of the words of `perfgate.model`: all have defaults, so that a test shows only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from math import ceil, exp
from statistics import NormalDist
from typing import Any

from perfgate.gate.verdict.outcome import overall
from perfgate.model.budget_file import Budget, Kind, Severity
from perfgate.model.metric import LATENCY_QUANTILES, METRICS
from perfgate.model.outcome import Outcome
from perfgate.model.revision import Revision
from perfgate.model.run import (
    Acceptance,
    Arm,
    Conditions,
    Distribution,
    EndpointResult,
    Generator,
    PastRun,
    Run,
    Runner,
)
from perfgate.model.verdict import CriterionResult, Finding, Verdict
from perfgate.recording import histogram
from perfgate.text.units import parse_criteria

DURATION = 30.0
FIRST = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@cache
def spread(p95: float, values: int = 1000) -> Distribution:
    """So many values in seconds, log-normal (sigma 0.5), whose nearest-rank 95th percentile is `p95`."""
    scores = [NormalDist().inv_cdf((i + 0.5) / values) for i in range(values)]
    high = scores[ceil(0.95 * values) - 1] if scores else 0.0
    return histogram.of(p95 * exp(0.5 * (score - high)) for score in scores)


def make_endpoint(
    name: str = "list products",
    *,
    p95: float = 0.100,
    requests: int = 1000,
    failures: int = 0,
    latency: Distribution | None = None,
    metrics: Mapping[str, float] | None = None,
    **others: Any,
) -> EndpointResult:
    """Latency metrics and distribution follow from `p95` (or from `latency`); `metrics` adds to or replaces them."""
    successes = requests - failures
    values = spread(p95, successes) if latency is None else latency
    computed = {key: histogram.quantile(values, q) for key, q in LATENCY_QUANTILES.items()}
    computed |= {"mean": histogram.mean(values), "max": histogram.quantile(values, 1.0)}
    if latency is None and successes:
        computed["p95"] = p95
    computed |= {"errors": failures / requests if requests else None, "rate": successes / DURATION}
    return EndpointResult(
        name=name,
        requests=requests,
        failures=failures,
        metrics={key: value for key, value in computed.items() if value is not None} | dict(metrics or {}),
        latency=values,
        **{"samples": successes, "phases": {"service": values}, **others},
    )


def make_revision(*, branch: str = "main", commit: str = "", **others: Any) -> Revision:
    return Revision(branch=branch, commit=commit or "c0ffee" + "0" * 34, **others)


def make_conditions(
    *, endpoints: Iterable[str] = ("list products",), digest: str = "r1", load_digest: str = "l1", **others: Any
) -> Conditions:
    """`digest` is of the request part of every endpoint."""
    return Conditions(
        load_digest=load_digest,
        **{
            "endpoint_digests": {name: {"request": digest} for name in endpoints},
            "load": "open 200/s for 30 s after 5 s warm-up",
            "runner": Runner(os="Linux", cpu="Test CPU", cores=4, memory=16 * 2**30),
            "versions": {"perfgate": "0.1.0", "locust": "2.47.0", "python": "3.11.7"},
            **others,
        },
    )


def make_run(
    number: int = 1,
    *,
    branch: str = "main",
    p95: float = 0.100,
    endpoints: Iterable[EndpointResult] | None = None,
    conditions: Conditions | None = None,
    revision: Revision | None = None,
    **others: Any,
) -> Run:
    """Run `number` of a series: id "run-0001", a commit that ends in the number, started `number` hours after FIRST.

    Without `endpoints` it has one, "list products", with this `p95`.
    """
    results = (make_endpoint(p95=p95),) if endpoints is None else tuple(endpoints)
    return Run(
        endpoints=results,
        **asdict(revision or make_revision(branch=branch, commit=f"{number:040x}")),
        conditions=conditions or make_conditions(endpoints=[result.name for result in results]),
        **{
            "id": f"run-{number:04d}",
            "name": "shop",
            "started": (FIRST + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "duration": DURATION,
            "target": "http://127.0.0.1:8765",
            "generator": Generator(),
            **others,
        },
    )


def make_acceptance(
    endpoint: str = "", metric: str = "", *, reason: str = "the new search is worth it", **others: Any
) -> Acceptance:
    return Acceptance(
        endpoint=endpoint, metric=metric, reason=reason, **{"author": "ada", "at": "2026-01-06T12:00:00Z", **others}
    )


def make_past_run(
    number: int = 1,
    *,
    run: Run | None = None,
    outcome: Outcome = Outcome.PASS,
    failed: Iterable[tuple[str, str]] = (),
    acceptances: Iterable[Acceptance] = (),
    **others: Any,
) -> PastRun:
    """`number` and `others` go to `make_run` unless there is a `run`."""
    return PastRun(
        run=run or make_run(number, **others),
        outcome=outcome,
        failed=tuple(failed),
        acceptances=tuple(acceptances),
    )


def make_criterion(
    kind: Kind = Kind.ABSOLUTE,
    *,
    limit: float = 0.300,
    text: str = "",
    severity: Severity = Severity.FAIL,
    outcome: Outcome = Outcome.PASS,
) -> CriterionResult:
    """`text` follows from `limit` for milliseconds and per cent."""
    written = f"{limit * 1000:g}ms" if kind is Kind.ABSOLUTE else f"+{limit * 100:g}%"
    return CriterionResult(kind=kind, limit=limit, text=text or written, severity=severity, outcome=outcome)


def make_budget(
    endpoint: str = "list products", metric: str = "p95", fail: str = "300ms +10%", *, warn: str = "", line: int = 0
) -> Budget:
    """Criteria as a budget file has them: `fail="120ms +10%", warn="100ms"`."""
    criteria = [
        criterion
        for text, severity in ((fail, Severity.FAIL), (warn, Severity.WARN))
        if text
        for criterion in parse_criteria(text, METRICS[metric], severity)
    ]
    return Budget(endpoint=endpoint, metric=metric, criteria=tuple(criteria), line=line)


def make_arms(*endpoints: EndpointResult) -> tuple[Arm, Arm]:
    """Of an A/B run: the base's results are `endpoints`."""
    return (
        Arm(name="base", target="http://127.0.0.1:8001", ref="main", commit="2e1f0ab" + "0" * 33, endpoints=endpoints),
        Arm(name="head", target="http://127.0.0.1:8002", ref="work tree", commit="9f3c2ab" + "0" * 33),
    )


_REASONS = {
    Outcome.FAIL: "over-limit",
    Outcome.NO_DATA: "no-requests",
    Outcome.INCONCLUSIVE: "too-noisy",
    Outcome.WARN: "over-limit",
    Outcome.NO_BASELINE: "too-few-runs",
    Outcome.IMPROVED: "improvement",
    Outcome.PASS: "within-limits",
}


def make_finding(
    endpoint: str = "list products",
    metric: str = "p95",
    outcome: Outcome = Outcome.PASS,
    *,
    measured: float | None = 0.100,
    baseline: float | None = None,
    criteria: Iterable[CriterionResult] | None = None,
    **others: Any,
) -> Finding:
    """`change` follows from `measured` and `baseline`; without `criteria` there is one, absolute, with the outcome."""
    change = measured / baseline - 1 if measured is not None and baseline else None
    return Finding(
        endpoint=endpoint,
        metric=metric,
        outcome=outcome,
        measured=measured,
        baseline=baseline,
        criteria=(make_criterion(outcome=outcome),) if criteria is None else tuple(criteria),
        **{
            "reason": _REASONS[outcome],
            "sentence": f"{endpoint} {metric}: {outcome}.",
            "samples": 0 if measured is None else 1000,
            "baseline_runs": 0 if baseline is None else 5,
            "change": change,
            **others,
        },
    )


def make_verdict(*findings: Finding, run: str = "run-0001", outcome: Outcome | None = None, **others: Any) -> Verdict:
    """Its outcome is what the findings come to; without findings there is one that passes."""
    found = findings or (make_finding(),)
    return Verdict(
        run=run,
        outcome=overall(found) if outcome is None else outcome,
        findings=found,
        **{"name": "shop", "baseline_branch": "main", **others},
    )
