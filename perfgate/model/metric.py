"""Metric: what a budget can limit. The single list of metrics that perfgate measures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    SECONDS = "s"
    BYTES = "B"
    RATIO = "ratio"  # 0 to 1
    PER_SECOND = "1/s"
    COUNT = "count"  # of something per request


@dataclass(frozen=True, kw_only=True)
class Metric:
    name: str
    unit: Unit
    meaning: str
    higher_is_better: bool = False
    counted: bool = False  # work that the service did, counted per request, instead of time that somebody waited
    source: str = ""  # what has to be there to count it, for people
    page: bool = False  # of a page in a browser: the median of its views
    good: float = 0.0  # of a page: up to here it rates as good, and beyond `poor` as poor (web.dev); 0: not rated
    poor: float = 0.0

    def rating(self, value: float) -> str:
        """good, needs improvement or poor, as the web rates it; empty where it does not."""
        if not self.good:
            return ""
        return "good" if value <= self.good else "poor" if value > self.poor else "needs improvement"

    @property
    def is_latency(self) -> bool:
        return self.unit is Unit.SECONDS and not self.counted


_MIDDLEWARE = "add perfgate.middleware to the application (one line)"
_INTERACTIONS = 'list what a visitor does: `interact: [{click: "#buy"}]`'
_CHROMIUM = "the page painted nothing"


def _page(name: str, unit: Unit, meaning: str, good: float = 0.0, poor: float = 0.0, source: str = _CHROMIUM) -> Metric:
    return Metric(name=name, unit=unit, meaning=meaning, counted=True, page=True, good=good, poor=poor, source=source)


_LATENCY = "of the latency of successful requests; a timeout counts at its timeout"
LATENCY_QUANTILES: dict[str, float] = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}

ASPECTS: dict[str, str] = {  # times that some endpoints have besides their latency; each is recorded by itself
    "completion": "time from the request until its background job was done, or its stream has ended; a timeout counts "
    "at its timeout",
    "queued": "time a background job waited in its queue, as its status says",
    "work": "time a background job was worked at, as its status says",
    "first_message": "time from when a stream was due until its first message",
    "message": "latency of a stream's messages: from what a reply answers, or from when it says it was sent",
    "gap": "time between two messages of a stream",
}
ASPECT_QUANTILES: dict[str, tuple[str, float]] = {  # metric -> the aspect, and which quantile of it
    f"{aspect}_{name}": (aspect, LATENCY_QUANTILES[name]) for aspect in ASPECTS for name in ("p50", "p95", "p99")
}
_QUANTILE_WORDS = {0.50: "median", 0.95: "95th percentile", 0.99: "99th percentile"}

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="p50", unit=Unit.SECONDS, meaning=f"median {_LATENCY}"),
        Metric(name="p90", unit=Unit.SECONDS, meaning=f"90th percentile {_LATENCY}"),
        Metric(name="p95", unit=Unit.SECONDS, meaning=f"95th percentile {_LATENCY}"),
        Metric(name="p99", unit=Unit.SECONDS, meaning=f"99th percentile {_LATENCY}"),
        Metric(name="max", unit=Unit.SECONDS, meaning=f"maximum {_LATENCY}"),
        Metric(name="mean", unit=Unit.SECONDS, meaning=f"mean {_LATENCY}"),
        Metric(
            name="ttfb_p95", unit=Unit.SECONDS, meaning="95th percentile of the time to the first byte of the answer"
        ),
        Metric(name="errors", unit=Unit.RATIO, meaning="share of requests that failed"),
        Metric(name="size", unit=Unit.BYTES, meaning="mean size of the response bodies as sent over the wire"),
        Metric(
            name="decoded_size",
            unit=Unit.BYTES,
            meaning="mean size of the response bodies once they are unpacked (where that is known without a look at "
            "them: gzip, and what is not compressed)",
        ),
        Metric(
            name="rate",
            unit=Unit.PER_SECOND,
            meaning="successful requests per second of the measured time",
            higher_is_better=True,
        ),
        Metric(
            name="queries",
            unit=Unit.COUNT,
            meaning="mean number of database queries per successful request",
            counted=True,
            source=f"{_MIDDLEWARE}, or give `diagnose.postgres` or `diagnose.mysql` the database's URL",
        ),
        Metric(
            name="rows",
            unit=Unit.COUNT,
            meaning="mean number of rows that the database returned or changed per request",
            counted=True,
            source="give `diagnose.postgres` or `diagnose.mysql` the database's URL",
        ),
        Metric(
            name="cache_hits",
            unit=Unit.RATIO,
            meaning="share of answers that came from a cache, as their headers say; else of Redis look-ups that hit",
            higher_is_better=True,
            counted=True,
            source="let answers say so (Cache-Status, X-Cache, or Server-Timing `cache;desc=hit`), or give "
            "`diagnose.redis` the cache's URL",
        ),
        Metric(
            name="compressed",
            unit=Unit.RATIO,
            meaning="share of answers with a body that are compressed (Content-Encoding)",
            higher_is_better=True,
            counted=True,
            source="no answer had a body",
        ),
        Metric(
            name="cpu",
            unit=Unit.SECONDS,
            meaning="mean CPU time of the service per request",
            counted=True,
            source=f"{_MIDDLEWARE}, or let perfgate start the service (`service.command`)",
        ),
        Metric(
            name="memory_growth",
            unit=Unit.BYTES,
            meaning="growth of the service's memory (all its processes) per 1,000 requests to any endpoint",
            counted=True,
            source="let perfgate start the service (`service.command`), and the load last some seconds",
        ),
        _page("lcp", Unit.SECONDS, "Largest Contentful Paint: when the main content was there", 2.5, 4.0),
        _page("cls", Unit.COUNT, "Cumulative Layout Shift: how far content jumped, a score", 0.1, 0.25),
        _page("inp", Unit.SECONDS, "Interaction to Next Paint", 0.2, 0.5, _INTERACTIONS),
        _page("fcp", Unit.SECONDS, "First Contentful Paint: when anything was there", 1.8, 3.0),
        _page("ttfb", Unit.SECONDS, "time to the first byte of the document", 0.8, 1.8),
        _page(
            "tbt",
            Unit.SECONDS,
            "Total Blocking Time: what tasks take beyond 50 ms each",
            0.2,
            0.6,
        ),
        _page("long_tasks", Unit.COUNT, "number of tasks of the main thread over 50 ms"),
        _page("js_memory", Unit.BYTES, "memory of its JavaScript objects once it is idle, garbage collected"),
        _page("requests", Unit.COUNT, "number of requests that the page makes"),
        _page("transfer", Unit.BYTES, "size of all bodies that the page fetches, as sent over the wire"),
        _page("js_size", Unit.BYTES, "size of its scripts, as sent over the wire"),
        _page("css_size", Unit.BYTES, "size of its style sheets, as sent over the wire"),
        _page("image_size", Unit.BYTES, "size of its images, as sent over the wire"),
        _page("third_party", Unit.BYTES, "size of what comes from other hosts, as sent over the wire"),
        _page("unused_js", Unit.BYTES, "bytes of its scripts (unpacked) that never ran"),
        _page("unused_css", Unit.BYTES, "bytes of its style sheets (unpacked) that no element used"),
        *(
            Metric(name=name, unit=Unit.SECONDS, meaning=f"{_QUANTILE_WORDS[q]} of the {ASPECTS[aspect]}")
            for name, (aspect, q) in ASPECT_QUANTILES.items()
        ),
    )
}
PAGE_METRICS = (*(name for name, metric in METRICS.items() if metric.page), "errors")
PAGE_FACTS = ("requests", "transfer", "js_size", "css_size", "image_size", "third_party", "unused_js", "unused_css")
FACTS = frozenset({"queries", "rows", "compressed", *PAGE_FACTS})  # of the code alone: one earlier run is a baseline

APPLICATION, ALL_ENDPOINTS = "application", "all endpoints"  # endpoint and metric of the finding about all of them
_COMMON = Metric(name=ALL_ENDPOINTS, unit=Unit.SECONDS, meaning="what all endpoints of a run have in common")


def metric_of(name: str) -> Metric | None:
    """The metric of a finding; None of a name from elsewhere."""
    return _COMMON if name == ALL_ENDPOINTS else METRICS.get(name)
