"""Headers: the field lines of one answer, by the rules of RFC 9110, sections 5.1 to 5.3.

Names are the same in any case. Lines of one name are one value, joined by commas, in the order they came. Trailers are
no part of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

INTERIM = b"1"  # the first digit of the status of an answer that another one follows

FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class Headers(Mapping[str, str]):
    """Reads names in any case; iterates over them in lower case."""

    def __init__(self, head: bytes) -> None:
        """`head` is a status line and field lines, as they came; what follows the empty line is not looked at."""
        self._lines: dict[str, list[bytes]] = {}
        for line in final_head(head).split(b"\r\n")[1:]:
            name, colon, value = line.partition(b":")
            if colon:
                self._lines.setdefault(name.decode("latin-1").lower(), []).append(value.strip(b" \t"))

    def __getitem__(self, name: str) -> str:
        """Raises KeyError when there is no such line."""
        lines = self._lines[name.lower()]
        return text_of(lines[0] if len(lines) == 1 else b", ".join(lines))

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def all(self, name: str) -> list[str]:
        """The value of each line of this name: for `Set-Cookie`, which must not be joined."""
        return [text_of(line) for line in self.raw(name)]

    def raw(self, name: str) -> list[bytes]:
        """The bytes of each line's value."""
        return self._lines.get(name.lower(), [])


def final_head(data: bytes) -> bytes:
    """The last head at the beginning of `data`, without its empty line: interim answers come before the real one."""
    start, end = final_head_span(data)
    return data[start:end]


def final_head_span(data: bytes) -> tuple[int, int]:
    """Where `final_head` begins and ends."""
    start = 0
    while True:
        while data.startswith(b"\r\n", start):
            start += 2
        end = data.find(b"\r\n\r\n", start)
        if end < 0:
            return start, len(data)
        if data[start + 9 : start + 10] != INTERIM:
            return start, end
        start = end + 4


def coding_fault(head: bytes) -> str:
    """What is wrong with the transfer coding of a chunked answer; empty: nothing. Chunked once is all that a client
    which names no other may be sent (RFC 9112, section 6.1); what another reader makes of more is how answers are
    smuggled past a proxy."""
    coding = Headers(head).get("transfer-encoding", "")
    return "" if coding.strip().lower() == "chunked" else f"its Transfer-Encoding is {coding[:40]!r}, not chunked once"


def is_chunked(headers: Headers) -> bool:
    return "chunked" in headers.get("transfer-encoding", "").lower()


def text_of(value: bytes) -> str:
    """UTF-8, which is what servers send beyond ASCII; what is none is Latin-1 (RFC 9110, section 5.5)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
