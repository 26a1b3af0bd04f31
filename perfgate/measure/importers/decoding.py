"""Bytes of a file -> what was written into it: unpacked, whatever its name, and UTF-8 of UTF-16, which Windows
PowerShell writes for `hey URL > hey.txt`."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)  # of a packed file that is broken
PART_BYTES = 1 << 20  # bytes
_PACKED: Mapping[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def decoded(file: BufferedReader) -> BinaryIO:
    """What was written into a file, from its beginning on. Raises OSError and those of DAMAGED, later too."""
    beginning = file.peek(8)
    unpack = next((opener for mark, opener in _PACKED.items() if beginning.startswith(mark)), None)
    plain = BufferedReader(unpack(file, "rb")) if unpack else file
    encoding = _BYTE_ORDER_MARKS.get(plain.peek(2)[:2])
    return BufferedReader(_Utf8(plain, encoding)) if encoding else plain


class _Utf8(RawIOBase):
    """The text of a stream in another encoding, without its mark. What is not of that encoding is replaced."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream, self._rest = stream, b""
        self._decoder = getincrementaldecoder(encoding)("replace")
        stream.read(2)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            part = self._stream.read(PART_BYTES)
            self._rest = self._decoder.decode(part, final=not part).encode(errors="replace")
            if not part:
                break
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
