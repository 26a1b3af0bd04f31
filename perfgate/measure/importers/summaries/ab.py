"""What ApacheBench prints. Percentiles are whole milliseconds; the failed requests that it calls "Length" only had
another size than the first answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: what `ab -n 1000 -c 4 URL` prints."
_FIELD = re.compile(r"^([A-Z][\w-]*(?:[ /][\w-]+)*):[ \t]+(\S+)", re.MULTILINE)
_PERCENTILE = re.compile(r"^\s*(\d+)%\s+(\d+)", re.MULTILINE)
_TOTAL = re.compile(r"^Total:\s+(\d+)\s+(\d+)\s+[\d.]+\s+(\d+)\s+(\d+)", re.MULTILINE)
_COMPLETE = re.compile(r"^Complete requests:", re.MULTILINE)
_KINDS = re.compile(r"Connect: (\d+), Receive: (\d+), Length: (\d+), Exceptions: (\d+)")


class ApacheBench:
    """See Importer."""

    latency = "ab total time: connect to last byte, to 1 ms"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return b"This is ApacheBench" in beginning or b"Percentage of the requests served within" in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        text = summary_reading.single(source, _COMPLETE, HINT)
        fields = dict(_FIELD.findall(text))
        total = _TOTAL.search(text)
        try:
            requests = int(fields["Complete requests"])
            duration = float(fields["Time taken for tests"])
            url = f"{fields['Server Hostname']}:{fields['Server Port']}{fields['Document Path']}"
        except (KeyError, ValueError) as error:
            raise useless(source, f"ab's figures are not in it: {error}", hint=HINT) from error
        percentiles = {percent: int(value) for percent, value in _PERCENTILE.findall(text)}
        metrics = summary_reading.metrics_among(percentiles, summary_reading.METRIC_OF)
        if total:
            metrics |= {"mean": int(total[2]) / 1000, "max": int(total[4]) / 1000}
        failed = _failed(text, int(fields.get("Non-2xx responses", 0)))
        scheme = "https" if fields.get("SSL/TLS Protocol") else "http"
        label = RequestLabel(f"{scheme}://{url}", url=f"{scheme}://{url}")
        row = Row(label=label, requests=requests, failures=min(failed, requests), metrics=metrics)
        yield Summary(rows=[row], duration=duration)


def _failed(text: str, other_statuses: int) -> int:
    """Without those of another length: that is no failure where answers differ."""
    kinds = _KINDS.search(text)
    broken = int(kinds[1]) + int(kinds[2]) + int(kinds[4]) if kinds else 0
    return other_statuses + broken
