"""What a page fetches, as Chromium's own events say it -> Resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any

from perfgate.model.page import Resource
from perfgate.pages import headers
from perfgate.pages.incidents import OF_WORKER, not_fetched
from perfgate.pages.visit import PageVisit
from perfgate.text.plurals import counted

ENDLESS_KINDS = ("eventsource", "websocket", "ping", "prefetch")
IGNORED_TYPES = ("Other", "Ping", "Prefetch", "Preflight")  # icons, and what no visitor sees
MIN_FAILED_STATUS = {"Fetch": 500, "XHR": 500}  # a script may well ask for what is not there


class NetworkLog:
    """Requests since the view began, or since the step that leads to the page."""

    def __init__(self, cdp: Any, page: Any, subject: PageVisit) -> None:
        self.requests: dict[str, Resource] = {}
        self.status = 0  # of the latest document
        self.documents = self.navigations = 0  # that were asked for, with redirects and without
        self._missing: dict[str, str] = {}  # URLs of what did not come, and why
        self._of_worker: set[str] = set()  # requests that a service worker answered
        self.strange_document = ""  # the first document from a host that is not the target's
        self._decoded: Counter[str] = Counter()  # bytes of bodies, unpacked
        self._headers: dict[str, int] = {}  # bytes of the answers' headers: they vary, those of bodies do not
        self._began = self.began_at = 0.0  # the first request, by the browser's clock and in s since 1970
        self._subject = subject
        self._frame = cdp.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._in_flight: set[str] = set()
        self._workers: set[str] = set()  # URLs of their scripts
        self._last = monotonic()  # when anything was asked for or came
        self._frames = FrameRequests(page, subject)
        page.on("worker", lambda worker: self._workers.add(worker.url))  # Chromium says nothing of their end here
        cdp.on("Network.requestWillBeSent", self._sent)
        cdp.on("Network.responseReceived", self._received)
        cdp.on("Network.dataReceived", lambda event: self._decoded.update({event["requestId"]: event["dataLength"]}))
        cdp.on("Network.loadingFinished", self._finished)
        cdp.on("Network.loadingFailed", self._failed)
        cdp.send("Network.enable")

    def begin(self) -> None:
        """Forgets what was fetched so far."""
        self.requests, self._headers, self._began = {}, {}, 0.0
        self.status = self.navigations = 0
        for known in (self._missing, self._of_worker, self._in_flight):
            known.clear()
        self._frames.begin()

    def expect(self) -> None:  # what an act leads to may be asked for a moment later
        self._last = monotonic()

    def quiet_for(self) -> float:
        """Seconds since anything was fetched; 0 while something is."""
        if self.waiting() or self._frames.are_fetching:
            self._last = monotonic()
        return monotonic() - self._last

    def waiting(self) -> list[str]:
        """URLs of what did not come yet."""
        ended = self._workers | self._frames.documents()
        return [url for number in self._in_flight if (url := self.requests[number].url) not in ended]

    def notes(self) -> Iterator[str]:
        """What people should know of what was fetched."""
        if self._missing:
            yield not_fetched(self._missing)
        if self._of_worker:
            yield OF_WORKER.format(counted(len(self._of_worker), "request"))

    def fetched(self) -> list[Resource]:
        """Everything that came, also in frames of other sites."""
        frames = self._frames.documents()
        own = [item for item in self.requests.values() if item.duration or item.url not in frames]
        return [*own, *self._frames.unseen(own, self.began_at)]

    def _failed(self, event: Mapping[str, Any]) -> None:
        self._ended(event)
        if (known := self.requests.get(event["requestId"])) is None:
            return
        self.requests[event["requestId"]] = replace(known, duration=max(0.0, self._since(event) - known.started))
        reason = event.get("blockedReason") or event.get("errorText", "")
        if not event.get("canceled") and "ERR_ABORTED" not in reason and event["type"] not in IGNORED_TYPES:
            self._missing.setdefault(known.url, reason)

    def _since(self, event: Mapping[str, Any]) -> float:  # s from when times count
        return float(event["timestamp"]) - self._began

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
        if event.get("type", "").lower() not in ENDLESS_KINDS:
            self._in_flight.add(event["requestId"])
        if event.get("redirectResponse"):
            self._keep_redirect(event, url)
        if is_document and not event.get("redirectResponse"):
            self.navigations += 1
            self._count_from(event)
        if not self._began:
            self._began, self.began_at = event["timestamp"], event["wallTime"]
        self.requests[event["requestId"]] = Resource(
            url=url,
            kind=event.get("type", "Other").lower(),
            started=self._since(event),
            is_third_party=self._subject.is_third_party(url),
        )

    def _keep_redirect(self, event: Mapping[str, Any], url: str) -> None:
        """Keeps the answer that leads to `url`: a request of its own, which Chromium gives the same number."""
        if known := self.requests.pop(event["requestId"], None):
            lasted, status = self._since(event) - known.started, event["redirectResponse"]["status"]
            redirect = replace(known, status=status, duration=lasted, wait=lasted, redirected_to=url)
            self.requests[f"{event['requestId']} redirect {len(self.requests)}"] = redirect

    def _count_from(self, event: Mapping[str, Any]) -> None:
        """Times count from the latest document, as the page's own clock does."""
        late = event["timestamp"] - self._began if self._began else 0.0
        self.requests = {number: replace(it, started=it.started - late) for number, it in self.requests.items()}
        self._began, self.began_at = event["timestamp"], event["wallTime"]

    def _received(self, event: Mapping[str, Any]) -> None:
        if (known := self.requests.get(event["requestId"])) is None:
            return
        answer = event["response"]
        if event.get("type") == "Document" and event.get("frameId") == self._frame:
            self.status = answer["status"]
        elif answer["status"] >= MIN_FAILED_STATUS.get(event["type"], 400) and event["type"] not in IGNORED_TYPES:
            self._missing.setdefault(known.url, str(answer["status"]))
        if answer.get("fromServiceWorker"):
            self._of_worker.add(event["requestId"])
        self._headers[event["requestId"]] = int(answer.get("encodedDataLength", 0))
        named = {name.lower(): str(value) for name, value in answer["headers"].items()}
        self.requests[event["requestId"]] = replace(
            known,
            kind=event.get("type", known.kind).lower(),
            status=answer["status"],
            wait=max(0.0, (answer.get("timing") or {}).get("receiveHeadersStart", 0.0) / 1000),
            mime=answer.get("mimeType", ""),
            **headers.facts(named),
        )

    def _finished(self, event: Mapping[str, Any]) -> None:
        self._ended(event)
        if known := self.requests.get(event["requestId"]):
            self.requests[event["requestId"]] = replace(
                known,
                decoded=self._decoded[event["requestId"]],
                size=max(0, int(event["encodedDataLength"]) - self._headers.get(event["requestId"], 0)),
                duration=max(0.0, self._since(event) - known.started),
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
        page.on("requestfailed", self._end)

    @property
    def are_fetching(self) -> bool:  # of a frame that is gone nobody says how its requests end
        return any(it.resource_type not in ENDLESS_KINDS and not it.frame.is_detached() for it in self._in_flight)

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
        named, timing = response.headers, request.timing
        length = named.get("content-length", "")
        return Resource(
            url=request.url,
            kind=request.resource_type,
            status=response.status,
            size=max(0, sizes["responseBodySize"]),
            decoded=int(length) if length.isdigit() else 0,
            started=max(0.0, timing["startTime"] / 1000 - began),
            duration=max(0.0, timing["responseEnd"] / 1000),
            mime=named.get("content-type", "").partition(";")[0],
            **headers.facts(named),
            is_third_party=self._subject.is_third_party(request.url),
        )

    def _sent(self, request: Any) -> None:
        if self._is_of_frame(request):
            self._in_flight.append(request)

    def _finish(self, request: Any) -> None:
        if self._end(request):
            self._finished.append(request)

    def _end(self, request: Any) -> bool:
        if is_known := request in self._in_flight:
            self._in_flight.remove(request)
        return is_known

    def _is_of_frame(self, request: Any) -> bool:
        from playwright.sync_api import Error

        with suppress(Error):  # of a worker, or of a frame that is not there yet: the page itself
            return request.url.startswith(("http:", "https:")) and bool(request.frame != self._main)
        return False
