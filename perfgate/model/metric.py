"""Metric: what a budget can limit, and METRICS, the one registry of everything that perfgate measures.

All that the rest of the package knows of a metric is in its record: a new one is one record here and the code that
measures it.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import partial
from typing import Literal

ResultKind = Literal["endpoint", "journey", "page"]


class Unit(StrEnum):
    """Values are kept in it; `text/units.py` reads and prints each."""

    SECONDS = "s"
    BYTES = "B"
    RATIO = "ratio"  # 0 to 1
    PER_SECOND = "1/s"
    COUNT = "count"  # of something per request


class MeasuringPoint(StrEnum):
    """Where a metric is measured."""

    ANSWERS = "answers"  # of requests, by the load generator
    ACTIVITIES = "activities"  # of jobs and streams, by the load generator: an aspect of its own beside the latency
    WORK = "work"  # that the service did for requests: counted, instead of time that somebody waited
    BROWSER = "browser"  # views of a page: the median of them


class CountSource(StrEnum):
    """Source of what is counted of a service's work."""

    SERVER_TIMING = "Server-Timing"  # a header of answers, from the application
    HEADERS = "headers"  # other headers of answers
    PROBES = "probes"  # of database and cache, while nothing else is sent
    PROCESSES = "processes"  # of a service that perfgate started, while nothing else is sent
    MEMORY = "memory"  # of these processes, during the load


@dataclass(frozen=True)
class Metric:
    name: str
    unit: Unit
    meaning: str
    _: KW_ONLY
    higher_is_better: bool = False
    place: MeasuringPoint = MeasuringPoint.ANSWERS
    kinds: tuple[ResultKind, ...] = ("endpoint",)  # of results that have it
    values: str = ""  # recorded values that it sums up: "latency", "first_byte", or an aspect. Empty: none are kept
    quantile: float | None = None  # which of theirs; None: another sum of them (mean, maximum)
    floor: Literal["time", "errors", ""] = ""  # of `gate.floor`: which rises are too small to fail; empty: none is
    is_fact: bool = False  # decided by the code alone: one earlier run is a baseline
    sources: frozenset[CountSource] = frozenset()
    needs: str = ""  # what has to be there to measure it, for people
    good: float = 0.0  # of a page: up to here it rates as good, and beyond `poor` as poor (web.dev); 0: not rated
    poor: float = 0.0

    def rating(self, value: float) -> str:
        """good, needs improvement or poor, as the web rates it; empty where it does not."""
        if not self.good:
            return ""
        return "good" if value <= self.good else "poor" if value > self.poor else "needs improvement"

    @property
    def is_counted(self) -> bool:
        """Whether it is a count of work, or of views of a page, instead of a time that each request has."""
        return self.place in (MeasuringPoint.WORK, MeasuringPoint.BROWSER)

    @property
    def is_of_page(self) -> bool:
        return self.place is MeasuringPoint.BROWSER

    @property
    def is_latency(self) -> bool:
        return self.unit is Unit.SECONDS and not self.is_counted

    @property
    def is_size(self) -> bool:
        """Whether it is the size of answers, which no runner moves."""
        return self.unit is Unit.BYTES and self.place is MeasuringPoint.ANSWERS

    @property
    def is_helped_by_median(self) -> bool:
        """Whether p50, which is known more surely, shows the same change."""
        return self.values == "latency" and self.name not in ("p50", "max")

    @property
    def aspect(self) -> str:
        """The aspect of an endpoint that it is of (`completion`); empty for what every endpoint has."""
        return self.values if self.place is MeasuringPoint.ACTIVITIES else ""


_MIDDLEWARE = "add perfgate.middleware to the application (one line)"
_DATABASE = "give `diagnose.postgres` or `diagnose.mysql` the URL of the application's database"
_SERVICE = "let perfgate start the service (`service.command`)"
_INTERACTIONS = 'list what a visitor does: `interact: [{click: "#buy"}]`'
_CHROMIUM = "the page painted nothing"
_COVERAGE = "the view that looks at unused code failed"
_LATENCY = "of the latency of successful requests; a timeout counts at its timeout"
_QUANTILE_WORDS = {0.50: "median", 0.90: "90th percentile", 0.95: "95th percentile", 0.99: "99th percentile"}
_LEVELS = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}

_latency = partial(Metric, kinds=("endpoint", "journey"), values="latency", floor="time")
_work = partial(Metric, place=MeasuringPoint.WORK)  # has no chance of its own: no rise of it is too small
_page = partial(Metric, place=MeasuringPoint.BROWSER, kinds=("page",), needs=_CHROMIUM)
_vital = partial(_page, floor="time")
_content = partial(_page, is_fact=True)


def _activity(aspect: str, meaning: str) -> tuple[Metric, ...]:
    make = partial(Metric, place=MeasuringPoint.ACTIVITIES, values=aspect, floor="time")
    return tuple(
        make(f"{aspect}_{name}", Unit.SECONDS, f"{_QUANTILE_WORDS[q]} of the {meaning}", quantile=q)
        for name, q in _LEVELS.items()
        if name != "p90"
    )


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        *(_latency(name, Unit.SECONDS, f"{_QUANTILE_WORDS[q]} {_LATENCY}", quantile=q) for name, q in _LEVELS.items()),
        _latency("max", Unit.SECONDS, f"maximum {_LATENCY}"),
        _latency("mean", Unit.SECONDS, f"mean {_LATENCY}"),
        Metric(
            "ttfb_p95",
            Unit.SECONDS,
            "95th percentile of the time to the first byte of the answer",
            values="first_byte",
            quantile=0.95,
            floor="time",
        ),
        Metric(
            "errors", Unit.RATIO, "share of requests that failed", kinds=("endpoint", "journey", "page"), floor="errors"
        ),
        Metric("size", Unit.BYTES, "mean size of the response bodies as sent over the wire"),
        Metric(
            "decoded_size",
            Unit.BYTES,
            "mean size of the response bodies once they are unpacked (where that is known without a look at "
            "them: gzip, and what is not compressed)",
        ),
        Metric(
            "rate",
            Unit.PER_SECOND,
            "successful requests per second of the measured time",
            higher_is_better=True,
            kinds=("endpoint", "journey"),
        ),
        _work(
            "queries",
            Unit.COUNT,
            "mean number of database queries per successful request",
            needs=f"{_MIDDLEWARE}, or {_DATABASE}",
            sources=frozenset({CountSource.SERVER_TIMING, CountSource.PROBES}),
            is_fact=True,
        ),
        _work(
            "rows",
            Unit.COUNT,
            "mean number of rows that the database returned or changed per request",
            needs=_DATABASE,
            sources=frozenset({CountSource.PROBES}),
            is_fact=True,
        ),
        _work(
            "cache_hits",
            Unit.RATIO,
            "share of answers that came from a cache, as their headers say; else of Redis look-ups that hit",
            needs="let answers say so (Cache-Status, X-Cache, or Server-Timing `cache;desc=hit`), or give "
            "`diagnose.redis` the URL of the application's cache",
            sources=frozenset({CountSource.SERVER_TIMING, CountSource.HEADERS, CountSource.PROBES}),
            higher_is_better=True,
        ),
        _work(
            "compressed",
            Unit.RATIO,
            "share of answers with a body that are compressed (Content-Encoding)",
            needs="no answer had a body",
            sources=frozenset({CountSource.HEADERS}),
            higher_is_better=True,
            is_fact=True,
        ),
        _work(
            "cpu",
            Unit.SECONDS,
            "mean CPU time of the service per request",
            needs=f"{_MIDDLEWARE}, or {_SERVICE}",
            sources=frozenset({CountSource.SERVER_TIMING, CountSource.PROCESSES}),
        ),
        _work(
            "memory_growth",
            Unit.BYTES,
            "growth of the service's memory (all its processes) per 1,000 requests to any endpoint",
            needs=f"{_SERVICE}, and the load last some seconds",
            sources=frozenset({CountSource.MEMORY}),
        ),
        _vital(
            "lcp",
            Unit.SECONDS,
            "Largest Contentful Paint: when the main content was there",
            needs="the page painted no text and no image (a canvas does not count)",
            good=2.5,
            poor=4.0,
        ),
        _page("cls", Unit.COUNT, "Cumulative Layout Shift: how far content jumped, a score", good=0.1, poor=0.25),
        _vital("inp", Unit.SECONDS, "Interaction to Next Paint", good=0.2, poor=0.5, needs=_INTERACTIONS),
        _vital("fcp", Unit.SECONDS, "First Contentful Paint: when anything was there", good=1.8, poor=3.0),
        _vital("ttfb", Unit.SECONDS, "time to the first byte of the document", good=0.8, poor=1.8),
        _vital("tbt", Unit.SECONDS, "Total Blocking Time: what tasks take beyond 50 ms each", good=0.2, poor=0.6),
        _page("long_tasks", Unit.COUNT, "number of tasks of the main thread over 50 ms"),
        _content("script_errors", Unit.COUNT, "number of errors that its scripts do not catch"),
        _page("js_memory", Unit.BYTES, "memory of its JavaScript objects once it is idle, garbage collected"),
        _content("requests", Unit.COUNT, "number of requests that the page makes"),
        _content("transfer", Unit.BYTES, "size of all bodies that the page fetches, as sent over the wire"),
        _content("js_size", Unit.BYTES, "size of its scripts, as sent over the wire"),
        _content("css_size", Unit.BYTES, "size of its style sheets, as sent over the wire"),
        _content("image_size", Unit.BYTES, "size of its images, as sent over the wire"),
        _content("font_size", Unit.BYTES, "size of its fonts, as sent over the wire"),
        _content("media_size", Unit.BYTES, "size of its sound and video, as sent over the wire"),
        _content("data_size", Unit.BYTES, "size of the answers to its scripts (fetch, XHR), as sent over the wire"),
        _content("html_size", Unit.BYTES, "size of its documents, frames included, as sent over the wire"),
        _content("third_party", Unit.BYTES, "size of what comes from other hosts, as sent over the wire"),
        _content("unused_js", Unit.BYTES, "bytes of its scripts (unpacked) that never ran", needs=_COVERAGE),
        _content(
            "unused_css",
            Unit.BYTES,
            "bytes of its style sheets (unpacked) that no element used",
            needs=_COVERAGE,
        ),
        *_activity(
            "completion",
            "time from the request until its background job was done, or its stream has ended; a timeout counts at its "
            "timeout",
        ),
        *_activity("queued", "time a background job waited in its queue, as its status says"),
        *_activity("work", "time a background job was worked at, as its status says"),
        *_activity("first_message", "time from when a stream was due until its first message"),
        *_activity(
            "message", "latency of a stream's messages: from what a reply answers, or from when it says it was sent"
        ),
        *_activity("gap", "time between two messages of a stream"),
    )
}
LATENCY_QUANTILES: dict[str, float] = {
    name: metric.quantile for name, metric in METRICS.items() if metric.values == "latency" and metric.quantile
}
ASPECTS: tuple[str, ...] = tuple(dict.fromkeys(metric.aspect for metric in METRICS.values() if metric.aspect))

APPLICATION, ALL_ENDPOINTS = "application", "all endpoints"  # endpoint and metric of the finding about all of them
_COMMON = Metric(name=ALL_ENDPOINTS, unit=Unit.SECONDS, meaning="what all endpoints of a run have in common")


def metric_of(name: str) -> Metric | None:
    """The metric of a finding; None of a name from elsewhere."""
    return _COMMON if name == ALL_ENDPOINTS else METRICS.get(name)


def metrics_counted_by(*sources: CountSource) -> tuple[str, ...]:
    """Names of the metrics that one of these sources counts."""
    return tuple(name for name, metric in METRICS.items() if not metric.sources.isdisjoint(sources))
