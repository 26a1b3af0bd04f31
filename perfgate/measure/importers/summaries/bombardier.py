"""What bombardier prints with `--latencies`, and its JSON: `bombardier --latencies --format json URL`. Without
`--print result` an introduction and a progress bar stand before that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: what `bombardier --latencies URL` prints, with `--format json` or without."
METRIC_NAMES = {"mean": "mean", "max": "max"}
_DOCUMENT = re.compile(r'^\s*\{(?=.*"req2xx")', re.MULTILINE | re.DOTALL)
_URL = re.compile(r"^Bombarding (\S+)", re.MULTILINE)
_DURATION = re.compile(r"^Bombarding \S+ for (\S+) using", re.MULTILINE)
_PART = re.compile(summary_reading.TIME.removesuffix(r"\b"))  # of Go's "1m30s"
_LATENCY = re.compile(
    rf"^\s*Latency\s+{summary_reading.TIME}\s+{summary_reading.TIME}\s+{summary_reading.TIME}", re.MULTILINE
)
_PERCENTILE = re.compile(rf"^\s*(\d+)%\s+{summary_reading.TIME}", re.MULTILINE)
_CODES = re.compile(r"1xx - (\d+), 2xx - (\d+), 3xx - (\d+), 4xx - (\d+), 5xx - (\d+)\s+others - (\d+)")


class Bombardier:
    """See Importer."""

    latency = "bombardier latency: send to last byte, failures included"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        is_printed = b"Bombarding " in beginning
        if b'"req2xx"' in beginning:
            return is_printed or beginning.lstrip().startswith(b"{")
        return is_printed and b"HTTP codes:" in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        text = summary_reading.single(source, _URL, HINT)
        try:
            document = _DOCUMENT.search(text)
            yield _document(json.loads(text[document.start() :])) if document else _printed(text)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise useless(source, f"bombardier's figures are not in it: {error}", hint=HINT) from error


def _document(whole: Mapping[str, Any]) -> Summary:
    spec, result = whole.get("spec") or {}, whole["result"]
    counts = [int(result[name]) for name in ("req1xx", "req2xx", "req3xx", "req4xx", "req5xx", "others")]
    latency = result["latency"]
    metrics = summary_reading.metrics_among(latency, METRIC_NAMES, 1e-6)
    metrics |= summary_reading.metrics_among(latency.get("percentiles") or {}, summary_reading.METRIC_OF, 1e-6)
    url = str(spec.get("url", ""))
    row = _row(RequestLabel(url, str(spec.get("method", "")), url), counts, metrics)
    return Summary(rows=[row], duration=float(result["timeTakenSeconds"]))


def _printed(text: str) -> Summary:
    url, latency, codes = _URL.search(text), _LATENCY.search(text), _CODES.search(text)
    if not url or not latency or not codes:
        raise ValueError("no statistics")
    metrics = {
        "mean": summary_reading.seconds(latency[1], latency[2]),
        "max": summary_reading.seconds(latency[5], latency[6]),
    }
    for percent, number, unit in _PERCENTILE.findall(text.partition("HTTP codes:")[0].partition("(2xx)")[0]):
        if name := summary_reading.percentile_name(percent):
            metrics[name] = summary_reading.seconds(number, unit)
    match = _DURATION.search(text)
    row = _row(RequestLabel(url[1], url=url[1]), [int(number) for number in codes.groups()], metrics)
    parts = _PART.findall(match[1]) if match else []
    return Summary(rows=[row], duration=sum(summary_reading.seconds(number, unit) for number, unit in parts))


def _row(label: RequestLabel, counts: list[int], metrics: Mapping[str, float]) -> Row:
    return Row(label=label, requests=sum(counts), failures=sum(counts[3:]), metrics=metrics)
