"""Requests of hand-written scenarios: taken from Locust's own event and recorded beside the generated ones."""

from __future__ import annotations

import re
from collections.abc import Collection
from time import monotonic_ns
from typing import Any

from locust.exception import CatchResponseError, ResponseError

from perfgate.recording.shortages import PORTS
from perfgate.runtime.http.observations import GENERATOR, shortage_of
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load

TIMEOUT_NAMES = ("timeout", "timedout")
_ERRNO = re.compile(r"\[Errno (\d+)\]")
PROTOCOL_NAMES = ("parse", "protocol", "chunked", "decoding", "incompleteread", "zlib")


class Listener:
    """A listener of Locust's `request` event. A request belongs to the endpoint of its name, or of its method and
    name (`GET /products`), and is otherwise recorded under its own name."""

    def __init__(self, load: Load, endpoints: Collection[str]) -> None:
        self._load, self._endpoints = load, frozenset(endpoints)
        self._has_connected = False

    def __call__(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int | None,
        exception: BaseException | None = None,
        response: Any = None,
        **_: Any,
    ) -> None:
        took = int((response_time or 0.0) * 1e6)
        failure = self._failure(exception) if exception is not None else None
        self._has_connected |= failure is None
        status = _status(response, succeeded=failure is None)
        observed = Response(status, size=response_length or 0, service=took, first_byte=took)
        series = ("endpoint", self._endpoint(request_type, name))
        self._load.record(series, monotonic_ns() - took, observed, failure)

    def _failure(self, error: BaseException) -> Failure:
        shortage = _shortage(error)
        if shortage and (shortage != PORTS or self._has_connected):  # else the address is one that does not exist
            return Failure(GENERATOR, shortage)
        return _failure(error)

    def _endpoint(self, method: str, name: str) -> str:
        if name not in self._endpoints and f"{method} {name}" in self._endpoints:
            return f"{method} {name}"
        return str(name)


def _shortage(error: BaseException) -> str:
    """Which resource of the generator itself ran out. Clients wrap the system's error, some in words only."""
    match = _ERRNO.search(str(error))
    return shortage_of(int(match[1]) if match else getattr(error, "errno", None))


def _status(response: Any, *, succeeded: bool) -> int:
    """Only HTTP clients tell: other successes count as 200, other failures as no answer."""
    status = getattr(response, "status_code", 0)
    return status if isinstance(status, int) and status > 0 else 200 * succeeded


def _failure(error: BaseException) -> Failure:
    detail = " ".join(str(error).split())[:120] or type(error).__name__
    if isinstance(error, CatchResponseError):
        return Failure("expectation", detail)
    if isinstance(error, ResponseError):
        return Failure("status", detail)
    kinds = [base.__name__.lower() for base in type(error).__mro__]
    code = getattr(error, "code", 0) or getattr(getattr(error, "response", None), "status_code", 0)
    if code:  # requests and geventhttpclient both say so, each in its own way
        return Failure("status", f"status: {code}")
    if any(name in kind for kind in kinds for name in TIMEOUT_NAMES):
        return Failure("timeout", detail)
    if any(name in kind for kind in kinds for name in PROTOCOL_NAMES):
        return Failure("protocol", detail)
    lost = isinstance(error, OSError) or "connectionerror" in kinds or "httpconnectionclosed" in kinds
    return Failure("connection" if lost else "expectation", detail)
