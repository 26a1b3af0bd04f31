"""`client: locust`: Locust's own HTTP client (geventhttpclient) behind the same recorder.

For what the fast client does not do. Times are taken in user space: they end when Python gets round to reading.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import Any

import gevent
from geventhttpclient._parser import HTTPParseError
from geventhttpclient.client import HTTPClient
from geventhttpclient.response import HTTPConnectionClosed

from perfgate.runtime.client import Manner
from perfgate.runtime.dialling import Origin, Trust, tls_context
from perfgate.runtime.responses import Failure, Response

CUT_OFF = ("EOF", "Incomplete", "closed")  # words of the library for an answer that ends too early


class LocustClient:
    """One keep-alive connection of geventhttpclient, which FastHttpUser is made of."""

    def __init__(self, where: Origin, trust: Trust) -> None:
        self._where, self._trust = where, trust
        self._client = self._new_client()

    def _new_client(self) -> HTTPClient:
        return HTTPClient(
            self._where.host,
            port=self._where.port,
            ssl=self._where.tls,
            insecure=self._trust.insecure,
            ssl_context_factory=lambda **_: tls_context(self._trust),
        )

    def send(self, data: bytes, manner: Manner) -> Response:
        began = monotonic_ns()
        try:
            with gevent.Timeout(manner.patience.total / 1e9, TimeoutError):
                return self._exchange(data, manner, began)
        except TimeoutError:
            failure = Failure("timeout", f"no complete answer within {manner.patience.total / 1e9:g} s")
        except (HTTPConnectionClosed, OSError) as error:
            failure = Failure("connection", str(error)[:120] or "closed before it answered")
        except HTTPParseError as error:  # HTTPConnectionClosed is one
            failure = _broken(str(error))
        self.close()
        self._client = self._new_client()  # a closed one takes no more requests
        return Response(failure=failure, service=monotonic_ns() - began)

    def _exchange(self, data: bytes, manner: Manner, began: int) -> Response:
        head, _, body = data.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        answer: Any = self._client.request(manner.method, line.split(" ")[1], body or None, headers)
        first_byte = monotonic_ns() - began
        content = bytes(answer.read())
        raw = {key.encode("latin-1"): value.encode("latin-1") for key, value in answer.headers}
        cookies = "".join(f"set-cookie: {value}\r\n" for key, value in answer.headers if key.lower() == "set-cookie")
        return Response(
            answer.status_code,
            raw,
            cookies.encode("latin-1"),
            content if manner.keep_body else b"",
            size=len(content),
            service=monotonic_ns() - began,
            first_byte=first_byte,
        )

    def close(self) -> None:
        self._client.close()


def _broken(said: str) -> Failure:
    """A connection that was lost in the middle is none of the protocol's faults."""
    if any(word in said for word in CUT_OFF):
        return Failure("connection", "closed in the middle of the answer")
    return Failure("protocol", f"not HTTP: {said[:80]}")
