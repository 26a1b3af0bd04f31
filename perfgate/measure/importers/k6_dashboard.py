"""What k6's web dashboard recorded: `K6_WEB_DASHBOARD=true K6_WEB_DASHBOARD_RECORD=FILE k6 run`, or its HTML report,
which has the same events within. A line per event; the newest `cumulative` one has the values of the whole run, to
five digits, in the order of the metrics' names."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from perfgate.measure.importers import k6_summary, summary_reading
from perfgate.measure.importers.refusals import K6_REPORT
from perfgate.measure.importers.samples import BadLines, RecordingSource, Summary, useless

HINT = "Expected: what k6 writes with K6_WEB_DASHBOARD=true and K6_WEB_DASHBOARD_RECORD=FILE (or EXPORT=FILE). " + (
    k6_summary.HINT.partition(" writes. ")[2].partition("; p99")[0] + "."
)
_DATA = re.compile(r'<script id="data"[^>]*\bbase64">([^<]*)</script>')  # of the report: the events by gzip
_GZIP = 16 + zlib.MAX_WBITS


class K6Dashboard:
    """See Importer."""

    latency = "k6 http_req_duration (dashboard): send to last byte, without connecting; failures included"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        is_recording = beginning.startswith(b'{"event":"') and b'"aggregates"' in beginning.partition(b"\n")[0]
        return is_recording or (beginning.lstrip()[:1] == b"<" and K6_REPORT.search(beginning) is not None)

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        recorded = _DashboardEvents()
        try:
            events = _recording(summary_reading.text(source, HINT))
            recorded.add(json.loads(line) for line in events.splitlines() if line.strip())
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, zlib.error) as error:
            raise useless(source, f"not a recording of k6's dashboard: {error}", hint=HINT) from error
        seconds = max(0.0, recorded.times.get("stop", 0.0) - recorded.times.get("start", 0.0))
        began = recorded.times.get("start")
        started = datetime.fromtimestamp(began, UTC) if began else None
        yield k6_summary.summary(source, recorded.values, seconds, started, recorded.crossed)


def _recording(text: str) -> str:
    """The events, which may stand in an HTML report. Raises ValueError and zlib.error."""
    if text.lstrip().startswith("{"):
        return text
    if (found := _DATA.search(text)) is None:
        raise ValueError("there are no data in this report")
    inflate = zlib.decompressobj(_GZIP)
    content = inflate.decompress(base64.b64decode(found[1]), summary_reading.MAX_FILE_BYTES)
    if not inflate.eof:
        raise ValueError("its data are cut off, or too large")
    return content.decode(errors="replace")


@dataclass(kw_only=True)
class _DashboardEvents:
    """What the newest event of each kind says."""

    types: dict[str, str] = field(default_factory=dict)  # by metric
    aggregates: Mapping[str, list[str]] = field(default_factory=dict)  # names of the values, by type
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)  # of "start" and "stop", as Unix time
    crossed: list[str] = field(default_factory=list)

    def add(self, events: Iterable[Any]) -> None:
        for event in events:
            kind, data = event["event"], event["data"]
            if kind == "param":
                self.aggregates = data["aggregates"]
            elif kind == "metric":
                self.types |= {name: about["type"] for name, about in data.items()}
            elif kind == "cumulative":
                named = zip(sorted(self.types), data, strict=True)
                self.values = {
                    name: dict(zip(self.aggregates[self.types[name]], measured, strict=False))
                    for name, measured in named
                }
            elif kind == "threshold":
                self.crossed = [f"{name} {text}" for name, texts in data.items() for text in texts]
            elif kind in ("start", "stop"):
                self.times[kind] = float(data[0][0]) / 1000
