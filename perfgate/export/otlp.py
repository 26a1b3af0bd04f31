"""OpenTelemetry's protocol over HTTP, as JSON: `otlp+https://host:4318`. Collectors take it, and Datadog, New Relic,
Grafana Cloud and Honeycomb. Headers come from PERFGATE_OTLP_HEADERS or, as for OpenTelemetry's own exporters, from
OTEL_EXPORTER_OTLP_HEADERS: "api-key=...,other=...". Totals are cumulative, or what came since the last time where
OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE says delta."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from perfgate import __version__
from perfgate.export.contract import Address, Exporter, ExportError
from perfgate.export.families import Buckets, Family, Labels, Point
from perfgate.export.posting import Poster, UncertainError
from perfgate.net.http import Reply
from perfgate.text.plurals import counted

HEADERS = ("PERFGATE_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
PATH = "/v1/metrics"
TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
DELTA, CUMULATIVE = 1, 2  # AggregationTemporality
PREFERRING_DELTA = ("delta", "lowmemory")  # for what perfgate has: counters and histograms

Series = tuple[str, frozenset[tuple[str, str]]]  # name and labels
Totals = dict[Series, float | Buckets]


class Moments(NamedTuple):
    """When totals were taken and since when they count, ns since 1970; and whether they only count since then."""

    now: int
    since: int
    temporality: int


class Otlp:
    def __init__(self, address: Address) -> None:
        given = next(filter(None, (address.environ.get(name, "") for name in HEADERS)), "")
        self._poster = Poster(
            metrics_url(address.url),
            {"Content-Type": "application/json", **_headers(given)},
            " or ".join(HEADERS),
        )
        self._since = _nanoseconds(address.began)
        self._is_delta = address.environ.get(TEMPORALITY, "").strip().lower() in PREFERRING_DELTA
        self._sent: Totals = {}  # where they are sent as differences

    def send(self, families: Sequence[Family], at: float) -> None:
        now = _nanoseconds(at)
        since = self._since or now
        shown = grown(families, self._sent) if self._is_delta else families
        moments = Moments(now, since, DELTA if self._is_delta else CUMULATIVE)
        try:
            reply = self._poster.post(json.dumps(request(shown, moments)).encode(), is_repeatable=not self._is_delta)
        except UncertainError:  # a difference that is sent again may count twice
            self._record(families, moments)
            raise
        self._record(families, moments)
        if problem := _rejected(reply):
            raise ExportError(f"it rejected {self._poster.hidden(problem)}", hint="Its own log says why.")

    def _record(self, families: Sequence[Family], moments: Moments) -> None:
        """Records what was sent: the next differences are those from it. What was refused is a part of them."""
        self._since = moments.now if self._is_delta else moments.since
        if self._is_delta:
            self._sent |= totals(families)

    def close(self) -> None:
        self._poster.close()


def metrics_url(url: str) -> str:
    """Where metrics go: the path of the protocol behind that of the address, and its query behind both."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith(PATH) else f"{path}{PATH}").geturl()


def _nanoseconds(at: float) -> int:
    return round(at * 1000) * 1_000_000


def _series(family: Family, point: Point) -> Series:
    return family.name, frozenset(point.labels.items())


def totals(families: Sequence[Family]) -> Totals:
    return {
        _series(family, point): point.value for family in families if family.kind != "gauge" for point in family.points
    }


def grown(families: Sequence[Family], before: Totals) -> tuple[Family, ...]:
    """The families, with what totals have grown by since `before`; gauges as they are."""
    return tuple(
        family
        if family.kind == "gauge"
        else replace(
            family,
            points=tuple(
                replace(point, value=_growth(point.value, before.get(_series(family, point))))
                for point in family.points
            ),
        )
        for family in families
    )


def _growth(value: float | Buckets, before: float | Buckets | None) -> float | Buckets:
    if isinstance(value, Buckets):
        if not isinstance(before, Buckets):
            return value
        counts = (now - then for now, then in zip(value.counts, before.counts, strict=True))
        return replace(value, counts=tuple(counts), total=value.total - before.total)
    return value - before if isinstance(before, float) else value


def request(families: Sequence[Family], moments: Moments) -> dict[str, Any]:
    """`ExportMetricsServiceRequest`, in the JSON of protobuf: 64-bit numbers are texts."""
    resource = {"attributes": _attributes({"service.name": "perfgate", "service.version": __version__})}
    scope = {"name": "perfgate", "version": __version__}
    metrics = [_metric(family, moments) for family in families if family.points]
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": metrics}]}]}


def _metric(family: Family, moments: Moments) -> dict[str, Any]:
    about = {"name": family.name, "description": family.help, "unit": family.unit}
    times = {"timeUnixNano": str(moments.now)}
    times |= {} if family.kind == "gauge" else {"startTimeUnixNano": str(moments.since)}
    points = [{"attributes": _attributes(point.labels), **times, **_value(point)} for point in family.points]
    if family.kind == "gauge":
        return {**about, "gauge": {"dataPoints": points}}
    if family.kind == "histogram":
        return {**about, "histogram": {"dataPoints": points, "aggregationTemporality": moments.temporality}}
    return {**about, "sum": {"dataPoints": points, "aggregationTemporality": moments.temporality, "isMonotonic": True}}


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
