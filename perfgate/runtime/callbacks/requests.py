"""Requests of a connection on which callbacks come: parsed by llhttp, and bounded."""

from __future__ import annotations

from typing import NamedTuple

import httptools

MAX_REQUEST_BYTES = 1 << 20  # with its head; a callback says that a job is done, and brings no result


class TooLarge(Exception):
    """A request is longer than any callback needs to be."""


class CallbackRequest(NamedTuple):
    method: str
    path: str
    body: bytes
    keeps_alive: bool


class RequestParser:
    """Requests as they come. `must_continue` says that the client waits for `100 Continue` before it sends the body."""

    def __init__(self) -> None:
        self.must_continue = False
        self._parser = httptools.HttpRequestParser(self)
        self._complete: list[CallbackRequest] = []
        self._size = 0
        self._begin()

    def _begin(self) -> None:
        self._url, self._body, self._expects = b"", bytearray(), False

    def feed(self, data: bytes) -> list[CallbackRequest]:
        """Returns the requests that are complete now. Raises httptools.HttpParserError or TooLarge."""
        self._size += len(data)
        self._parser.feed_data(data)
        complete, self._complete = self._complete, []
        if complete:
            self._size = 0
        elif self._size > MAX_REQUEST_BYTES:
            raise TooLarge
        return complete

    # what llhttp calls

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self._expects = True

    def on_headers_complete(self) -> None:
        self.must_continue = self._expects

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.must_continue = False
        method = self._parser.get_method().decode("latin-1")
        path = self._url.decode("latin-1").partition("?")[0]
        self._complete.append(CallbackRequest(method, path, bytes(self._body), self._parser.should_keep_alive()))
