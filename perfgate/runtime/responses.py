"""Response: what came back, or why nothing did; and Failure, the reason a request counts as an error."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from json.scanner import make_scanner
from typing import Any

_COOKIE = re.compile(rb"^set-cookie:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
ENCODING_NAMES = frozenset({b"Content-Encoding", b"content-encoding", b"CONTENT-ENCODING", b"Content-encoding"})
UNKNOWN = -1
_scan = make_scanner(json.JSONDecoder())  # type: ignore[arg-type]  # typeshed has its own idea of the argument
DECODED_LIMIT = 1 << 28  # bytes: a small body that unpacks to more is an attack or a mistake


@dataclass(frozen=True)
class Failure:
    """`kind` is counted; `detail` is an example for people, never part of a key."""

    kind: str  # status, expectation, timeout, connection, protocol
    detail: str


@dataclass(slots=True)
class Response:
    """Times in nanoseconds; latency is queue + wait + service. `body` is as sent over the wire, and only there when
    somebody asked for it; `size` is always known, and `decoded` wherever that costs nothing. `raw_headers` have the
    last value of each name."""

    status: int = 0
    raw_headers: dict[bytes, bytes] | None = None
    head: bytes = b""  # as it came, possibly with the beginning of the body; only kept where it sets cookies
    body: bytes = b""
    size: int = 0  # of the body over the wire
    decoded: int = UNKNOWN  # size of the body once it is unpacked
    failure: Failure | None = None
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
    _headers: dict[str, str] | None = None
    _content: bytes | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case."""
        if self._headers is None:
            raw = self.raw_headers or {}
            pairs = ((key.decode("latin-1"), value.decode("latin-1")) for key, value in raw.items())
            self._headers = {key.lower(): value.rstrip(" \t") for key, value in pairs}  # llhttp leaves these
        return self._headers

    @property
    def cookies(self) -> list[str]:
        """The values of all Set-Cookie headers, in order."""
        head, _, rest = self.head.lstrip().partition(b"\r\n\r\n")
        while head[9:10] == b"1":  # interim answers come before the real one
            head, _, rest = rest.partition(b"\r\n\r\n")
        return [found.decode("latin-1") for found in _COOKIE.findall(head)]

    @property
    def content(self) -> bytes:
        """The body, decoded. Raises ValueError when it does not decode, or its encoding is unknown."""
        if self._content is None:
            plain = ENCODING_NAMES.isdisjoint(self.raw_headers or ())
            self._content = self.body if plain else _decoded(self.body, self.headers["content-encoding"])
            self.decoded = len(self._content)
        return self._content

    @property
    def text(self) -> str:
        return self.content.decode(_charset(self.headers.get("content-type", "")), errors="replace")

    @property
    def json(self) -> Any:
        """Raises ValueError when the body is not JSON."""
        try:
            return _from_json(self.content)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error

    def add(self, before: Response) -> None:
        """Counts what an earlier hop of the same request took, and brought, as well."""
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


def decoded_size(headers: dict[bytes, bytes], size: int, end: bytes) -> int:
    """Of a body of `size` bytes that ends with `end`, without unpacking it: gzip says it in its last four bytes (RFC
    1952, section 2.3.1; one member, below 4 GiB). UNKNOWN for what else is compressed."""
    if ENCODING_NAMES.isdisjoint(headers) or not size:
        return size
    encoding = next(value for name, value in headers.items() if name in ENCODING_NAMES).strip().lower()
    if encoding == b"identity":
        return size
    if encoding in (b"gzip", b"x-gzip") and len(end) == 4:
        return int.from_bytes(end, "little")
    return UNKNOWN


def _from_json(content: bytes) -> Any:
    """As `json.loads`, which spends more on guessing the encoding and on white space than on a small object: text in
    UTF-8 without either is nearly all there is (RFC 8259). Raises ValueError or RecursionError."""
    try:
        text = content.decode()
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except (ValueError, StopIteration):
        pass
    return json.loads(content)


def _decoded(body: bytes, encoding: str) -> bytes:
    if not body:  # the answer to a HEAD names the encoding of what it leaves out
        return body
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        try:
            if name in ("gzip", "x-gzip"):
                body = _unpacked(body, zlib.MAX_WBITS | 16)
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
        return _unpacked(body, zlib.MAX_WBITS)
    except zlib.error:
        return _unpacked(body, -zlib.MAX_WBITS)


def _unpacked(body: bytes, bits: int) -> bytes:
    unpacker = zlib.decompressobj(bits)
    data = unpacker.decompress(body, DECODED_LIMIT)
    if unpacker.unconsumed_tail:
        raise ValueError(f"unpacks to more than {DECODED_LIMIT >> 20} MiB")
    if not unpacker.eof:
        raise zlib.error("cut off")
    return data


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
