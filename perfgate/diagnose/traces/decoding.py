"""OTLP's ExportTraceServiceRequest -> spans: protobuf (by the package opentelemetry-proto) or JSON.

Source: opentelemetry.io/docs/specs/otlp. In JSON ids are hexadecimal, not base64 as protobuf's own mapping says, and
64-bit integers may be texts. What comes here is a stranger's: ids that are none are left out, lengths are bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from perfgate.diagnose.traces.conventions import READ, Value, operation
from perfgate.diagnose.traces.spans import KINDS, TraceSpan
from perfgate.model.errors import DiagnosisError
from perfgate.text.sanitize import one_line

JSON, PROTOBUF = "application/json", "application/x-protobuf"
MAX_NAME_CHARS = 120  # characters of a span's name
MAX_SERVICE_CHARS = 40  # characters of a service's name
MAX_TIME_NS = 1 << 63  # ns
_PROCESS = ("service.name", "service.instance.id", "host.name", "process.pid")
_TRACE, _SPAN = re.compile(r"[0-9a-f]{32}\Z"), re.compile(r"[0-9a-f]{16}\Z")
Decode = Callable[[bytes, str], Iterable[TraceSpan]]


def protobuf_decoder() -> Decode:
    """Raises DiagnosisError where the package is not installed."""
    try:
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    except ImportError as error:
        raise DiagnosisError(
            "diagnose.traces needs opentelemetry-proto: pip install 'perfgate[traces]'", code="PG-X002"
        ) from error

    def decode(body: bytes, prefix: str) -> Iterator[TraceSpan]:
        try:
            request = ExportTraceServiceRequest.FromString(body)
        except DecodeError as error:
            raise ValueError("no ExportTraceServiceRequest") from error
        wanted = bytes.fromhex(prefix)
        for resource in request.resource_spans:
            process = _process({item.key: _proto_value(item.value) for item in resource.resource.attributes})
            for scope in resource.scope_spans:
                for span in scope.spans:
                    if span.trace_id.startswith(wanted):
                        known = {item.key: _proto_value(item.value) for item in span.attributes if item.key in READ}
                        ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
                        times = span.start_time_unix_nano, span.end_time_unix_nano
                        yield from _span(ids, span.name, span.kind, times, (process, scope.scope.name), known)

    return decode


def decode_json(body: bytes, prefix: str) -> Iterator[TraceSpan]:
    """Raises ValueError for what is not one. What is null is as if it were not there, as protobuf's mapping says."""
    try:
        request = json.loads(body)
        for resource in request.get("resourceSpans") or ():
            process = _process(_json_attributes((resource.get("resource") or {}).get("attributes")))
            for scope in resource.get("scopeSpans") or ():
                name = str((scope.get("scope") or {}).get("name") or "")
                for span in scope.get("spans") or ():
                    yield from _json_span(span, prefix, (process, name))
    except (AttributeError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise ValueError("no ExportTraceServiceRequest") from error


def _json_span(span: Mapping[str, Any], prefix: str, source: tuple[str, str]) -> Iterator[TraceSpan]:
    ids = tuple(str(span.get(key) or "").lower() for key in ("traceId", "spanId", "parentSpanId"))
    if not ids[0].startswith(prefix):
        return
    known = {key: value for key, value in _json_attributes(span.get("attributes")).items() if key in READ}
    kind = span.get("kind") or 0
    number = int(kind) if not isinstance(kind, str) else 0
    if isinstance(kind, str) and kind.startswith("SPAN_KIND_"):
        names = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
        number = names.index(kind[10:]) if kind[10:] in names else 0
    times = int(span.get("startTimeUnixNano") or 0), int(span.get("endTimeUnixNano") or 0)
    yield from _span(ids, str(span.get("name") or ""), number, times, source, known)  # type: ignore[arg-type]


def _span(
    ids: tuple[str, str, str],
    name: str,
    kind: int,
    times: tuple[int, int],
    source: tuple[str, str],
    known: Mapping[str, Value],
) -> Iterator[TraceSpan]:
    """`source` is the process, and the library in it."""
    trace, own, parent = ids
    start, end = times
    if not (_TRACE.match(trace) and _SPAN.match(own) and 0 < start < MAX_TIME_NS and 0 < end < MAX_TIME_NS):
        return
    word = KINDS[kind] if 0 <= kind < len(KINDS) else "internal"
    line = one_line(name[: 4 * MAX_NAME_CHARS], MAX_NAME_CHARS)
    process, scope = source
    done = operation(word, line, known)
    yield TraceSpan(
        trace, own, parent, line, word, start, end, process, done, one_line(scope[: 4 * MAX_NAME_CHARS], MAX_NAME_CHARS)
    )


def _process(attributes: Mapping[str, Value]) -> str:
    """What tells one process from another, the name of its service first."""
    words = [str(attributes.get(key, ""))[:MAX_NAME_CHARS] for key in _PROCESS]
    return "/".join([one_line(words[0], MAX_SERVICE_CHARS).replace("/", "."), *words[1:]])


def _proto_value(value: Any) -> Value:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind in ("string_value", "int_value", "double_value", "bool_value") else ""


def _json_attributes(attributes: Iterable[Mapping[str, Any]] | None) -> dict[str, Value]:
    return {str(item["key"]): _json_value(item.get("value") or {}) for item in attributes or ()}


def _json_value(value: Mapping[str, Any]) -> Value:
    if "intValue" in value:
        return int(value["intValue"])
    known = next((value[key] for key in ("stringValue", "doubleValue", "boolValue") if key in value), "")
    return known if isinstance(known, (str, int, float)) else ""
