"""What oha prints, and its JSON: `oha --no-tui --output-format json URL` (`-j` of older versions). It tells no
address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless
from perfgate.measure.importers.summaries import hey

HINT = "Expected: what `oha --no-tui --output-format json URL` writes, or what `oha --no-tui URL` prints."
METRIC_NAMES = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}
_TOTAL = re.compile(r"^\s*Total:\s", re.MULTILINE)
STOPPED = "aborted due to deadline"  # under way when the time was up: neither good nor bad


class Oha:
    """See Importer."""

    latency = "oha response time: connect to last byte"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        is_text = b"Success rate:" in beginning and b"Slowest:" in beginning
        return is_text or (beginning.lstrip().startswith(b"{") and b'"latencyPercentiles"' in beginning)

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        text = summary_reading.single(source, _TOTAL, HINT)
        summary = _document(source) if text.lstrip().startswith("{") else hey.printed(text)
        if not summary:
            raise useless(source, "oha's figures are not in it", hint=HINT)
        yield summary


def _document(source: RecordingSource) -> Summary:
    try:
        whole = summary_reading.document(source, HINT)
        total = whole["summary"]
        codes = {str(code): int(number) for code, number in whole["statusCodeDistribution"].items()}
        row = _row(whole, total, codes)
        return Summary(rows=[row], duration=float(total["total"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise useless(source, f"not a result of oha: {error}", hint=HINT) from error


def _row(whole: Mapping[str, Any], total: Mapping[str, Any], codes: Mapping[str, int]) -> Row:
    errors = {what: int(number) for what, number in (whole.get("errorDistribution") or {}).items() if what != STOPPED}
    bad = {code: number for code, number in codes.items() if int(code) >= 400}
    metrics = summary_reading.metrics_among(whole["latencyPercentiles"], METRIC_NAMES, 1.0)
    metrics |= summary_reading.metrics_among(total, {"slowest": "max", "average": "mean"}, 1.0)
    return Row(
        label=RequestLabel(""),
        requests=sum(codes.values()) + sum(errors.values()),
        failures=sum(bad.values()) + sum(errors.values()),
        metrics=metrics,
        examples=(*(f"status: {code}" for code in sorted(bad)), *sorted(errors))[:5],
    )
