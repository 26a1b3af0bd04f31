"""Artillery's report: `artillery run -o FILE`. Endpoints are those of its plug-in metrics-by-endpoint; without it there
is only the total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: what `artillery run -o FILE` writes; `plugins: {metrics-by-endpoint: {}}` tells endpoints apart."
METRIC_NAMES = {"p50": "p50", "median": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "max": "max", "mean": "mean"}
PLUGIN, TIMES = "plugins.metrics-by-endpoint.", "plugins.metrics-by-endpoint.response_time."


class Artillery:
    """See Importer."""

    latency = "Artillery http.response_time: send to first byte of the answer"
    lacks = summary_reading.LACKS
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.lstrip().startswith(b"{") and b'"aggregate"' in beginning[:4096] and b'"counters"' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        try:
            whole = summary_reading.document(source, HINT)["aggregate"]
            counters, times = whole["counters"], whole["summaries"]
            rows = [
                _endpoint(name.removeprefix(TIMES), times[name], counters) for name in times if name.startswith(TIMES)
            ]
            total = _total(times.get("http.response_time", {"count": 0}), counters)
            rows = rows or ([total] if total.requests else [])
            began, ended = (float(whole.get(name) or 0) / 1000 for name in ("firstMetricAt", "lastMetricAt"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not a report of Artillery 2: {error}", hint=HINT) from error
        yield Summary(
            rows=rows,
            duration=max(0.0, ended - began),
            started=datetime.fromtimestamp(began, UTC) if began else None,
        )


def _endpoint(name: str, times: Mapping[str, Any], counters: Mapping[str, Any]) -> Row:
    codes, errors = f"{PLUGIN}{name}.codes.", f"{PLUGIN}{name}.errors."
    return _row(RequestLabel(name, url=name), times, _counts(counters, codes), _counts(counters, errors))


def _total(times: Mapping[str, Any], counters: Mapping[str, Any]) -> Row:
    return _row(RequestLabel(""), times, _counts(counters, "http.codes."), _counts(counters, "errors."))


def _counts(counters: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): int(number) for name, number in counters.items() if name.startswith(prefix)}


def _row(label: RequestLabel, times: Mapping[str, Any], codes: Mapping[str, int], errors: Mapping[str, int]) -> Row:
    """Requests without an answer are errors; those of a status from 400 on failed, too."""
    answers = sum(codes.values()) or int(times["count"])
    bad = {code: number for code, number in codes.items() if code.isdigit() and int(code) >= 400}
    return Row(
        label=label,
        requests=answers + sum(errors.values()),
        failures=sum(bad.values()) + sum(errors.values()),
        metrics=summary_reading.known(times, METRIC_NAMES),
        examples=(*(f"status: {code}" for code in sorted(bad)), *sorted(errors))[:5],
    )
