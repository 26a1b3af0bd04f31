"""Requests of frames from other sites (embeds, advertisements). Chromium keeps each in a process of its own, of which the
page's session says nothing; Playwright follows them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from perfgate.model.page import Resource
from perfgate.pages.visit import PageVisit, is_own


class FrameRequests:
    """Requests of all frames but the page itself."""

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
        """What was fetched and is not among `seen`, the finished requests that the page's session knows; `began` is when
        the page's first request was sent, in s since 1970."""
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
            encoding=headers.get("content-encoding", ""),
            cache_control=headers.get("cache-control", ""),
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
            return request.frame != self._main
        return False
