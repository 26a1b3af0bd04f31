"""What a page fetches, as Chromium's own events say it -> Resources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from perfgate.model.page import Resource
from perfgate.pages.visit import MAX_TEXT_CHARS, PageVisit, is_own
from perfgate.text.sanitize import one_line

# Of CDNs and proxies:
CACHE_HEADERS = ("cf-cache-status", "cdn-cache", "x-vercel-cache", "x-cache", "cache-status", "age")
QUOTED = re.compile(r'"[^"]*"')
DURATION = re.compile(r"(?:^|;)\s*dur=(\d{1,9}(?:\.\d{1,9})?)")  # ms, of an entry of Server-Timing
MAX_HEADER_CHARS = 4096
NEVER_ENDING = ("EventSource", "WebSocket", "Ping", "Prefetch")


class NetworkLog:
    """Requests since the view began, or since the step that leads to the page."""

    def __init__(self, cdp: Any, page: Any, subject: PageVisit) -> None:
        self.requests: dict[str, Resource] = {}
        self.status = 0  # of the latest document
        self.documents = 0  # that were asked for, redirects included
        self.strange_document = ""  # the first document from a host that is not the target's
        self._decoded: Counter[str] = Counter()  # bytes of bodies, unpacked
        self._headers: dict[str, int] = {}  # bytes of the answers' headers: they vary, those of bodies do not
        self._began = 0.0  # the browser's clock at the first request
        self._began_at = 0.0  # the same, in s since 1970
        self._subject, self._frame = subject, ""
        self._in_flight: set[str] = set()
        self._workers: set[str] = set()  # URLs of their scripts
        self._last = monotonic()  # when anything was asked for or came
        self._frames = FrameRequests(page, subject)
        page.on("worker", lambda worker: self._workers.add(worker.url))  # Chromium says nothing of their end here
        cdp.on("Network.requestWillBeSent", self._sent)
        cdp.on("Network.responseReceived", self._received)
        cdp.on("Network.dataReceived", self._came)
        cdp.on("Network.loadingFinished", self._finished)
        cdp.on("Network.loadingFailed", self._ended)
        cdp.send("Network.enable")
        self._frame = cdp.send("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def begin(self) -> None:
        """Forgets what was fetched so far: on the way to the page that is measured."""
        self.requests, self._headers, self._began = {}, {}, 0.0
        self._in_flight.clear()
        self._frames.begin()

    def quiet_for(self) -> float:
        """Seconds since anything was fetched; 0 while something is."""
        if self.waiting() or self._frames.are_fetching:
            self._last = monotonic()
            return 0.0
        return monotonic() - self._last

    def waiting(self) -> list[str]:
        """URLs of what did not come yet."""
        ended = self._workers | self._frames.documents()
        return [url for number in self._in_flight if (url := self.requests[number].url) not in ended]

    def fetched(self) -> list[Resource]:
        """Everything that came, also in frames of other sites."""
        frames = self._frames.documents()
        own = [item for item in self.requests.values() if item.duration or item.url not in frames]
        return [*own, *self._frames.unseen(own, self._began_at)]

    def _came(self, event: Mapping[str, Any]) -> None:
        self._decoded[event["requestId"]] += int(event["dataLength"])

    def _ended(self, event: Mapping[str, Any]) -> None:
        self._in_flight.discard(event["requestId"])
        self._last = monotonic()

    def _sent(self, event: Mapping[str, Any]) -> None:
        url = event["request"]["url"]
        is_document = event.get("type") == "Document" and event.get("frameId") == self._frame
        if is_document and not self._subject.is_allowed(url):
            self.strange_document = self.strange_document or url
        self.documents += is_document
        if not url.startswith(("http:", "https:")):
            return
        self._last = monotonic()
        if event.get("type") not in NEVER_ENDING:
            self._in_flight.add(event["requestId"])
        if not self._began:
            self._began, self._began_at = event["timestamp"], event["wallTime"]
        self.requests[event["requestId"]] = Resource(
            url=url,
            kind=event.get("type", "Other").lower(),
            started=event["timestamp"] - self._began,
            is_third_party=not is_own(urlsplit(url).hostname or "", self._subject.host),
        )

    def _received(self, event: Mapping[str, Any]) -> None:
        if (known := self.requests.get(event["requestId"])) is None:
            return
        answer = event["response"]
        if event.get("type") == "Document" and event.get("frameId") == self._frame:
            self.status = answer["status"]
        self._headers[event["requestId"]] = int(answer.get("encodedDataLength", 0))
        headers = {name.lower(): str(value) for name, value in answer["headers"].items()}
        self.requests[event["requestId"]] = replace(
            known,
            kind=event.get("type", known.kind).lower(),
            status=answer["status"],
            wait=max(0.0, (answer.get("timing") or {}).get("receiveHeadersStart", 0.0) / 1000),
            mime=answer.get("mimeType", ""),
            **_of_headers(headers),
        )

    def _finished(self, event: Mapping[str, Any]) -> None:
        self._ended(event)
        if known := self.requests.get(event["requestId"]):
            self.requests[event["requestId"]] = replace(
                known,
                decoded=self._decoded[event["requestId"]],
                size=max(0, int(event["encodedDataLength"]) - self._headers.get(event["requestId"], 0)),
                duration=max(0.0, event["timestamp"] - self._began - known.started),
            )


class FrameRequests:
    """Requests of all frames but the page itself. Frames of other sites (embeds, advertisements) have a process of
    their own, of which the page's session says nothing; Playwright follows them."""

    def __init__(self, page: Any, subject: PageVisit) -> None:
        self._main, self._subject = page.main_frame, subject
        self._in_flight: list[Any] = []
        self._finished: list[Any] = []
        page.on("request", self._sent)
        page.on("requestfinished", self._finish)
        page.on("requestfailed", self._fail)

    @property
    def are_fetching(self) -> bool:
        return bool(self._in_flight)

    def begin(self) -> None:
        """Forgets what was fetched so far."""
        self._in_flight.clear()
        self._finished.clear()

    def documents(self) -> frozenset[str]:
        """URLs of documents that came: the page's session does not see the end of those of other sites."""
        return frozenset(item.url for item in self._finished if item.is_navigation_request())

    def unseen(self, seen: Iterable[Resource], began: float) -> list[Resource]:
        """What was fetched and is not among `seen`, what the page's session knows to have ended; `began` is when the
        page's first request was sent, in s since 1970."""
        known = Counter(item.url for item in seen)
        resources = []
        for request in self._finished:
            if known[request.url]:
                known[request.url] -= 1
            elif request.redirected_to is None and (resource := self._resource(request, began)):
                resources.append(resource)
        return resources

    def _resource(self, request: Any, began: float) -> Resource | None:
        from playwright.sync_api import Error

        try:
            response, sizes = request.response(), request.sizes()
        except Error:  # its frame is gone
            return None
        if response is None:
            return None
        headers, timing = response.headers, request.timing
        length = headers.get("content-length", "")
        return Resource(
            url=request.url,
            kind=request.resource_type,
            status=response.status,
            size=max(0, sizes["responseBodySize"]),
            decoded=int(length) if length.isdigit() else 0,
            started=max(0.0, timing["startTime"] / 1000 - began),
            duration=max(0.0, timing["responseEnd"] / 1000),
            mime=headers.get("content-type", "").partition(";")[0],
            **_of_headers(headers),
            is_third_party=not is_own(urlsplit(request.url).hostname or "", self._subject.host),
        )

    def _sent(self, request: Any) -> None:
        if self._is_of_frame(request):
            self._in_flight.append(request)

    def _finish(self, request: Any) -> None:
        if request in self._in_flight:
            self._in_flight.remove(request)
            self._finished.append(request)

    def _fail(self, request: Any) -> None:
        if request in self._in_flight:
            self._in_flight.remove(request)

    def _is_of_frame(self, request: Any) -> bool:
        from playwright.sync_api import Error

        if not request.url.startswith(("http:", "https:")):
            return False
        with suppress(Error):  # of a worker, or of a frame that is not there yet: the page itself
            return bool(request.frame != self._main)
        return False


def _of_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """What the headers of an answer (names in lower case) say of packing, caches and the server's work."""
    status = next((f"{name}: {headers[name]}" for name in CACHE_HEADERS if headers.get(name, "0") != "0"), "")
    return {
        "encoding": headers.get("content-encoding", ""),
        "cache_control": headers.get("cache-control", ""),
        "cache_status": one_line(status, MAX_TEXT_CHARS),
        "server_timing": _server_timing(headers.get("server-timing", "")),
    }


def _server_timing(header: str) -> dict[str, float]:
    """Seconds by name; those of the same name together."""
    times: dict[str, float] = {}
    for entry in QUOTED.sub("", header[:MAX_HEADER_CHARS]).split(","):
        name, _, rest = entry.strip().partition(";")
        if match := DURATION.search(rest):
            times[name.strip()] = times.get(name.strip(), 0.0) + float(match[1]) / 1000
    return times
