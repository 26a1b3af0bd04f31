"""Requests of a diagnosis that begin a trace: each has a `traceparent` (W3C Trace Context) of its own, sampled."""

from __future__ import annotations

import re
from secrets import token_hex
from typing import Any

from perfgate.runtime.http.client import SendOptions
from perfgate.runtime.http.responses import Response

_OWN = re.compile(rb"\r\n(?:traceparent|tracestate):[^\r\n]*", re.IGNORECASE)
MAX_REMEMBERED_TRACES = 256  # answers whose trace nobody has asked for yet


class Traces:
    """Trace ids are `prefix` and eight random bytes, which are the id of the calling span as well: the server's span
    has them as its parent."""

    def __init__(self, prefix: str, endpoint: str) -> None:
        self.endpoint, self._prefix = endpoint, prefix
        self._ids: dict[int, str] = {}

    def begin(self, message: bytes) -> tuple[bytes, str]:
        """The message with a trace of its own, and that trace's id. What its scenario says of traces is left out."""
        span = token_hex(8)
        head, end, body = message.partition(b"\r\n\r\n")
        line, _, rest = _OWN.sub(b"", head).partition(b"\r\n")
        parent = f"traceparent: 00-{self._prefix}{span}-{span}-01".encode()
        return b"\r\n".join([line, parent, *([rest] if rest else [])]) + end + body, self._prefix + span

    def remember(self, response: Response, trace: str) -> None:
        if len(self._ids) >= MAX_REMEMBERED_TRACES:
            self._ids.clear()
        self._ids[id(response)] = trace

    def id_of(self, response: Response) -> str:
        return self._ids.pop(id(response), "")


class TracingClient:
    """Another client's requests; those of the endpoint begin traces."""

    def __init__(self, client: Any, traces: Traces) -> None:
        self._client, self._traces = client, traces

    def send(self, message: bytes, options: SendOptions) -> Response:
        if options.endpoint != self._traces.endpoint:
            return self._client.send(message, options)  # type: ignore[no-any-return]
        message, trace = self._traces.begin(message)
        response: Response = self._client.send(message, options)
        self._traces.remember(response, trace)
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def traced(kind: Any, traces: Traces) -> Any:
    """The virtual user of a scenario, whose requests of the endpoint begin traces."""

    class Traced(kind):
        abstract = True

        def _new_client(self, where: Any) -> Any:
            return TracingClient(super()._new_client(where), traces)

    return Traced
