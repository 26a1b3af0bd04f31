"""JMeter's results as XML: `<httpSample t="12" lt="11" ct="1" ts="1767600000000" s="true" lb="search" rc="200" .../>`.

Samples within samples (redirects, embedded resources) are parts of the outer one; those within a transaction, which
"Generate parent sample" puts around them, are requests of their own. The transaction itself may be a journey.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from xml.parsers import expat

from perfgate.measure.importers import rows
from perfgate.measure.importers.rows import RecordedRequest
from perfgate.measure.importers.samples import (
    BAD,
    GOOD,
    MAX_REQUEST_MS,
    REJECTED,
    BadLines,
    RecordingSource,
    RequestLabel,
    SampleBatch,
    mistaken,
)
from perfgate.measure.importers.timeline import RowTimes, settled

HINT = "Expected: what JMeter writes with jmeter.save.saveservice.output_format=xml."
PART_BYTES = 1 << 20  # bytes
SAMPLES = frozenset({"sample", "httpSample"})
TRANSACTION = "Number of samples in transaction"  # how the message of a transaction controller begins
MAX_REFERENCE_BYTES = 12  # of a character written as a number
_BEGAN = re.compile(rb"<(?:httpSample|sample)\b[^<>]*?\bts=\"(\d+)\"")
# Characters that XML 1.0 cannot have. JMeter writes them where an answer or a message has them.
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\r")
_WITHOUT_CONTROL = bytes.maketrans(_CONTROL, b"?" * len(_CONTROL))
_REFERENCE = re.compile(rb"&#(x0*([0-8bcef]|1[0-9a-f])|0*([0-8]|1[124-9]|2[0-9]|3[01]));", re.IGNORECASE)


class JMeterXml:
    """See Importer."""

    latency = "JMeter elapsed (XML): connect to last byte"
    lacks = ("runner probe", "health of the load generator", "response sizes")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        start = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
        return start.startswith(b"<") and b"<testResults" in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        timeline = settled(source, lambda line: float(_BEGAN.findall(line)[0]) / 1000)
        with source.opened() as stream:
            yield from rows.to_batches(_requests(stream, bad, timeline))


def _requests(stream: BinaryIO, bad: BadLines, timeline: RowTimes) -> Iterator[RecordedRequest]:
    """Entities are not expanded: a file that declares some is refused where they stand. Raises UsageError for what is
    not XML in the middle; where JMeter was killed, only the end is missing, and that is told."""
    reader = _XmlReader(bad, timeline)
    for part in _legal(stream):
        reader.feed(part)
        yield from reader.taken()
    reader.end()
    yield from reader.taken()
    bad.lines += reader.parser.CurrentLineNumber


def _legal(stream: BinaryIO) -> Iterator[bytes]:
    """The file in parts, with `?` for each character that XML cannot have."""
    rest = b""
    while part := stream.read(PART_BYTES):
        text = rest + part.translate(_WITHOUT_CONTROL)
        begun = text.rfind(b"&", max(0, len(text) - MAX_REFERENCE_BYTES))
        end = len(text) if begun < 0 else begun
        rest = text[end:]
        yield _REFERENCE.sub(b"?", text[:end])
    yield _REFERENCE.sub(b"?", rest)


class _XmlReader:
    def __init__(self, bad: BadLines, timeline: RowTimes) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse
        self._bad = bad
        self._timeline = timeline
        self._found: list[RecordedRequest] = []
        self._open: list[bool] = []  # per sample that is open, whether it is a transaction

    def feed(self, part: bytes) -> None:
        """Raises UsageError when this is not XML: nothing after it could be read."""
        try:
            self.parser.Parse(part, False)
        except (expat.ExpatError, ValueError, LookupError) as error:
            line = self.parser.CurrentLineNumber
            raise mistaken(self._bad.source, [(line, f"not XML from here on: {error}")], hint=HINT) from error

    def end(self) -> None:
        try:
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            self._bad.add(self.parser.CurrentLineNumber, f"it is cut off: {error}")

    def taken(self) -> list[RecordedRequest]:
        complete, self._found = self._found, []
        return complete

    def _refuse(self, *_: object) -> None:
        raise ValueError("it declares entities")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name not in SAMPLES:
            return
        is_request = all(self._open)
        self._open.append(attributes.get("rm", "").startswith(TRANSACTION))
        if not is_request:
            return
        try:
            request = _request(attributes, is_transaction=self._open[-1])
            self._timeline.check(request.began)
            self._found.append(request)
        except (ValueError, KeyError) as error:
            what = f"the attribute {error} is missing" if isinstance(error, KeyError) else str(error)
            self._bad.add(self.parser.CurrentLineNumber, f"not a sample of JMeter: {what}")

    def _end(self, name: str) -> None:
        if name in SAMPLES:
            self._open.pop()


def _request(of: Mapping[str, str], *, is_transaction: bool) -> RecordedRequest:
    took, began, code = float(of["t"]), float(of["ts"]) / 1000, of.get("rc", "").strip()
    if not 0 <= took <= MAX_REQUEST_MS:
        raise ValueError(f"t is {of['t']}; milliseconds expected")
    if of["s"] not in ("true", "false"):
        raise ValueError(f"s is {of['s'][:40]!r}; true or false expected")
    is_good = of["s"] == "true"
    status = int(code) if code.isdigit() and 100 <= int(code) < 600 else 200 if is_good else 0
    outcomes = GOOD if is_good else REJECTED if 0 < status < 400 else BAD
    first, connect = (float(of[name]) if name in of else None for name in ("lt", "ct"))
    if not all(part is None or 0 <= part <= MAX_REQUEST_MS for part in (first, connect)):
        raise ValueError(f"lt is {of.get('lt')}, ct is {of.get('ct')}")
    return RecordedRequest(
        RequestLabel(of["lb"], is_transaction=is_transaction),
        began,
        took,
        status,
        outcomes,
        not is_good and rows.is_timeout(code),
        first,
        connect,
    )
