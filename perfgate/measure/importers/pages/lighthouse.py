"""Lighthouse's JSON: one report, several one after the other, or a list of them; PageSpeed Insights' answer too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.pages import views
from perfgate.measure.importers.pages.views import PageView
from perfgate.measure.importers.samples import BadLines, RecordingSource, Summary, useless

HINT = "Expected: what `lighthouse URL --output=json` writes; several: `cat .lighthouseci/lhr-*.json > all.json`."
TIMES = {
    "largest-contentful-paint": "lcp",
    "first-contentful-paint": "fcp",
    "total-blocking-time": "tbt",
    "experimental-interaction-to-next-paint": "inp",  # its name before Lighthouse 11
    "interaction-to-next-paint": "inp",
}
SIZES = {
    "Script": "js_size",
    "Stylesheet": "css_size",
    "Image": "image_size",
    "Font": "font_size",
    "Document": "html_size",
}


class Lighthouse:
    """See Importer."""

    latency = "Lighthouse"
    lacks = (*views.LACKS, "INP of a page that is only loaded")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.lstrip()[:1] in (b"{", b"[") and b'"lighthouseVersion"' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        try:
            reports = [report for item in summary_reading.documents(source, HINT) for report in _reports(item)]
            ways = {_way(report) for report in reports}
            if len(ways) > 1:
                raise useless(source, f"views of several kinds: {', '.join(sorted(ways))}", hint="Import each apart.")
            yield Summary(
                rows=views.rows(map(_view, reports)),
                started=min(datetime.fromisoformat(report["fetchTime"]) for report in reports),
                latency=next(iter(ways)),
                is_of_pages=True,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not a report of Lighthouse: {error!r}", hint=HINT) from error


def _reports(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """One report; that in PageSpeed Insights' answer; those of a user flow's steps."""
    if "steps" in item:
        yield from (step["lhr"] for step in item["steps"])
    else:
        yield item.get("lighthouseResult", item)


def _way(report: Mapping[str, Any]) -> str:
    """How it was viewed: what differs in this is never compared."""
    how = report["configSettings"]
    return f"Lighthouse, {how['formFactor']}, throttling: {how['throttlingMethod']}"


def _view(report: Mapping[str, Any]) -> PageView:
    url = report.get("requestedUrl") or report.get("finalDisplayedUrl") or report["finalUrl"]
    if error := report.get("runtimeError"):
        return PageView(url=url, failure=f"{error['code']}: {error.get('message', '')}")
    audits = report["audits"]
    values = {name: audit.get("numericValue") for name, audit in audits.items()}
    metrics = summary_reading.metrics_among(values, TIMES)
    metrics |= summary_reading.metrics_among(values, {"cumulative-layout-shift": "cls"}, 1.0)
    for item in _items(audits, "metrics")[:1]:
        metrics |= summary_reading.metrics_among(item, {"timeToFirstByte": "ttfb"})
    return PageView(url=url, metrics=metrics | _fetched(_items(audits, "network-requests"), urlsplit(url).hostname))


def _items(audits: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return list((audits.get(name) or {}).get("details", {}).get("items", []))


def _fetched(requests: list[dict[str, Any]], host: str | None) -> dict[str, float]:
    """Number and sizes, headers included, of what came over HTTP."""
    answered = [
        item for item in requests if item["url"].startswith(("http:", "https:")) and item.get("statusCode", 0) > 0
    ]
    if not answered:
        return {}
    sizes = dict.fromkeys(("transfer", "third_party", *SIZES.values()), 0.0)
    for item in answered:
        size = float(item.get("transferSize") or 0)
        sizes["transfer"] += size
        other = urlsplit(item["url"]).hostname or ""
        if not (other == host or other.endswith(f".{host}")):
            sizes["third_party"] += size
        if kind := SIZES.get(item.get("resourceType", "")):
            sizes[kind] += size
    return {"requests": float(len(answered)), **sizes}
