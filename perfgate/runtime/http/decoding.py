"""Unpacks bodies by their Content-Encoding, up to a limit."""

from __future__ import annotations

import zlib

MAX_DECODED_BYTES = 1 << 28  # bytes: a small body that unpacks to more is an attack or a mistake
PIECE_BYTES = 1 << 20  # of what brotli unpacks at a time
TOO_LARGE = f"unpacks to more than {MAX_DECODED_BYTES >> 20} MiB"
# What servers write that mean no encoding at all; browsers do not mind.
NO_ENCODINGS = frozenset({"identity", "none", "binary", "8bit", "utf-8", "utf8", "iso-8859-1"})
GZIP_MAGIC = b"\x1f\x8b"


def decoded(body: bytes, encoding: str) -> bytes:
    """Raises ValueError when it does not decode, unpacks to more than the limit, or its encoding is unknown."""
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
            elif name not in NO_ENCODINGS:
                raise ValueError(f"unknown content encoding {name[:20]!r}; send another Accept-Encoding")
        except zlib.error as error:
            raise ValueError(f"not valid {name}: {error}") from error
    return body


def _inflated(body: bytes) -> bytes:
    """Inflates with zlib's header, as the standard wants it, or without, as some servers send it."""
    try:
        return _unpacked(body, zlib.MAX_WBITS)
    except zlib.error:
        return _unpacked(body, -zlib.MAX_WBITS)


def _unpacked(body: bytes, bits: int) -> bytes:
    """All members, of which gzip may have several (RFC 1952, section 2.2); zeros after the last one are padding."""
    members: list[bytes] = []
    left = MAX_DECODED_BYTES
    while True:
        unpacker = zlib.decompressobj(bits)
        members.append(unpacker.decompress(body, left))
        left -= len(members[-1])
        if unpacker.unconsumed_tail or (not left and not unpacker.eof):
            raise ValueError(TOO_LARGE)
        if not unpacker.eof:
            raise zlib.error("cut off")
        body = unpacker.unused_data.lstrip(b"\0")
        if not body.startswith(GZIP_MAGIC) or not left:
            return b"".join(members)


def _brotli(body: bytes) -> bytes:
    import brotli  # comes with Locust's own HTTP client

    unpacker = brotli.Decompressor()
    pieces: list[bytes] = []
    left = MAX_DECODED_BYTES
    try:
        while not unpacker.is_finished():
            piece = unpacker.process(body, output_buffer_limit=PIECE_BYTES)
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise ValueError(TOO_LARGE)
            if not piece and unpacker.can_accept_more_data() and not unpacker.is_finished():
                raise ValueError("not valid brotli: cut off")
            body = b""
    except brotli.error as error:
        raise ValueError(f"not valid brotli: {error}") from error
    return b"".join(pieces)
