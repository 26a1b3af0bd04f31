"""What Browsertime says of some views of one page or of several: browsertime.json of Browsertime itself,
browsertime.pageSummary.json of each page of sitespeed.io.

Source: lib/core/engine/collector.js of Browsertime (order and names), lib/plugins/browsertime and analysisstorer of
sitespeed.io.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.pages import views
from perfgate.measure.importers.pages.views import PageView
from perfgate.measure.importers.samples import BadLines, RecordingSource, Summary, useless

HINT = (
    "Expected: browsertime.json of `browsertime URL`, or pages/*/data/browsertime.pageSummary.json in the folder of "
    "results of `sitespeed.io URL`."
)
TIMES = {
    "largestContentfulPaint": "lcp",
    "firstContentfulPaint": "fcp",
    "totalBlockingTime": "tbt",
    "interactionToNextPaint": "inp",
    "ttfb": "ttfb",
}


class Sitespeed:
    """See Importer."""

    latency = "Browsertime"
    lacks = (*views.LACKS, "requests and sizes (they are in its HAR)")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        is_json = beginning.lstrip()[:1] in (b"{", b"[")
        # The Web Vitals come after what scripts returned of each view: hundreds of kilobytes, with the coach's advice.
        return is_json and b'"browsertime"' in beginning and b'"browserScripts"' in beginning

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        try:
            pages = list(summary_reading.documents(source, HINT))
            ways = {_way(page["info"]) for page in pages}
            if len(ways) > 1:
                raise useless(source, f"views of several kinds: {', '.join(sorted(ways))}", hint="Import each apart.")
            yield Summary(
                rows=views.rows(view for page in pages for view in _views(page)),
                started=min((when for page in pages if (when := _began(page))), default=None),
                latency=next(iter(ways)),
                is_of_pages=True,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise useless(source, f"not a result of Browsertime: {error!r}", hint=HINT) from error


def _way(info: Mapping[str, Any]) -> str:
    """How it was viewed: what differs in this is never compared."""
    browser = (info.get("browser") or {}).get("name", "browser not known")
    network = (info.get("connectivity") or {}).get("profile", "native")
    return f"Browsertime, {browser}, connectivity: {network}"


def _began(page: Mapping[str, Any]) -> datetime | None:
    """sitespeed.io gives the time of this machine, without a zone."""
    first = next(iter(page.get("timestamps") or ()), None)
    text = first or page.get("timestamp") or page["info"].get("timestamp")
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _views(page: Mapping[str, Any]) -> Iterator[PageView]:
    """Each view has a list of errors, most often an empty one. One that came to no vitals is missing among those."""
    url, vitals, errors = page["info"]["url"], list(page["googleWebVitals"]), list(page.get("errors") or [])
    if len(vitals) < len(errors):
        errors = [*[None] * len(vitals), *filter(None, errors)]
    for known, error in zip_longest(vitals, errors, fillvalue=None):
        if error:
            yield PageView(url=url, failure=str(error[0] if isinstance(error, list) else error))
        elif known is not None:
            cls = summary_reading.metrics_among(known, {"cumulativeLayoutShift": "cls"}, 1.0)
            yield PageView(url=url, metrics=summary_reading.metrics_among(known, TIMES) | cls)
