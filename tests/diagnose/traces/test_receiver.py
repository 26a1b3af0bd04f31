"""The receiver: what it takes over real sockets, and what it refuses."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from perfgate.diagnose.traces import bodies, evidence, receiver
from perfgate.diagnose.traces.forwarding import Forwarder
from perfgate.diagnose.traces.receiver import Receiver
from perfgate.model.errors import DiagnosisError

PROTOBUF, JSON = "application/x-protobuf", "application/json"
CALLER, OWN = "c" * 16, "b" * 16


@pytest.fixture
def listening() -> Iterator[Receiver]:
    with Receiver() as own:
        yield own


def written(trace: str, **more: object) -> bytes:
    """An export in JSON, of one span that answers `trace`'s request."""
    attributes = [
        {"key": "db.system", "value": {"stringValue": "postgresql"}},
        {"key": "db.statement", "value": {"stringValue": "SELECT 'secret'"}},
        {"key": "db.response.returned_rows", "value": {"intValue": "3"}},
    ]
    span = {
        "traceId": trace,
        "spanId": OWN,
        "parentSpanId": trace[16:],
        "name": "query\x1b[31m",
        "kind": 3,
        "startTimeUnixNano": "1000",
        "endTimeUnixNano": 3000,
        "attributes": attributes,
        **more,
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}).encode()


def in_protobuf(trace: str) -> bytes:
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.parent_span_id = map(bytes.fromhex, (trace, OWN, trace[16:]))
    span.name, span.kind, span.start_time_unix_nano, span.end_time_unix_nano = "query\x1b[31m", 3, 1000, 3000
    for key, value in (("db.system", "postgresql"), ("db.statement", "SELECT 'secret'")):
        span.attributes.add(key=key).value.string_value = value
    span.attributes.add(key="db.response.returned_rows").value.int_value = 3
    message.resource_spans[0].resource.attributes.add(key="service.name").value.string_value = "shop"
    return message.SerializeToString()


def post(own: Receiver, body: object, kind: str = PROTOBUF, path: str = "/v1/traces", **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", own.port, timeout=60)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, body=body, headers={"Content-Type": kind, **named})  # type: ignore[arg-type]
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def trace_of(own: Receiver) -> str:
    return own.prefix + CALLER


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_spans_come_as_protobuf_and_as_json_packed_or_not(listening: Receiver, kind: str, encoding: str):
    trace = trace_of(listening)
    body = written(trace) if kind == JSON else in_protobuf(trace)
    headers = {"Content_Encoding": "gzip"} if encoding else {}

    assert post(listening, gzip.compress(body) if encoding else body, kind, **headers) == 200

    [span] = listening.spans([trace])[trace]
    assert (span.id, span.parent, span.name, span.kind, span.start, span.end) == (
        OWN, CALLER, "query [31m", "client", 1000, 3000,
    )  # fmt: skip
    assert span.process.startswith("shop/")
    assert span.operation == ("database", "SELECT ?", True, True, 3)
    assert "secret" not in repr(span)


def test_chunked_bodies_are_read(listening: Receiver):
    trace = trace_of(listening)
    body = written(trace)

    assert post(listening, iter([body[:50], body[50:]]), JSON) == 200
    assert listening.spans([trace])[trace]


def test_what_is_null_is_as_if_it_were_not_there(listening: Receiver):
    trace = trace_of(listening)
    nothing = {"key": "db.system", "value": None}
    span = json.loads(written(trace, name=None, kind=None, attributes=[nothing]))["resourceSpans"][0]["scopeSpans"]
    spans = [{"resource": None, "scopeSpans": [{**span[0], "scope": None}]}, {"scopeSpans": None}]

    assert post(listening, json.dumps({"resourceSpans": spans}).encode(), JSON) == 200
    assert post(listening, b'{"resourceSpans": null}', JSON) == 200
    [found] = listening.spans([trace])[trace]
    assert (found.name, found.kind, found.operation) == ("", "internal", None)


def test_spans_of_other_traces_are_not_kept(listening: Receiver):
    assert post(listening, in_protobuf("d" * 32)) == 200

    assert listening.spans([]) == {}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400),
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"resourceSpans": [{"resource": 3}]}', JSON, 400),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [7]}]}]}', JSON, 400),
        (b"[" * 200_000, JSON, 400),
        (b"{}", "text/plain", 415),
    ],
)
def test_what_is_no_export_is_refused(listening: Receiver, body: bytes, kind: str, status: int):
    assert post(listening, body, kind) == status
    assert post(listening, in_protobuf(trace_of(listening))) == 200  # and it goes on


@pytest.mark.parametrize(
    "odd",
    [
        {"spanId": "x"},
        {"startTimeUnixNano": 0},
        {"startTimeUnixNano": 1 << 70},
        {"endTimeUnixNano": -5},
    ],
)
def test_spans_that_are_none_are_left_out(listening: Receiver, odd: dict[str, object]):
    assert post(listening, written(trace_of(listening), **odd), JSON) == 200
    assert listening.spans([]) == {}


def test_a_kind_that_nobody_knows_is_the_applications_own(listening: Receiver):
    trace = trace_of(listening)
    post(listening, written(trace, kind=99), JSON)

    assert listening.spans([trace])[trace][0].kind == "internal"


def test_an_exporter_that_speaks_grpc_is_told_what_to_speak(listening: Receiver):
    with socket.create_connection(("127.0.0.1", listening.port), timeout=60) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert connection.recv(100) == b""

    [problem] = evidence.refusals(listening.refusals, has_grpc=listening.has_grpc)
    assert "by gRPC" in problem
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in problem


def test_spans_of_a_batch_that_is_sent_late_are_awaited(listening: Receiver):
    """A real exporter at its default: a batch every five seconds."""
    trace = trace_of(listening)
    late = threading.Timer(2.5, post, (listening, written(trace), JSON))
    late.start()
    try:
        assert [span.name for span in listening.spans([trace])[trace]] == ["query [31m"]
    finally:
        late.join()


def test_large_bodies_are_refused_packed_or_not(listening: Receiver):
    bomb = zlib.compressobj(wbits=31)
    packed = (
        b"".join([bomb.compress(bytes(2**20)) for _ in range(bodies.MAX_UNPACKED_BYTES // 2**20 + 1)]) + bomb.flush()
    )

    assert post(listening, packed, Content_Encoding="gzip") == 413
    assert post(listening, b"", Content_Length=str(bodies.MAX_SENT_BYTES + 1)) == 413
    assert post(listening, b"", Content_Length="9" * 5000) == 413
    assert post(listening, b"", Content_Length="+5") == 411


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 400), ("br", 415)])
def test_bodies_that_cannot_be_unpacked_are_refused(listening: Receiver, encoding: str, status: int):
    assert post(listening, b"no gzip", Content_Encoding=encoding) == status
    assert post(listening, gzip.compress(b"{}")[:-4], JSON, Content_Encoding="gzip") == 400


def test_metrics_are_taken_and_dropped_and_other_paths_are_not_there(listening: Receiver):
    assert post(listening, b"anything", path="/v1/metrics") == 200
    assert post(listening, b"anything", path="/v2/traces") == 404


def test_no_more_spans_are_kept_than_fit(listening: Receiver, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receiver, "MAX_SPANS", 2)
    for _ in range(3):
        post(listening, in_protobuf(trace_of(listening)))

    assert listening.dropped == 1
    assert len(listening.spans([])[trace_of(listening)]) == 2


def test_a_port_that_is_taken_is_said(listening: Receiver):
    with pytest.raises(DiagnosisError, match=f"cannot listen on 127.0.0.1 port {listening.port}"):
        Receiver(port=listening.port)


def test_bodies_are_forwarded_as_they_came_with_their_headers():
    came: list[tuple[bytes, dict[str, str]]] = []
    with (
        Receiver(forward=lambda body, headers: came.append((body, dict(headers)))) as collector,
        Forwarder(collector.url) as forwarder,
        Receiver(forward=forwarder.forward) as own,
    ):
        body = gzip.compress(in_protobuf(own.prefix + CALLER))
        assert post(own, body, Content_Encoding="gzip", Authorization="Bearer token") == 200
        assert post(own, b"\xff", Content_Encoding="identity") == 400

    [(forwarded, headers)] = came
    assert forwarded == body
    assert (headers["authorization"], headers["content-type"]) == ("Bearer token", PROTOBUF)
    assert forwarder.problem == ""


def test_a_collector_that_is_down_delays_nothing_and_is_said():
    with Receiver() as gone:
        url = gone.url
    with Forwarder(url) as forwarder, Receiver(forward=forwarder.forward) as own:
        assert post(own, in_protobuf(own.prefix + CALLER)) == 200

    assert forwarder.problem == "no answer (ConnectError)"
