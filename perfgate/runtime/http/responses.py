"""Response: what came back, or why nothing did; and Failure, the reason a request counts as an error."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from json.scanner import make_scanner
from typing import Any

from perfgate.runtime.http.decoding import NO_ENCODINGS, as_text, charset_of, decoded
from perfgate.runtime.http.headers import Headers

UNKNOWN = -1


def _refuse_constant(name: str) -> Any:
    """Raises ValueError for what Python reads and no other reader of JSON does (RFC 8259, section 6)."""
    raise ValueError(f"{name} is no value of JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_scan = make_scanner(_decoder)  # type: ignore[arg-type]  # typeshed has its own idea of the argument


@dataclass(frozen=True)
class Failure:
    """`kind` is counted; `detail` is an example for people, never part of a key."""

    kind: str  # status, expectation, timeout, connection, protocol
    detail: str


@dataclass(slots=True)
class Response:
    """Times in nanoseconds; latency is queue + wait + service. `body` is as sent over the wire, and only there when
    somebody asked for it; `size` is always known, and `decoded` wherever that costs nothing."""

    status: int = 0
    head: bytes = b""  # as it came, possibly with the beginning of the body
    body: bytes = b""
    size: int = 0  # of the body over the wire
    sets_cookies: bool = False  # or may do so: `cookies` tells
    encoded: bool = False  # or may be so: the headers tell
    decoded: int = UNKNOWN  # size of the body once it is unpacked
    failure: Failure | None = None
    unsent: bool = False  # the request could not even be written
    method: str = ""  # of the request
    queue: int = 0  # until a virtual user was free, in the open model
    wait: int = 0  # DNS, connect and TLS, where a connection had to be made
    dns: int = 0
    connect: int = 0
    tls: int = 0
    connections: int = 0  # opened for it
    service: int = 0  # from the send to the last byte
    first_byte: int = 0  # from the send
    delivery: int = 0  # from the kernel's receive timestamp to our code: the generator's own delay
    clock_stepped: bool = False  # the wall clock was set meanwhile: not measured by it
    _headers: Headers | None = None
    _content: bytes | None = None
    _earlier_cookies: list[str] = field(init=False, repr=False, compare=False)  # of earlier hops, where there were any

    @property
    def headers(self) -> Headers:
        if self._headers is None:
            self._headers = Headers(self.head)
        return self._headers

    @property
    def cookies(self) -> list[str]:
        """The values of all Set-Cookie headers, in order, their bytes as Latin-1: they are sent back as they came."""
        return [line.decode("latin-1") for line in self.headers.raw("set-cookie")]

    @property
    def all_cookies(self) -> list[str]:
        """The values of all Set-Cookie headers since the request was sent, those of redirects on the way first."""
        return [*getattr(self, "_earlier_cookies", ()), *self.cookies]

    @property
    def location(self) -> str | None:
        """Where a redirect leads, its bytes as Latin-1."""
        lines = self.headers.raw("location")
        return lines[-1].decode("latin-1") if lines else None

    @property
    def content(self) -> bytes:
        """The body, decoded. Raises ValueError when it does not decode, or its encoding is unknown."""
        if self._content is None:
            encoding = self.headers.get("content-encoding", "") if self.encoded else ""
            self._content = decoded(self.body, encoding) if encoding else self.body
            self.decoded = len(self._content)
        return self._content

    @property
    def text(self) -> str:
        return as_text(self.content, self.headers.get("content-type", ""))

    @property
    def json(self) -> Any:
        """Raises ValueError when the body is not JSON."""
        content = self.content
        try:
            return _from_json(content)
        except UnicodeDecodeError as error:
            return self._json_by_charset(error)
        except ValueError as error:
            raise ValueError(f"not JSON: {error}" if content else "not JSON: the body is empty") from error
        except RecursionError as error:
            raise ValueError("nested too deeply") from error

    def _json_by_charset(self, error: UnicodeDecodeError) -> Any:
        """Reads what is no UTF-8, which JSON should be in (RFC 8259, section 8.1), as the headers say it is. Raises
        ValueError where they say nothing else, or it is no JSON then."""
        charset = charset_of(self.headers.get("content-type", "")) or "utf-8"
        try:
            text = self.content.decode(charset)
        except UnicodeDecodeError:
            raise ValueError(f"not JSON: {error}; the headers name the charset {charset}") from error
        try:
            return _decoder.decode(text)
        except ValueError as fault:
            raise ValueError(f"not JSON: {fault}") from fault

    def add(self, before: Response) -> None:
        """Counts what an earlier hop of the same request took, and brought, as well."""
        self._earlier_cookies = before.all_cookies
        self.wait += before.wait
        self.dns += before.dns
        self.connect += before.connect
        self.tls += before.tls
        self.connections += before.connections
        self.first_byte += before.service
        self.service += before.service
        self.delivery += before.delivery
        self.clock_stepped |= before.clock_stepped
        self.size += before.size
        self.decoded = UNKNOWN if UNKNOWN in (self.decoded, before.decoded) else self.decoded + before.decoded


def decoded_size(response: Response, end: bytes) -> int:
    """Size of the unpacked body of a response whose body ends with `end`, without unpacking it: gzip says it in its
    last four bytes (RFC 1952, section 2.3.1; one member, below 4 GiB). UNKNOWN for what else is compressed."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if not encoding or encoding in NO_ENCODINGS or not response.size:
        return response.size
    if encoding in ("gzip", "x-gzip") and len(end) == 4:
        return int.from_bytes(end, "little")
    return UNKNOWN


def _from_json(content: bytes) -> Any:
    """Reads like `json.loads`, but neither NaN nor Infinity. That spends more on guessing the encoding and on white
    space than on a small object: text in UTF-8 without either is nearly all there is (RFC 8259). Raises ValueError or
    RecursionError."""
    try:
        text = content.decode()
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except (ValueError, StopIteration):
        pass
    return _decoder.decode(content.decode(json.detect_encoding(content), "surrogatepass"))
