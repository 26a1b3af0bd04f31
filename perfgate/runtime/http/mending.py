"""Reads heads of answers that browsers and curl read although they are not as RFC 9112 wants them.

llhttp refuses these, and should: a proxy must not guess. A load test measures what visitors get: they get an answer.
This costs nothing where llhttp has not refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from perfgate.runtime.http.headers import FIELD_NAME, INTERIM

BEGINNING = b"HTTP/1."
MAX_HEAD_BYTES = 1 << 18
_END = re.compile(rb"\r?\n\r?\n")
_NEWLINE = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"[ \t]*\r?\n[ \t]+")
_STATUS_LINE = re.compile(rb"HTTP/1\.(\d)[ \t]+(\d{3})(?![^ \t])", re.IGNORECASE)
_NUMBER = re.compile(rb"\+?[0-9]+\Z")
_CONTROL = re.compile(rb"[\x01-\x08\x0b-\x1f\x7f]")


class Mended(NamedTuple):
    """An answer as llhttp reads it, what was wrong with it, and how long its heads are."""

    data: bytes
    faults: tuple[str, ...]
    head_bytes: int = 0


def is_possible_beginning(data: bytes) -> bool:
    """Whether an answer may begin like this."""
    return data[: len(BEGINNING)].upper() == BEGINNING[: len(data)] and len(data) <= MAX_HEAD_BYTES


def mended(data: bytes) -> Mended | None:
    """`data` from the first byte of an answer; None while its head is not complete. Without faults where nothing can
    be done."""
    heads: list[bytes] = []
    faults: dict[str, None] = {}
    rest = data.lstrip(b"\r\n")
    while True:
        end = _END.search(rest)
        if end is None:
            return None
        head = _head(rest[: end.start()], faults)
        if b"\n" in end[0].replace(b"\r\n", b""):
            faults["its lines end without a carriage return"] = None
        if head is None:
            return Mended(data, ())
        heads.append(head)
        rest = rest[end.end() :]
        if head[9:10] != INTERIM or head[9:12] == b"101":
            whole = b"".join(heads)
            return Mended(whole + rest, tuple(faults), len(whole))


def _head(text: bytes, faults: dict[str, None]) -> bytes | None:
    """One head as it should be; None when it means nothing, or two things at once."""
    if b"\0" in text:
        return None
    if b"\n" in text.replace(b"\r\n", b""):
        faults["its lines end without a carriage return"] = None
    first, _, block = text.partition(b"\n")
    unfolded = _FOLD.sub(b" ", block)
    if unfolded != block:
        faults["it folds header lines"] = None
    lines = [_status_line(first.rstrip(b"\r"), faults)]
    lengths: list[bytes] = []
    chunked = False
    for line in _NEWLINE.split(unfolded) if unfolded else ():
        name, colon, value = line.partition(b":")
        if not colon:
            faults["it has a line that is no header"] = None
            continue
        if name != name.rstrip(b" \t"):
            faults["it has a space before a colon"] = None
            name = name.rstrip(b" \t")
        if not FIELD_NAME.match(name):
            faults["it has a header whose name is none"] = None
            continue
        if _CONTROL.search(value):
            faults["it has control characters in a header"] = None
            value = _CONTROL.sub(b"", value)
        if name.lower() == b"content-length":
            lengths += value.split(b",")
            continue
        if name.lower() == b"transfer-encoding":
            if value.strip(b" \t").lower() == b"identity":
                faults["it has the Transfer-Encoding identity"] = None
                continue
            chunked = True
        lines.append(name + b":" + value)
    length = _length([part.strip(b" \t") for part in lengths], chunked, faults)
    if length is None:
        return None
    return b"\r\n".join([*lines, *length, b"", b""])


def _status_line(line: bytes, faults: dict[str, None]) -> bytes:
    match = _STATUS_LINE.match(line)
    if match is None:
        return line
    minor = match[1] if match[1] in b"01" else b"1"
    mended_line = b"HTTP/1.%b %b%b" % (minor, match[2], line[match.end() :])
    if mended_line != line:
        faults["its status line is not as it should be"] = None
    return mended_line


def _length(lengths: list[bytes], chunked: bool, faults: dict[str, None]) -> list[bytes] | None:
    """The line that says how long the body is, if any (RFC 9112, section 6.3); None when that is not clear."""
    if not lengths:
        return []
    if chunked:  # it counts, whatever the length says
        faults["it has both Content-Length and Transfer-Encoding"] = None
        return []
    if len(set(lengths)) != 1:
        return None
    if len(lengths) > 1:
        faults["it has Content-Length more than once"] = None
    if not _NUMBER.match(lengths[0]):  # the body ends with the connection
        faults["its Content-Length is no number"] = None
        return []
    if not lengths[0].isdigit():
        faults["its Content-Length has a sign"] = None
    return [b"Content-Length: " + lengths[0].lstrip(b"+")]
