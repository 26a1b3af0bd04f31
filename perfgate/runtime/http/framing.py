"""Reads chunked bodies that browsers and curl read although their lines are not as RFC 9112, section 7.1, wants them.

llhttp refuses these. What it refused is written anew for it: sizes and data with the line ends they should have, and
no trailers, which nobody reads here.
"""

from __future__ import annotations

import re

from perfgate.runtime.http.headers import FIELD_NAME

NO_RETURN = "its lines end without a carriage return"
BAD_TRAILER = "it has a trailer that is no header"
MAX_LINE_BYTES = 1 << 16
BAD_EXTENSION = "it has control characters after a chunk's size"
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;.*)?\Z", re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Framing:
    """One chunked body, piece by piece. `is_complete` once its last line has been read, `surplus` is what came after
    that, and `faults` what was wrong with its lines."""

    def __init__(self) -> None:
        self.faults: dict[str, None] = {}
        self.is_complete = False
        self.surplus = b""
        self._line = b""  # not complete yet
        self._left = 0  # bytes of this chunk's data still to come
        self._read_line = self._read_size

    def feed(self, data: bytes) -> bytes:
        """Returns the same part of the body as it should be. From what nobody reads on it is passed on as it is."""
        out: list[bytes] = []
        data, self._line = self._line + data, b""
        start = 0
        while start < len(data) and not self.is_complete:
            if self._left:
                piece = data[start : start + self._left]
                self._left -= len(piece)
                start += len(piece)
                out.append(piece)
                continue
            end = data.find(b"\n", start)
            if end < 0 and len(data) - start < MAX_LINE_BYTES:
                self._line = data[start:]
                return b"".join(out)
            line = self._without_end(data[start:end]) if end >= 0 else data[start:]
            read = self._read_line(line)
            if read is None:
                return b"".join([*out, data[start:]])
            out.append(read)
            start = end + 1
        self.surplus += data[start:]
        return b"".join(out)

    def _without_end(self, line: bytes) -> bytes:
        if line.endswith(b"\r"):
            return line[:-1]
        self.faults[NO_RETURN] = None
        return line

    def _read_size(self, line: bytes) -> bytes | None:
        match = _SIZE.match(line)
        if match is None:
            return None
        if match[2] and _CONTROL.search(match[2]):
            self.faults[BAD_EXTENSION] = None
        self._left = int(match[1], 16)
        self._read_line = self._read_data_end if self._left else self._read_trailer
        return b"%x\r\n" % self._left

    def _read_data_end(self, line: bytes) -> bytes | None:
        self._read_line = self._read_size
        return b"\r\n" if not line else None

    def _read_trailer(self, line: bytes) -> bytes:
        if not line:
            self.is_complete = True
            return b"\r\n"
        name, colon, _ = line.partition(b":")
        if line[:1] not in (b" ", b"\t") and not (colon and FIELD_NAME.match(name)):
            self.faults[BAD_TRAILER] = None
        return b""
