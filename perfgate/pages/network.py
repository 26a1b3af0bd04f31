"""What a page fetches, as Chromium's own events say it -> Resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from perfgate.model.page import Resource
from perfgate.pages.frames import FrameRequests
from perfgate.pages.visit import PageVisit, is_own

NEVER_ENDING = ("EventSource", "WebSocket", "Ping", "Prefetch")


class NetworkLog:
    """Requests since the view began, or since the step that leads to the page."""

    def __init__(self, cdp: Any, page: Any, subject: PageVisit) -> None:
        self.requests: dict[str, Resource] = {}
        self.status = 0  # of the latest document
        self.strange_document = ""  # the first document from a host that is not the target's
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

    def _ended(self, event: Mapping[str, Any]) -> None:
        self._in_flight.discard(event["requestId"])
        self._last = monotonic()

    def _sent(self, event: Mapping[str, Any]) -> None:
        url = event["request"]["url"]
        is_document = event.get("type") == "Document" and event.get("frameId") == self._frame
        if is_document and not self._subject.is_allowed(url):
            self.strange_document = self.strange_document or url
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
            encoding=headers.get("content-encoding", ""),
            cache_control=headers.get("cache-control", ""),
            decoded=int(headers["content-length"]) if headers.get("content-length", "").isdigit() else 0,
        )

    def _finished(self, event: Mapping[str, Any]) -> None:
        self._ended(event)
        if known := self.requests.get(event["requestId"]):
            self.requests[event["requestId"]] = replace(
                known,
                size=max(0, int(event["encodedDataLength"]) - self._headers.get(event["requestId"], 0)),
                duration=max(0.0, event["timestamp"] - self._began - known.started),
            )
