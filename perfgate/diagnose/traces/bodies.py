"""Bodies of requests, read and unpacked within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO

MAX_SENT_BYTES = 16 * 2**20  # bytes of a body as it is sent
MAX_UNPACKED_BYTES = 64 * 2**20
_GZIP = 16 + zlib.MAX_WBITS
_MAX_LINE_BYTES = 256  # bytes of a chunk's size with its extensions


class BodyError(Exception):
    """A body that is not read: `status` says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def read(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    """The body as it was sent. `headers` in lower case. Raises BodyError."""
    coding = headers.get("transfer-encoding", "").strip().lower()
    if coding == "chunked":
        return _chunked(stream)
    if coding:
        raise BodyError(501, "transfer-encoding not known")
    length = headers.get("content-length", "").strip()
    if not (length.isascii() and length.isdigit()):
        raise BodyError(411, "Content-Length is needed")
    if len(length) > 12 or int(length) > MAX_SENT_BYTES:
        raise BodyError(413, f"more than {MAX_SENT_BYTES:,} bytes")
    return _exactly(stream, int(length))


def unpack(body: bytes, encoding: str) -> bytes:
    """Raises BodyError."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise BodyError(415, "only gzip is unpacked")
    return _unpacked(body, _GZIP)


def _unpacked(body: bytes, kind: int) -> bytes:
    unpacker = zlib.decompressobj(kind)
    try:
        plain = unpacker.decompress(body, MAX_UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise BodyError(400, "no gzip") from error
    if len(plain) > MAX_UNPACKED_BYTES:
        raise BodyError(413, f"more than {MAX_UNPACKED_BYTES:,} bytes unpacked")
    if not unpacker.eof:
        raise BodyError(400, "gzip ends too early")
    return plain


def _exactly(stream: BinaryIO, length: int) -> bytes:
    body = stream.read(length)
    if len(body) < length:
        raise BodyError(400, "the body ends too early")
    return body


def _chunked(stream: BinaryIO) -> bytes:
    body = bytearray()
    while size := _size(stream.readline(_MAX_LINE_BYTES)):
        if len(body) + size > MAX_SENT_BYTES:
            raise BodyError(413, f"more than {MAX_SENT_BYTES:,} bytes")
        body += _exactly(stream, size)
        if stream.readline(_MAX_LINE_BYTES).strip():
            raise BodyError(400, "a chunk is longer than it says")
    _skip_trailers(stream.readline)
    return bytes(body)


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not line.endswith(b"\n") or not digits or len(digits) > 8 or not digits.isalnum():
        raise BodyError(400, "no chunk size")
    try:
        return int(digits, 16)
    except ValueError as error:
        raise BodyError(400, "no chunk size") from error


def _skip_trailers(readline: Callable[[int], bytes]) -> None:
    for _ in range(20):
        if not readline(_MAX_LINE_BYTES).strip():
            return
    raise BodyError(400, "too many trailers")
