"""What a diagnosis looks at: endpoints that failed, a control that did not, and how far the whole run has moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median

from perfgate.diagnose import attribution
from perfgate.diagnose.codes import Language
from perfgate.diagnose.rules import RunMovement, may_leak
from perfgate.diagnose.second_pass import Pass
from perfgate.model.budget_file import BudgetFile
from perfgate.model.diagnosis import Diagnosed
from perfgate.model.metric import LATENCY_QUANTILES, METRICS, MeasuringPoint
from perfgate.model.outcome import Outcome
from perfgate.model.page import LCP, PageDetail
from perfgate.model.run import EndpointResult, PastRun, Run
from perfgate.model.verdict import Finding, Verdict
from perfgate.recording.windows import BASE

MAX_ENDPOINTS = 3  # endpoints in one diagnosis


def metrics_to_explain(verdict: Verdict, *, passing_too: bool = False) -> dict[str, str]:
    """Endpoint -> metric, of the failures that can be explained, worst first; with `passing_too`, of what got worst
    where nothing failed."""
    failed = [item for item in verdict.findings if item.outcome is Outcome.FAIL and _is_explained(item.metric)]
    if not failed and passing_too:
        judged = [item for item in verdict.findings if _is_explained(item.metric)]
        failed = sorted(judged, key=lambda item: -(item.change or 0.0))
    metrics: dict[str, str] = {}
    for finding in failed:
        metrics.setdefault(
            finding.endpoint, finding.metric if finding.metric in (*LATENCY_QUANTILES, "mean") else "p95"
        )
    return dict(list(metrics.items())[:MAX_ENDPOINTS])


def pages(verdict: Verdict, run: Run, past_runs: Sequence[PastRun]) -> tuple[Diagnosed, ...]:
    """Pages whose LCP failed, by layer: beside the base's, or beside what was usual in the runs of the baseline."""
    failed = [item for item in verdict.findings if item.outcome is Outcome.FAIL and item.metric == LCP]
    known = (_page(finding, run, past_runs) for finding in failed)
    return tuple(item for item in known if item is not None)


def _page(finding: Finding, run: Run, past_runs: Sequence[PastRun]) -> Diagnosed | None:
    own = [detail for detail in run.pages if detail.name == finding.endpoint]
    now = next((detail for detail in own if detail.arm != BASE), None)
    if now is None or not now.lcp_layers:
        return None
    base = next((arm.endpoints for arm in run.arms if arm.name == BASE), ())
    earlier = [past.run for past in past_runs if past.run.id in finding.baseline_ids]
    details: list[PageDetail] = [detail for detail in own if detail.arm == BASE]
    details += [detail for past in earlier for detail in past.pages if detail.name == finding.endpoint]
    compared = [base] if run.arms else [past.endpoints for past in earlier]
    before = _usual(details)
    if before and sum(now.lcp_layers.values()) <= sum(before.values()):
        before = None  # as fast as the other: only a fixed limit, or other views than this one, have failed
    layers = attribution.split_page(now.lcp_layers, before)
    return Diagnosed(
        endpoint=finding.endpoint,
        metric=LCP,
        difference=sum(layer.change or 0.0 for layer in layers) if before else None,
        layers=layers,
        samples=_views(finding.endpoint, run.endpoints),
        baseline_samples=sum(_views(finding.endpoint, results) for results in compared) if before else 0,
    )


def _usual(details: Sequence[PageDetail]) -> Mapping[str, float] | None:
    """The layers of the view with the median LCP; of the worse of two in the middle."""
    ranked = sorted(
        (detail.lcp_layers for detail in details if detail.lcp_layers), key=lambda layers: sum(layers.values())
    )
    return ranked[len(ranked) // 2] if ranked else None


def _views(name: str, results: Sequence[EndpointResult]) -> int:
    return next((result.samples for result in results if result.name == name), 0)


def _is_explained(metric: str) -> bool:
    """Whether the second pass can see the cause: of latencies, of sizes on the wire, of the service's work, and of
    background jobs, whose queue may have grown."""
    known = METRICS.get(metric)
    if known is None:
        return False
    is_timed = known.place is MeasuringPoint.ANSWERS and known.is_latency
    return is_timed or known.place is MeasuringPoint.WORK or known.aspect == "completion" or metric == "size"


def control(budget_file: BudgetFile, run: Run | None, chosen: Mapping[str, str]) -> str:
    """The quickest endpoint that is sent by itself and did not fail: it moves only when the machine does. Without a
    run, the first."""
    alone = [
        endpoint.name
        for endpoint in budget_file.endpoints
        if endpoint.request and endpoint.weight and not endpoint.login
    ]
    if run is None:
        return next((name for name in alone if name not in chosen), "")
    known = [
        endpoint
        for endpoint in run.endpoints
        if endpoint.name in alone and endpoint.name not in chosen and "p50" in endpoint.metrics
    ]
    return min(known, key=lambda item: item.metrics["p50"]).name if known else ""


def movements(run: Run, past_runs: Sequence[PastRun], chosen: Mapping[str, str]) -> dict[str, RunMovement]:
    """How far each of the endpoints, all others, and the runner's reference workload are from earlier runs of the same
    load: what moves together is the runner."""
    earlier = [past.run for past in past_runs if past.run.conditions.load_digest == run.conditions.load_digest]
    usual: dict[str, list[float]] = {}
    for past in earlier:
        for endpoint in past.endpoints:
            if value := endpoint.metrics.get("p50"):
                usual.setdefault(endpoint.name, []).append(value)
    factors = {
        endpoint.name: value / median(usual[endpoint.name])
        for endpoint in run.endpoints
        if endpoint.name in usual and (value := endpoint.metrics.get("p50"))
    }
    others = [factor for name, factor in factors.items() if name not in chosen]
    probes = [
        past.probe.p50 for past in earlier if past.probe and run.probe and past.probe.workload == run.probe.workload
    ]
    reference = run.probe.p50 / median(probes) if run.probe and run.probe.beside_target and probes else None
    return {
        name: RunMovement(own=factors.get(name), others=median(others) if others else None, reference=reference)
        for name in chosen
    }


def leaking(observed: Pass, language: Language) -> Collection[str]:
    """Endpoints beside which the processes of a service in Node grew more than on the base: only its heap tells
    whether that stays."""
    if language != "node":
        return ()
    heads = {name: seen for (name, side), seen in observed.seen.items() if side == "head"}
    bases = {name: seen for (name, side), seen in observed.seen.items() if side == "base"}
    return [name for name in heads if name in bases and may_leak(bases[name].growth, heads[name].growth)]
