"""What hey prints. It tells no address."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: what `hey URL` prints; `hey -o csv URL` keeps single requests, which is better."
_LINE = re.compile(rf"^\s*(Total|Slowest|Average):\s+{summary_reading.TIME}", re.MULTILINE)
_PERCENTILE = re.compile(rf"^\s*([\d.]+)%+ in {summary_reading.TIME}", re.MULTILINE)
_STATUS = re.compile(r"^\s*\[(\d{3})\]\s+(\d+) responses", re.MULTILINE)
_ERROR = re.compile(r"^\s*\[(\d+)\]\s+(.+)$", re.MULTILINE)
_SOME_STATUSES = re.compile(r"^Response time \w+ \(", re.MULTILINE)  # oha's --stats-success-breakdown
_TOTAL = re.compile(r"^\s*Total:\s", re.MULTILINE)
NAMES = {"Slowest": "max", "Average": "mean"}


class Hey:
    """See Importer."""

    latency = "hey response time (printed): connect to last byte"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return (
            b"Response time histogram:" in beginning
            and b"Latency distribution:" in beginning
            and b"DNS+dialup" in beginning
            and b"Success rate" not in beginning
        )

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        summary = printed(summary_reading.single(source, _TOTAL, HINT))
        if not summary:
            raise useless(source, "hey's figures are not in it", hint=HINT)
        yield summary


def printed(text: str) -> Summary | None:
    """What hey, and oha after its model, print. None where there are no figures."""
    lines = {name: summary_reading.seconds(number, unit) for name, number, unit in _LINE.findall(text)}
    metrics = {NAMES[name]: value for name, value in lines.items() if name in NAMES}
    for percent, number, unit in _PERCENTILE.findall(_SOME_STATUSES.split(text)[0]):
        if name := summary_reading.percentile_name(percent):
            metrics[name] = summary_reading.seconds(number, unit)
    statuses, _, errors = text.partition("Status code distribution:")[2].partition("Error distribution:")
    codes = {code: int(number) for code, number in _STATUS.findall(statuses)}
    broken = [(int(number), what.strip()) for number, what in _ERROR.findall(errors) if "responses" not in what]
    lost = sum(number for number, what in broken if "aborted due to deadline" not in what)
    bad = {code: number for code, number in codes.items() if int(code) >= 400}
    if not (lost or (codes and any(name in metrics for name in summary_reading.METRIC_OF.values()))):
        return None
    metrics = metrics if codes else {}  # nothing was answered: its times are zeros
    row = Row(
        label=RequestLabel(""),
        requests=sum(codes.values()) + lost,
        failures=sum(bad.values()) + lost,
        metrics=metrics,
        examples=(*(f"status: {code}" for code in sorted(bad)), *(what[:100] for _, what in broken))[:5],
    )
    return Summary(rows=[row], duration=lines.get("Total", 0.0))
