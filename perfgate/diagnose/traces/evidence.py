"""Joined traces -> TraceEvidence: coverage, operations of base and head, and the slowest traces with links. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.diagnose.partition import Known, ReplaySample, network_floor, partition
from perfgate.diagnose.traces.joining import OperationTotals, TracedSide
from perfgate.model.diagnosis import Layer, SlowTrace, TracedOperation, TraceEvidence

MAX_OPERATIONS = 8  # operations
MAX_SLOW_TRACES = 3  # traces of each side
MIN_TRACED_SHARE = 0.9  # of the requests, that traces are for
PLACE = "{trace_id}"  # in a link's template


def evidence(head: TracedSide, base: TracedSide | None, link: str = "") -> TraceEvidence:
    """`link` is a URL with `{trace_id}`."""
    sides = [("head", head), *([("base", base)] if base else [])]
    return TraceEvidence(
        requests=len(head.samples),
        traced=head.traced,
        requests_before=len(base.samples) if base else None,
        traced_before=base.traced if base else None,
        operations=tuple(_operations(head, base)),
        slowest=tuple(
            SlowTrace(
                side=name,  # type: ignore[arg-type]
                trace=sample.trace,
                seconds=sample.latency,
                layers={layer: value for layer, value in parts.items() if value},
                link=link.replace(PLACE, sample.trace),
            )
            for name, side in sides
            for sample, parts in _slowest(side)
        ),
    )


def _slowest(side: TracedSide) -> Iterator[tuple[ReplaySample, dict[Layer, float]]]:
    floor = Known(floor=network_floor([sample for sample in side.samples if sample.users == 1]))
    traced = [sample for sample in side.samples if sample.trace in side.ids]
    for sample in sorted(traced, key=lambda sample: -sample.latency)[:MAX_SLOW_TRACES]:
        yield sample, partition(sample, floor)[0]


def _operations(head: TracedSide, base: TracedSide | None) -> list[TracedOperation]:
    """Those whose time changed most; without a base, those with most time."""
    before = base.totals if base else {}
    nothing = OperationTotals()
    rows = []
    for key in {**head.totals, **before}:
        now, was = head.totals.get(key, nothing), before.get(key, nothing)
        each, each_before = head.traced or 1, (base.traced if base else 0) or 1
        rows.append(
            TracedOperation(
                layer=key[0],
                what=key[1],
                calls=now.calls / each,
                seconds=now.seconds / each,
                calls_before=was.calls / each_before if base else None,
                seconds_before=was.seconds / each_before if base else None,
            )
        )
    return sorted(rows, key=lambda row: -abs(row.seconds - (row.seconds_before or 0.0)))[:MAX_OPERATIONS]


def refusals(reasons: Mapping[str, int], *, has_grpc: bool) -> Iterator[str]:
    """What exporters sent, and the receiver does not read."""
    if has_grpc:
        yield (
            "diagnose.traces: the application exports by gRPC, which perfgate does not read. Let it export OTLP/HTTP: "
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, and pip install opentelemetry-exporter-otlp-proto-http"
        )
    if reasons:
        reason = max(reasons, key=lambda reason: reasons[reason])
        yield f"diagnose.traces: {sum(reasons.values())} exports could not be read ({reason})"


def problems(endpoint: str, side: TracedSide) -> Iterator[str]:
    """What keeps traces from saying more."""
    sent = len(side.samples)
    if sent and not side.traced:
        yield (
            f"diagnose.traces: no trace came for the {sent} requests of {endpoint}. Is the application instrumented "
            "(`opentelemetry-instrument COMMAND`, pip install opentelemetry-exporter-otlp-proto-http), does its "
            "exporter read OTEL_EXPORTER_OTLP_ENDPOINT, and does its sampler follow the caller (parentbased)?"
        )
    elif side.traced < MIN_TRACED_SHARE * sent:
        yield f"diagnose.traces: traces for {side.traced} of {sent} requests of {endpoint}; the others are not split"
