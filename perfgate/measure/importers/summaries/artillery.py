"""Artillery's report: `artillery run -o FILE`. Endpoints are those of its plug-in metrics-by-endpoint; without it there
is only the total."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import (
    BadLines,
    RecordingSource,
    RequestLabel,
    Row,
    Summary,
    ToolReport,
    useless,
)
from perfgate.model.run import Generator

HINT = "Expected: what `artillery run -o FILE` writes; `plugins: {metrics-by-endpoint: {}}` tells endpoints apart."
METRIC_NAMES = {"p50": "p50", "median": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "max": "max", "mean": "mean"}
PLUGIN, TIMES = "plugins.metrics-by-endpoint.", "plugins.metrics-by-endpoint.response_time."
MAX_SHOWN_ERRORS = 3
_NAMED = re.compile(r"(\S+) \((.+)\)")
_ERRORS = re.compile(rf"{re.escape(PLUGIN)}(.+)\.errors\.([^.]+)")


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
            rows = [_endpoint(name, times.get(f"{TIMES}{name}", {}), counters) for name in _endpoints(counters, times)]
            total = _total(times.get("http.response_time", {"count": 0}), counters)
            rows = rows or ([total] if total.requests else [])
            began, ended = (float(whole.get(name) or 0) / 1000 for name in ("firstMetricAt", "lastMetricAt"))
            report = _report(counters)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not a report of Artillery 2: {error}", hint=HINT) from error
        yield Summary(
            rows=rows,
            duration=max(0.0, ended - began),
            started=datetime.fromtimestamp(began, UTC) if began else None,
            report=report,
        )


def _endpoints(counters: Mapping[str, Any], times: Mapping[str, Any]) -> list[str]:
    """Those with answers, and those that had none and are known by their errors alone."""
    answered = [name.removeprefix(TIMES) for name in times if name.startswith(TIMES)]
    lost = [match[1] for name in counters if (match := _ERRORS.fullmatch(name))]
    return list(dict.fromkeys((*answered, *lost)))


def _endpoint(name: str, times: Mapping[str, Any], counters: Mapping[str, Any]) -> Row:
    """Artillery names a request that has a name `/path (name)`."""
    codes, errors = _counts(counters, f"{PLUGIN}{name}.codes."), _counts(counters, f"{PLUGIN}{name}.errors.")
    match = _NAMED.fullmatch(name)
    label = RequestLabel(match[2], url=match[1]) if match else RequestLabel(name, url=name)
    answers = sum(codes.values()) or int(times.get("count", 0))
    return _row(label, times, codes, errors, answers + sum(errors.values()))


def _total(times: Mapping[str, Any], counters: Mapping[str, Any]) -> Row:
    """A capture that failed is an error of a request that was answered."""
    codes, errors = _counts(counters, "http.codes."), _counts(counters, "errors.")
    answers = sum(codes.values()) or int(times["count"])
    return _row(RequestLabel(""), times, codes, errors, max(answers, int(counters.get("http.requests", 0))))


def _counts(counters: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): int(number) for name, number in counters.items() if name.startswith(prefix)}


def _row(
    label: RequestLabel, times: Mapping[str, Any], codes: Mapping[str, int], errors: Mapping[str, int], requests: int
) -> Row:
    """What failed: requests without an answer, those of a status from 400 on, and those whose capture failed."""
    bad = {code: number for code, number in codes.items() if code.isdigit() and int(code) >= 400}
    failures = sum(bad.values()) + sum(errors.values())
    return Row(
        label=label,
        requests=max(requests, failures),
        failures=failures,
        metrics=summary_reading.metrics_among(times, METRIC_NAMES),
        examples=(*(f"status: {code}" for code in sorted(bad)), *sorted(errors))[:5],
    )


def _report(counters: Mapping[str, Any]) -> ToolReport:
    """Arrivals that it skipped, for `maxVusers` were under way, and what failed without an endpoint: expectations, and
    captures where endpoints are told apart."""
    skipped, created = (int(counters.get(f"vusers.{name}", 0)) for name in ("skipped", "created"))
    warnings = []
    if failed := int(counters.get("plugins.expect.failed", 0)):
        warnings.append(f"{failed:,} expectations of Artillery failed: no budget counts them.")
    errors = _counts(counters, "errors.")
    of_endpoints = {match[2] for name in counters if (match := _ERRORS.fullmatch(name))}
    is_told_apart = any(name.startswith(PLUGIN) for name in counters)
    if is_told_apart and (unknown := {name: errors[name] for name in errors if name not in of_endpoints}):
        names = ", ".join(f"{name[:60]} ({number:,})" for name, number in list(unknown.items())[:MAX_SHOWN_ERRORS])
        warnings.append(f"Errors of Artillery that no endpoint has, and no budget counts: {names}.")
    if skipped:
        warnings.append(
            f"Artillery skipped {skipped:,} of {skipped + created:,} arrivals: raise `maxVusers`. What was not sent "
            "had no latency, so the latencies may be too good."
        )
    due = skipped + created if skipped else 0
    return ToolReport(generator=Generator(due=due, sent=due, dropped=skipped), warnings=tuple(warnings))
