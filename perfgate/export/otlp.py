"""OpenTelemetry's protocol over HTTP, as JSON: `otlp+https://host:4318`. Collectors take it, and Datadog, New Relic,
Grafana Cloud and Honeycomb. Headers come from PERFGATE_OTLP_HEADERS or, as for OpenTelemetry's own exporters, from
OTEL_EXPORTER_OTLP_HEADERS: "api-key=...,other=..."."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from perfgate import __version__
from perfgate.export.contract import Address, Exporter, ExportError
from perfgate.export.families import Buckets, Family, Labels, Point
from perfgate.export.posting import Poster
from perfgate.net.http import Reply
from perfgate.text.plurals import counted

HEADERS = ("PERFGATE_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
PATH = "/v1/metrics"
CUMULATIVE = 2  # AggregationTemporality


class Otlp:
    def __init__(self, address: Address) -> None:
        given = next(filter(None, (address.environ.get(name, "") for name in HEADERS)), "")
        url = address.url.rstrip("/")
        self._poster = Poster(
            url if url.endswith(PATH) else f"{url}{PATH}",
            {"Content-Type": "application/json", **_headers(given)},
            " or ".join(HEADERS),
        )
        self._began: int | None = None  # ns since 1970: of the counters

    def send(self, families: Sequence[Family], at: float) -> None:
        now = round(at * 1000) * 1_000_000
        self._began = now if self._began is None else self._began
        reply = self._poster.post(json.dumps(request(families, now, self._began)).encode())
        if problem := _rejected(reply):
            raise ExportError(f"it rejected {self._poster.hidden(problem)}", hint="Its own log says why.")

    def close(self) -> None:
        self._poster.close()


def request(families: Sequence[Family], now: int, began: int) -> dict[str, Any]:
    """`ExportMetricsServiceRequest`, in the JSON of protobuf: 64-bit numbers are texts. Times in ns since 1970."""
    resource = {"attributes": _attributes({"service.name": "perfgate", "service.version": __version__})}
    scope = {"name": "perfgate", "version": __version__}
    metrics = [_metric(family, now, began) for family in families]
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": metrics}]}]}


def _metric(family: Family, now: int, began: int) -> dict[str, Any]:
    about = {"name": family.name, "description": family.help, "unit": family.unit}
    times = {"timeUnixNano": str(now)} | ({} if family.kind == "gauge" else {"startTimeUnixNano": str(began)})
    points = [{"attributes": _attributes(point.labels), **times, **_value(point)} for point in family.points]
    if family.kind == "gauge":
        return {**about, "gauge": {"dataPoints": points}}
    if family.kind == "histogram":
        return {**about, "histogram": {"dataPoints": points, "aggregationTemporality": CUMULATIVE}}
    return {**about, "sum": {"dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": True}}


def _value(point: Point) -> dict[str, Any]:
    value = point.value
    if not isinstance(value, Buckets):
        return {"asDouble": value}
    return {
        "count": str(sum(value.counts)),
        "sum": value.total,
        "bucketCounts": [str(number) for number in value.counts],
        "explicitBounds": list(value.bounds),
    }


def _rejected(reply: Reply) -> str:
    """What a receiver did not take of a request that it answered with 200: its `partial_success`."""
    try:
        partial = reply.json()["partialSuccess"]
        number, words = (
            int(partial.get("rejectedDataPoints") or 0),
            str(partial.get("errorMessage") or "it does not say why"),
        )
    except (ValueError, TypeError, KeyError, AttributeError):  # an answer of protobuf, or none
        return ""
    return f"{counted(number, 'value')}: {words}" if number > 0 else ""


def _attributes(labels: Labels) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in labels.items()]


def _headers(text: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs}


def connect(address: Address) -> Exporter:
    return Otlp(address)
