"""Lighthouse's JSON: one report, several one after the other, or a list of them; PageSpeed Insights' answer too."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urldefrag, urlsplit

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.pages import views
from perfgate.measure.importers.pages.views import PageView
from perfgate.measure.importers.samples import BadLines, RecordingSource, Summary, useless
from perfgate.text.addresses import is_own

HINT = "Expected: what `lighthouse URL --output=json` writes; several: `cat .lighthouseci/lhr-*.json > all.json`."
NAVIGATION_HINT = "Begin the user flow with `await flow.navigate(URL)`."
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
    "Media": "media_size",
    "Fetch": "data_size",
    "XHR": "data_size",
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
            items = [_reports(item) for item in summary_reading.documents(source, HINT)]
            if not all(any(map(_is_navigation, reports)) for reports in items):
                raise useless(source, "no page is loaded in it: it has no navigation", hint=NAVIGATION_HINT)
            navigations = [report for reports in items for report in reports if _is_navigation(report)]
            ways = {_way(report) for report in navigations}
            if len(ways) > 1:
                raise useless(source, f"views of several kinds: {', '.join(sorted(ways))}", hint="Import each apart.")
            yield Summary(
                rows=views.rows(view for reports in items for view in _views(reports)),
                started=min(datetime.fromisoformat(report["fetchTime"]) for report in navigations),
                latency=next(iter(ways)),
                is_of_pages=True,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not a report of Lighthouse: {error!r}", hint=HINT) from error


def _reports(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One report; that in PageSpeed Insights' answer; those of a user flow's steps."""
    return [step["lhr"] for step in item["steps"]] if "steps" in item else [item.get("lighthouseResult", item)]


def _is_navigation(report: Mapping[str, Any]) -> bool:
    mode: str = report.get("gatherMode", "navigation")
    return mode == "navigation"


def _views(reports: Sequence[Mapping[str, Any]]) -> Iterator[PageView]:
    """A view for each navigation, with the INP of the timespans on the page that it led to. Snapshots measure nothing
    of a page's load."""
    for at, report in enumerate(reports):
        if not _is_navigation(report):
            continue
        view = _view(report)
        later = itertools.takewhile(lambda step: not _is_navigation(step), reports[at + 1 :])
        inps = [_view(step).metrics.get("inp") for step in later if _is_timespan_on(step, report)]
        known = [inp for inp in inps if inp is not None]
        yield replace(view, metrics=view.metrics | {"inp": max(known)}) if known and not view.failure else view


def _is_timespan_on(step: Mapping[str, Any], navigation: Mapping[str, Any]) -> bool:
    mode: str = step["gatherMode"]
    return mode == "timespan" and _shown(step) == _shown(navigation)


def _shown(report: Mapping[str, Any]) -> str:
    """The address of the page in the end, without its fragment."""
    url: str = report.get("finalDisplayedUrl") or report.get("finalUrl") or report["requestedUrl"]
    return urldefrag(url).url


def _way(report: Mapping[str, Any]) -> str:
    """How it was viewed: what differs in this is never compared. Lighthouse 6 has another name for the form factor, and
    PageSpeed Insights leaves out the throttling."""
    how = report["configSettings"]
    form_factor = how.get("formFactor") or how.get("emulatedFormFactor", "form factor not said")
    return f"Lighthouse, {form_factor}, throttling: {how.get('throttlingMethod', 'not said')}"


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
        if not is_own(urlsplit(item["url"]).hostname or "", host or ""):
            sizes["third_party"] += size
        if kind := SIZES.get(item.get("resourceType", "")):
            sizes[kind] += size
    return {"requests": float(len(answered)), **sizes}
