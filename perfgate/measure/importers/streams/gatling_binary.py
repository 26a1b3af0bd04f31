"""Gatling's simulation.log since 3.12, which is binary: records one after the other, each with its kind before it.

    run      version, class, start (ms since 1970, 8 bytes), description, scenarios, assertions
    request  groups, name, start and end (ms since the run's), whether it is good, message
    user     scenario, whether one begins, when
    group    groups, start, end, time of its requests, whether it is good
    error    message, when

Numbers are big-endian. A text has its length, its bytes and how they are encoded. In records it has a number, by which
it is known from then on. The first binary logs had UTF-8 without either (Gatling: LogFileDataWriter, LogFileReader).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from perfgate.measure.importers import rows
from perfgate.measure.importers.rows import RecordedRequest
from perfgate.measure.importers.samples import (
    MAX_REQUEST_MS,
    BadLines,
    RecordingSource,
    RequestLabel,
    SampleBatch,
    mistaken,
    second_header,
)
from perfgate.measure.importers.streams import gatling_log
from perfgate.measure.importers.timeline import RowTimes

HINT = "Expected: the simulation.log of Gatling 3.12 or newer, or js/stats.json from the folder of its HTML report."
RUN, REQUEST, USER, GROUP, ERROR = range(5)
MAX_TEXT_BYTES = 1 << 24  # bytes
MAX_ITEMS = 100_000  # scenarios, assertions, groups
USER_BYTES, TIMES_BYTES = 9, 9
WRAP = 1 << 32  # of a time of 4 bytes


class GatlingBinary:
    """See Importer."""

    latency = "Gatling response time (binary log): send to last byte, with connecting"
    lacks = gatling_log.GatlingLog.lacks
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        length = int.from_bytes(beginning[1:5], "big")
        return beginning[:1] == b"\0" and 3 <= length < 64 and beginning[5:6].isdigit() and beginning[6:7] == b"."

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        with source.opened() as stream:
            yield from rows.to_batches(_requests(stream, bad))


class _CutOffError(ValueError):
    """The file ends within a record."""


def _requests(stream: BinaryIO, bad: BadLines) -> Iterator[RecordedRequest]:
    """Raises UsageError for what is no record: nothing after it could be read."""
    log, timeline = _Log(stream), RowTimes()
    while kind := stream.read(1):
        bad.lines += 1
        try:
            if kind[0] == RUN and log.started:
                raise second_header(bad.source, bad.lines)
            request = log.record(kind[0])
        except _CutOffError:
            bad.add(bad.lines, "a record of Gatling is not whole (the file is cut off there)")
            return
        except (ValueError, KeyError) as error:
            what = f"no text has the number {error}" if isinstance(error, KeyError) else str(error)
            raise mistaken(bad.source, [(bad.lines, f"not a record of Gatling: {what}")], hint=HINT) from error
        if request is None:
            continue
        try:
            if not 0 <= request.took <= MAX_REQUEST_MS:
                raise ValueError(f"a request of {request.took:.0f} ms")
            timeline.check(request.began)
        except ValueError as error:
            bad.add(bad.lines, f"not a record of Gatling: {error}")
            continue
        yield request


class _Log:
    """The records of a log. `started` is when its run began, in ms since 1970; 0 before its first record."""

    def __init__(self, stream: BinaryIO) -> None:
        self.started = 0
        self._stream = stream
        self._has_encodings = True
        self._texts: dict[int, str] = {}

    def record(self, kind: int) -> RecordedRequest | None:
        """The request that the next record is, if it is one. Raises ValueError or KeyError."""
        if kind == RUN:
            self._run()
            return None
        if not self.started:
            raise ValueError("the first record is not that of a run")
        if kind == REQUEST:
            return self._request()
        if kind == USER:
            self._take(USER_BYTES)
        elif kind == GROUP:
            self._known_texts()
            self._take(TIMES_BYTES + 4)
        elif kind == ERROR:
            self._known_text()
            self._take(4)
        else:
            raise ValueError(f"its kind is {kind}")
        return None

    def _run(self) -> None:
        self._take(self._length())  # the version
        following = self._take(4)
        self._has_encodings = following[3] == 0  # else that is the length of the next text
        class_bytes = int.from_bytes(following[1:] + self._take(1) if self._has_encodings else following, "big")
        self._take(class_bytes + self._has_encodings)
        (self.started,) = struct.unpack(">q", self._take(8))
        self._text()
        for _ in range(self._number(MAX_ITEMS)):
            self._text()
        for _ in range(self._number(MAX_ITEMS)):
            self._take(self._length())

    def _request(self) -> RecordedRequest | None:
        """None for a message that came in without one that it answers: it has no end."""
        self._known_texts()
        name = self._known_text()
        start, end, is_good = struct.unpack(">ii?", self._take(TIMES_BYTES))
        status, outcomes, timed_out = gatling_log.answer(self._known_text().strip(), is_good=is_good)
        if (end - gatling_log.NO_END + self.started) % WRAP == 0:
            return None
        began = (self.started + start) / 1000
        return RecordedRequest(RequestLabel(name), began, end - start, status, outcomes, timed_out)

    def _known_texts(self) -> None:
        for _ in range(self._number(MAX_ITEMS)):
            self._known_text()

    def _known_text(self) -> str:
        if not self._has_encodings:
            return self._text()
        (number,) = struct.unpack(">i", self._take(4))
        if number < 0:
            return self._texts[-number]
        text = self._texts[number] = self._text()
        return text

    def _text(self) -> str:
        """On one line, as Gatling has it in its reports."""
        length = self._length()
        content = self._take(length)
        encoding = "utf-8"
        if self._has_encodings and length:
            encoding = "utf-16-le" if self._take(1)[0] else "latin-1"
        return " ".join(content.decode(encoding, "replace").splitlines()).replace("\t", " ")

    def _length(self) -> int:
        return self._number(MAX_TEXT_BYTES)

    def _number(self, most: int) -> int:
        (number,) = struct.unpack(">i", self._take(4))
        if not 0 <= number <= most:
            raise ValueError(f"a length or number of {number}")
        return int(number)

    def _take(self, length: int) -> bytes:
        content = self._stream.read(length)
        if len(content) < length:
            raise _CutOffError
        return content
