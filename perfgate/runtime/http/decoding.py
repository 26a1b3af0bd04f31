"""Unpacks bodies by their Content-Encoding, up to a limit, and reads texts in their charset."""

from __future__ import annotations

import codecs
import re
import zlib

MAX_DECODED_BYTES = 1 << 28  # bytes: a small body that unpacks to more is an attack or a mistake
PIECE_BYTES = 1 << 20  # of what brotli unpacks at a time
TOO_LARGE = f"unpacks to more than {MAX_DECODED_BYTES >> 20} MiB"
# What servers write that mean no encoding at all; browsers do not mind.
NO_ENCODINGS = frozenset({"identity", "none", "binary", "8bit", "utf-8", "utf8", "iso-8859-1"})
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
OF_PYTHON_ALONE = frozenset(  # names of codecs that no browser knows as a charset
    "idna punycode unicode_escape raw_unicode_escape utf-7 undefined".split()
)
META_BYTES = 1024  # of a page, within which browsers look for its charset
UNSTATED = "windows-1252"  # what browsers read that is no UTF-8 and names no charset, and what they call Latin-1
_LATIN = frozenset({"iso8859-1", "ascii"})
_META = re.compile(
    rb"<meta[^>]*?charset\s*=\s*[\"']?\s*([^\s\"'/>;]+)|<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)", re.IGNORECASE
)


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


def as_text(content: bytes, content_type: str) -> str:
    """Reads a text as browsers do: in the encoding of its byte order mark, else in the charset that the header names,
    else the one that the page itself names, else in UTF-8 (WHATWG Encoding, section 6; HTML, section 13.2.3)."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    if charset := charset_of(content_type):
        return content.decode(_as_read(charset), errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode(_as_read(_stated(content) or UNSTATED), errors="replace")


def charset_of(content_type: str) -> str:
    """The charset that a header names; empty: none that is known."""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.strip().lower() == "charset":
            return _known(value.strip().strip("\"'"))
    return ""


def _stated(content: bytes) -> str:
    match = _META.search(content[:META_BYTES])
    charset = _known((match[1] or match[2]).decode("latin-1")) if match else ""
    # What can be read before the charset is known is not in UTF-16.
    return "utf-8" if charset and codecs.lookup(charset).name.startswith(("utf-16", "utf-32")) else charset


def _known(charset: str) -> str:
    """The charset, or nothing where it is none that texts come in."""
    try:
        "".encode(charset)
    except (LookupError, ValueError):
        return ""
    return "" if codecs.lookup(charset).name in OF_PYTHON_ALONE else charset


def _as_read(charset: str) -> str:
    return UNSTATED if codecs.lookup(charset).name in _LATIN else charset
