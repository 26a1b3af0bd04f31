"""k6's stream of points, one JSON object a line: `k6 run --out json=FILE`.

Every request has a point of each of its times, all with the moment at which it ended. Latency is k6's
`http_req_duration`: sending, waiting and receiving, without the connection. What `setup()` and `teardown()` sent is
left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from perfgate.measure.importers.k6_outcomes import METRICS, K6Outcomes
from perfgate.measure.importers.samples import (
    ARMS,
    BAD,
    GOOD,
    MAX_REQUEST_MS,
    NO_ARM,
    NOT_SAID,
    BadLines,
    Phase,
    RecordingSource,
    RequestLabel,
    SampleBatch,
    ToolReport,
    mistaken,
    second_header,
)
from perfgate.measure.importers.timeline import settled

MAX_POINTS = 200_000  # held at a time
PHASE_OF_METRIC: Mapping[str, Phase] = {
    "http_req_duration": "",
    "http_req_waiting": "first_byte",
    "http_req_receiving": "download",
    "http_req_connecting": "connect",
    "http_req_tls_handshaking": "tls",
}
NOT_LOAD = ("::setup", "::teardown")  # groups
TIMEOUT = "1050"  # error_code
HINT = "Expected: the lines that `k6 run --out json=FILE` writes. k6's summary has no single requests."
MAX_REMEMBERED_TAGS = 10_000  # different tags
_METRICS = (
    rb'(?:http_req_(?:duration|waiting|receiving|connecting|tls_handshaking)|checks|iterations|dropped_iterations)"'
)
_USUAL_BEGINNING = b'{"metric":"'
_WANTED = re.compile(re.escape(_USUAL_BEGINNING) + _METRICS)
_WANTED_ANYWHERE = re.compile(b'"' + _METRICS)
_USUAL_LINE = re.compile(
    rb'\{"metric":"(\w+)","type":"Point","data":\{"time":"([^"\\]+)","value":([0-9.eE+-]+),"tags":(\{.*\})\}\}\s*$'
)
_METADATA = b'},"metadata":{'  # a trace id, for one: different for each request, and no tag
_DECLARATION = re.compile(rb'\{"(?:metric":"\w+","type|type)":"Metric"')


@dataclass(frozen=True)
class Tags:
    """What a point's tags say."""

    label: RequestLabel
    status: int
    outcomes: int
    timed_out: bool
    arm: int


def _is_wanted(line: bytes) -> bool:
    """Whether the line may be of a metric that counts; most lines of a recording are not."""
    if line.startswith(_USUAL_BEGINNING):
        return _WANTED.match(line) is not None
    return _WANTED_ANYWHERE.search(line) is not None


Point = tuple[str, float, float, Tags]  # metric, when it ended as Unix time, ms, tags


@dataclass
class _Points:
    """Points of one metric, as they come."""

    phase: Phase
    label: list[int] = field(default_factory=list)
    began: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)  # ms
    tags: list[Tags] = field(default_factory=list)

    def samples(self, labels: list[RequestLabel], started: datetime) -> SampleBatch:
        return SampleBatch(
            labels=labels,
            label=np.array(self.label, dtype=np.int64),
            began=np.array(self.began),
            took=np.rint(np.array(self.took) * 1e6).astype(np.int64),
            status=np.array([tags.status for tags in self.tags], dtype=np.int64),
            outcomes=np.array([tags.outcomes for tags in self.tags], dtype=np.int64),
            timed_out=np.array([tags.timed_out for tags in self.tags], dtype=bool),
            arm=np.array([tags.arm for tags in self.tags], dtype=np.int64),
            phase=self.phase,
            started=started,
        )


class K6Stream:
    """See Importer."""

    latency = "k6 http_req_duration: send to last byte, without connecting"
    lacks = ("runner probe", "health of the load generator", "response sizes")
    hint = HINT
    has_hops = True

    def __init__(self, points: int = MAX_POINTS) -> None:
        self._points = points

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.startswith(b'{"') and b'"type":"' in beginning.partition(b"\n")[0] and b'"metric"' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch | ToolReport]:
        outcomes = K6Outcomes()
        yield from to_batches(_points(source, bad, outcomes), self._points)
        yield ToolReport(generator=outcomes.generator, warnings=tuple(outcomes.warnings()))


def to_batches(recorded: Iterable[Point], size: int = MAX_POINTS) -> Iterator[SampleBatch]:
    """Samples of the points. Times count from the beginning of the first request that ended."""
    pending: dict[str, _Points] = {}
    labels: dict[RequestLabel, int] = {}
    origin: float | None = None
    for name, ended, took, tags in recorded:
        if origin is None:
            if name != "http_req_duration":
                continue
            origin = ended - took / 1000
        points = pending.get(name)
        if points is None:
            points = pending[name] = _Points(PHASE_OF_METRIC[name])
        points.label.append(labels.setdefault(tags.label, len(labels)))
        points.began.append(ended - took / 1000 - origin)
        points.took.append(took)
        points.tags.append(tags)
        if len(points.label) == size:
            yield pending.pop(name).samples(list(labels), datetime.fromtimestamp(origin, UTC))
    for points in pending.values():
        yield points.samples(list(labels), datetime.fromtimestamp(origin or 0.0, UTC))


def _points(source: RecordingSource, bad: BadLines, outcomes: K6Outcomes) -> Iterator[Point]:
    """(metric, when it ended as Unix time, how many ms it took, tags) of each point that matters."""
    known: dict[bytes, Tags | None] = {}
    declared: set[bytes] = set()
    timeline = settled(source, lambda line: point[1] if (point := _point(line, {}, K6Outcomes())) else None)
    with source.opened() as stream:
        number = 0
        for number, line in enumerate(stream, start=1):
            if number > 1 and not _is_wanted(line):
                continue
            if _DECLARATION.match(line):  # k6 declares each metric once
                if line in declared:
                    raise second_header(source, number)
                declared.add(line)
            try:
                point = _point(line, known, outcomes)
                if point is not None:
                    timeline.check(point[1])
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                cut = "" if line.endswith(b"\n") else " (the file is cut off there)"
                what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
                bad.add(number, f"not a line of k6: {what}{cut}")
                continue
            if point is not None:
                yield point
        bad.lines += number
        if not number:
            raise mistaken(source, [(1, "the file is empty")], hint=HINT)


def _point(line: bytes, known: dict[bytes, Tags | None], outcomes: K6Outcomes) -> Point | None:
    """None for what is no request. Raises ValueError and its like when the line is not k6's."""
    metric, time, value, text = _parts(line)
    if metric in METRICS:
        outcomes.add(metric, float(value), json.loads(text))
    if metric not in PHASE_OF_METRIC:
        return None
    if text not in known:
        if len(known) >= MAX_REMEMBERED_TAGS:
            known.clear()
        known[text] = tags_of(json.loads(text))
    tags, took = known[text], float(value)
    if not 0 <= took <= MAX_REQUEST_MS:
        raise ValueError(f"{metric} is {took} ms")
    return None if tags is None else (metric, datetime.fromisoformat(time).timestamp(), took, tags)


def _parts(line: bytes) -> tuple[str, str, float, bytes]:
    """Metric, time, value and tags of a point; as k6 writes it, without the trouble of parsing the whole line."""
    match = _USUAL_LINE.match(line)
    if match:
        tags, has_metadata, _ = match[4].partition(_METADATA)
        return match[1].decode(), match[2].decode(), float(match[3]), tags + b"}" * bool(has_metadata)
    whole = json.loads(line)
    if whole["type"] == "Metric":
        return "", "", 0.0, b""
    if whole["type"] != "Point":
        raise ValueError(f"type {whole['type']!r:.40}")
    data = whole["data"]
    return whole["metric"], data["time"], data["value"], json.dumps(data.get("tags") or {}).encode()


def tags_of(tags: Mapping[str, str]) -> Tags | None:
    """None for what is no load."""
    if not all(isinstance(value, str) for value in tags.values()):
        raise ValueError("tags are texts")
    if tags.get("group", "").startswith(NOT_LOAD):
        return None
    lacking = "status" if "status" not in tags else "" if tags.get("name") or tags.get("url") else "name"
    if lacking:
        raise ValueError(f"a request without the tag {lacking}: k6 needs it among its `systemTags`")
    return Tags(
        label=RequestLabel(name=tags.get("name", ""), method=tags.get("method", ""), url=tags.get("url", "")),
        status=int(tags["status"]),
        outcomes={"true": GOOD, "false": BAD}.get(tags.get("expected_response", ""), NOT_SAID),
        timed_out=tags.get("error_code") == TIMEOUT,
        arm=ARMS.get(tags.get("arm", "").lower(), NO_ARM),
    )
