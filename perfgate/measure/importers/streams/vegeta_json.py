"""Vegeta's results as JSON lines: `vegeta encode results.bin`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from perfgate.measure.importers import rows
from perfgate.measure.importers.rows import RecordedRequest
from perfgate.measure.importers.samples import MAX_REQUEST_MS, BadLines, RecordingSource, RequestLabel, SampleBatch
from perfgate.measure.importers.streams import lines

HINT = "Expected: the lines that `vegeta encode --to json results.bin` writes."


class VegetaJson:
    """See Importer."""

    latency = "Vegeta latency: send to last byte"
    lacks = ("runner probe", "health of the load generator", "response sizes", "times to the first byte")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        first = beginning.lstrip().partition(b"\n")[0]
        return first.startswith(b"{") and b'"attack"' in first and b'"latency"' in first

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        return rows.to_batches(lines.objects(source, bad, _request, "not a line of Vegeta"))


def _request(hit: Mapping[str, Any]) -> RecordedRequest:
    """Raises ValueError, KeyError or TypeError when it is none."""
    took, code = float(hit["latency"]) / 1e6, int(hit["code"])
    if not 0 <= took <= MAX_REQUEST_MS or not 0 <= code < 600:
        raise ValueError(f"latency is {hit['latency']}, code is {hit['code']}")
    method, url, error = (str(hit.get(name) or "") for name in ("method", "url", "error"))
    label = RequestLabel(str(hit.get("attack") or "") or url, method, url)
    return RecordedRequest(label, moment(hit["timestamp"]), took, code, timed_out=code == 0 and rows.is_timeout(error))


def moment(text: str) -> float:
    """The Unix time of a text with up to nine decimals of a second."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
