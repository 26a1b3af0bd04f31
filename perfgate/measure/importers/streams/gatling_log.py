"""Gatling's simulation.log as text (before Gatling 3.12): fields of a line between tabs.

REQUEST lines differ by version before the name and are alike after it: name, start, end (Unix ms), OK or KO, message.
There is no status; Gatling's message tells that of a failed one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.measure.importers import rows
from perfgate.measure.importers.rows import RecordedRequest
from perfgate.measure.importers.samples import (
    BAD,
    GOOD,
    MAX_REQUEST_MS,
    REJECTED,
    SECOND_HEADER,
    BadLines,
    RecordingSource,
    RequestLabel,
    SampleBatch,
)
from perfgate.measure.importers.streams import lines
from perfgate.measure.importers.timeline import settled

HINT = "Expected: the simulation.log that Gatling before 3.12 writes as text."
OTHERS = frozenset({"RUN", "USER", "GROUP", "ASSERTION", "ERROR"})
NO_END = -(1 << 63)  # of a message that came in without one that it answers
_FOUND = re.compile(r"status.*found (\d{3})\b")


class GatlingLog:
    """See Importer."""

    latency = "Gatling response time: send to last byte, with connecting"
    lacks = (
        "runner probe",
        "health of the load generator",
        "response sizes",
        "times to the first byte",
        "statuses of good answers",
    )
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.startswith((b"RUN\t", b"ASSERTION\t", b"USER\t", b"REQUEST\t"))

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        timeline = settled(source, lambda line: request.began if (request := _request(line.decode())) else None)
        has_run = False

        def request(line: str) -> RecordedRequest | None:
            nonlocal has_run
            if (is_run := line.startswith("RUN\t")) and has_run:
                raise ValueError(SECOND_HEADER)
            has_run = has_run or is_run
            return _request(line)

        return rows.to_batches(lines.texts(source, bad, request, "not a line of Gatling", timeline))


def _request(line: str) -> RecordedRequest | None:
    """None for other lines, and for a message that came in without one that it answers. Raises ValueError for what is
    no line of Gatling."""
    kind, *fields = line.rstrip("\r\n").split("\t")
    if kind in OTHERS:
        return None
    if kind != "REQUEST":
        raise ValueError(f"it begins with {kind[:20]!r}")
    at = next((at for at, text in enumerate(fields) if at >= 3 and text in ("OK", "KO")), -1)
    if at < 3:
        raise ValueError("neither OK nor KO")
    name, start, end = fields[at - 3 : at]
    if int(end) == NO_END:
        return None
    took = int(end) - int(start)
    if int(start) <= 0 or not 0 <= took <= MAX_REQUEST_MS:
        raise ValueError(f"from {start} to {end}")
    message = fields[at + 1].strip() if len(fields) > at + 1 else ""
    return RecordedRequest(RequestLabel(name), int(start) / 1000, took, *answer(message, is_good=fields[at] == "OK"))


def answer(message: str, *, is_good: bool) -> tuple[int, int, bool]:
    """Status, what Gatling made of it, and whether it timed out. An exception's message is that of no answer."""
    if is_good:
        return 200, GOOD, False
    if match := _FOUND.search(message):
        return int(match[1]), BAD, False
    if rows.is_timeout(message) or "Exception" in message or "connect" in message.lower():
        return 0, BAD, rows.is_timeout(message)
    return 200, REJECTED, False
