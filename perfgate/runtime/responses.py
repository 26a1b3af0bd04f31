"""Response: what came back, or why nothing did; and Failure, the reason a request counts as an error."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Failure:
    """`kind` is counted; `detail` is an example for people, never part of a key."""

    kind: str  # status, expectation, timeout, connection, protocol
    detail: str


@dataclass
class Timing:
    """All in nanoseconds. `service` and `first_byte` count from the send. Latency is queue + wait + service."""

    queue: int = 0  # until a virtual user was free, in the open model
    wait: int = 0  # DNS, connect and TLS, where a connection had to be made
    service: int = 0
    first_byte: int = 0
    delivery: int = 0  # from the kernel's receive timestamp to our code: the generator's own delay
    clock_stepped: bool = False  # the wall clock was set meanwhile: measured in user space instead

    def add(self, before: Timing) -> None:
        """Counts what an earlier hop of the same request took as well."""
        self.wait += before.wait
        self.service += before.service
        self.first_byte += before.service
        self.delivery += before.delivery
        self.clock_stepped |= before.clock_stepped


@dataclass
class Response:
    """`body` is as sent over the wire; `content` is decoded. Header names are lower case; the last of a name wins."""

    status: int = 0
    method: str = ""  # of the request
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)  # Set-Cookie headers
    body: bytes = b""  # empty when nobody asked for it
    size: int = 0  # of the body over the wire, always known
    timing: Timing = field(default_factory=Timing)
    failure: Failure | None = None

    @cached_property
    def content(self) -> bytes:
        """Raises ValueError when the content encoding is unknown or the body does not decode."""
        return _decoded(self.body, self.headers.get("content-encoding", ""))

    @cached_property
    def text(self) -> str:
        return self.content.decode(_charset(self.headers.get("content-type", "")), errors="replace")

    @cached_property
    def json(self) -> Any:
        """Raises ValueError when the body is not JSON."""
        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _decoded(body: bytes, encoding: str) -> bytes:
    if not body:  # the answer to a HEAD names the encoding of what it leaves out
        return body
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        try:
            if name in ("gzip", "x-gzip"):
                body = zlib.decompress(body, zlib.MAX_WBITS | 16)
            elif name == "deflate":
                body = _inflated(body)
            elif name == "br":
                body = _brotli(body)
            elif name != "identity":
                raise ValueError(f"unknown content encoding {name[:20]!r}")
        except zlib.error as error:
            raise ValueError(f"not valid {name}: {error}") from error
    return body


def _inflated(body: bytes) -> bytes:
    """With zlib's header, as the standard wants it, or without, as some servers send it."""
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _brotli(body: bytes) -> bytes:
    import brotli  # comes with Locust's own HTTP client

    try:
        return bytes(brotli.decompress(body))
    except brotli.error as error:
        raise ValueError(f"not valid brotli: {error}") from error


def _charset(content_type: str) -> str:
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset":
            try:
                "".encode(value.strip('"'))
            except (LookupError, ValueError):
                break
            return value.strip('"')
    return "utf-8"
