"""What wrk and wrk2 print. Percentiles need `--latency`; p95 is only in wrk2's detailed percentile spectrum."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: what `wrk --latency URL` prints (wrk2: `wrk --latency -R RATE URL`, whose spectrum has p95)."
_URL = re.compile(r"^Running .+ test @ (\S+)", re.MULTILINE)
_TOTAL = re.compile(r"^\s*(\d+) requests in " + summary_reading.TIME, re.MULTILINE)
_LATENCY = re.compile(
    rf"^\s*Latency\s+{summary_reading.TIME}\s+{summary_reading.TIME}\s+{summary_reading.TIME}", re.MULTILINE
)
_PERCENTILE = re.compile(rf"^\s*([\d.]+)%\s+{summary_reading.TIME}\s*$", re.MULTILINE)
_SPECTRUM = re.compile(r"^\s*([\d.]+)\s+(0\.\d+|1\.0+)\s+(\d+)\s+[\d.inf]+\s*$", re.MULTILINE)
_STATUS = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_SOCKETS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


class Wrk:
    """See Importer."""

    latency = "wrk latency: send to last byte, failures included (wrk2: from the due time)"
    lacks = (*summary_reading.LACKS, "p95 (only wrk2's detailed spectrum has it)")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return (
            re.search(rb"^Running .+ test @ ", beginning[:2000], re.MULTILINE) is not None
            and b"threads and" in beginning
        )

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        text = summary_reading.single(source, _URL, HINT)
        url, total, latency = _URL.search(text), _TOTAL.search(text), _LATENCY.search(text)
        if not url or not total or not latency:
            raise useless(source, "wrk's totals are not in it: it may have been stopped", hint=HINT)
        percentiles = _percentiles(text)
        if not percentiles:
            raise useless(source, "no percentiles in it", hint="Run wrk with --latency.")
        sockets = sum(int(number) for number in match.groups()) if (match := _SOCKETS.search(text)) else 0
        statuses = int(match[1]) if (match := _STATUS.search(text)) else 0
        metrics = {
            "mean": summary_reading.seconds(latency[1], latency[2]),
            "max": summary_reading.seconds(latency[5], latency[6]),
        }
        row = Row(
            label=RequestLabel(url[1], url=url[1]),
            requests=int(total[1]) + sockets,
            failures=statuses + sockets,
            metrics=metrics | percentiles,
            examples=("a status other than 2xx and 3xx",) * bool(statuses) + ("socket errors",) * bool(sockets),
        )
        yield Summary(rows=[row], duration=summary_reading.seconds(total[2], total[3]))


def _percentiles(text: str) -> dict[str, float]:
    """What is printed with units, else wrk2's spectrum in ms at or just above the percentile."""
    metrics: dict[str, float] = {}
    for percent, number, unit in _PERCENTILE.findall(text):
        if name := summary_reading.percentile_name(percent):
            metrics.setdefault(name, summary_reading.seconds(number, unit))
    spectrum = [(float(share), float(value) / 1000) for value, share, _ in _SPECTRUM.findall(text)]
    for percent, name in summary_reading.METRIC_OF.items():
        value = next((value for share, value in spectrum if share >= int(percent) / 100 - 1e-9), None)
        if value is not None:
            metrics.setdefault(name, value)
    return metrics
