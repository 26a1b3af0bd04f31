"""OTLP/HTTP receiver: a thread of its own on 127.0.0.1, which keeps the spans of perfgate's own requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from time import monotonic
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from perfgate.diagnose.traces import bodies, decoding
from perfgate.diagnose.traces.bodies import BodyError
from perfgate.diagnose.traces.spans import TraceSpan
from perfgate.model.errors import DiagnosisError

TRACES, OTHER_SIGNALS = "/v1/traces", ("/v1/metrics", "/v1/logs")  # the latter are taken, and dropped
MAX_SPANS = 300_000  # kept in all
IDLE_TIMEOUT_S = 30.0  # s after which a connection that says nothing is closed
QUIET_S, MAX_WAIT_S = 6.0, 15.0  # s without spans after which none is awaited any more: batches go every 5 s; s in all
GRPC = b"PRI * HTTP/2"  # how it begins
Forward = Callable[[bytes, Mapping[str, str]], None]


class Receiver:
    """A context: it listens inside. `prefix` begins the trace ids whose spans are kept; `forward` gets each body of
    traces unchanged, with its headers."""

    def __init__(self, *, port: int = 0, forward: Forward | None = None) -> None:
        self.prefix = token_hex(8)
        self._decoders: Mapping[str, decoding.Decode] = {
            decoding.PROTOBUF: decoding.protobuf_decoder(),
            decoding.JSON: decoding.decode_json,
        }
        self._forward = forward
        self._spans: dict[str, list[TraceSpan]] = {}
        self._count, self.dropped = 0, 0
        self.refusals: dict[str, int] = {}  # by what was wrong
        self.has_grpc = False  # whether somebody has tried to export by gRPC
        self._arrival = threading.Condition()
        self._last = monotonic()
        try:
            self._server = _Server(("127.0.0.1", port), _handler(self))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DiagnosisError(
                f"diagnose.traces: cannot listen on 127.0.0.1 port {port}: {reason}", code="PG-X001"
            ) from error

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Raises BodyError for what is no export of traces."""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in self._decoders:
            raise BodyError(415, f"{decoding.PROTOBUF} or {decoding.JSON}")
        plain = bodies.unpack(body, headers.get("content-encoding", ""))
        try:
            spans = list(self._decoders[kind](plain, self.prefix))
        except ValueError as error:
            raise BodyError(400, "no ExportTraceServiceRequest") from error
        with self._arrival:
            for span in spans:
                if self._count < MAX_SPANS:
                    self._spans.setdefault(span.trace, []).append(span)
                    self._count += 1
                else:
                    self.dropped += 1
            self._last = monotonic()
            self._arrival.notify_all()
        if self._forward is not None:
            self._forward(body, headers)

    def spans(self, awaited: Collection[str]) -> Mapping[str, Sequence[TraceSpan]]:
        """Spans by trace id, once each awaited trace has its server span or nothing has come for a while: exporters
        send batches."""
        began = monotonic()
        with self._arrival:
            self._last = began
            missing = set(awaited)
            while missing := {trace for trace in missing if not self._is_complete(trace)}:
                left = min(self._last + QUIET_S, began + MAX_WAIT_S) - monotonic()
                if left <= 0:
                    break
                self._arrival.wait(left)
            return {trace: tuple(spans) for trace, spans in self._spans.items()}

    def _is_complete(self, trace: str) -> bool:
        """A server span ends last, and so comes last."""
        return any(span.parent == trace[16:] for span in self._spans.get(trace, ()))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        raw_requestline: bytes
        protocol_version = "HTTP/1.1"
        timeout = IDLE_TIMEOUT_S

        def parse_request(self) -> bool:
            if self.raw_requestline.startswith(GRPC):
                receiver.has_grpc, self.close_connection = True, True
                return False
            return super().parse_request()

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                body = bodies.read(self.rfile, headers)  # type: ignore[arg-type]
                path = urlsplit(self.path).path
                if path == TRACES:
                    receiver.take(body, headers)
                elif path not in OTHER_SIGNALS:
                    raise BodyError(404, f"only {TRACES}")
            except BodyError as error:
                receiver.refusals[str(error)] = receiver.refusals.get(str(error), 0) + 1
                self._reply(error.status, str(error).encode(), is_last=True)
            else:
                is_json = headers.get("content-type", "").startswith(decoding.JSON)
                self._reply(200, b"{}" if is_json else b"", decoding.JSON if is_json else decoding.PROTOBUF)

        def _reply(self, status: int, body: bytes, kind: str = "text/plain", *, is_last: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if is_last:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is said of single requests."""

    return Handler
