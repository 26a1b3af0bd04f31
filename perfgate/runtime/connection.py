"""One keep-alive HTTP/1.1 connection: request bytes out, one Response back, with its times."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns, time_ns
from typing import Any

import httptools

from perfgate.runtime.responses import Response, Timing
from perfgate.runtime.wire import Wire

CLOCK_STEP = 1_000_000  # ns by which the wall clock may seem to outrun the monotonic one before it was set


class Closed(ConnectionError):
    """The server closed the connection before its answer was whole."""


class Message:
    """What llhttp tells of one response. `status` asks the parser for the status of what it is reading."""

    __slots__ = (
        "begun",
        "body",
        "complete",
        "cookies",
        "ends_itself",
        "headers",
        "keep_body",
        "no_body",
        "size",
        "status",
    )

    def __init__(self, *, keep_body: bool, no_body: bool) -> None:
        self.headers: dict[str, str] = {}
        self.cookies: list[str] = []
        self.body: list[bytes] = []
        self.size = 0
        self.keep_body, self.no_body = keep_body, no_body
        self.begun = self.complete = self.ends_itself = False
        self.status: Callable[[], int] | None = None

    def on_message_begin(self) -> None:
        """Raises to make llhttp stop where a second answer would begin: nobody asked for it."""
        if self.complete:
            raise ValueError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1").rstrip(" \t")  # llhttp leaves what stands before the line's end
        if key == "set-cookie":
            self.cookies.append(text)
        elif key == "content-length" or (key == "transfer-encoding" and "chunked" in text.lower()):
            self.ends_itself = True
        self.headers[key] = text

    def on_headers_complete(self) -> None:
        self.begun = True
        if self.no_body:
            self.complete = True

    def on_body(self, data: bytes) -> None:
        if self.complete:
            raise ValueError("a body in the answer to a HEAD")
        self.size += len(data)
        if self.keep_body:
            self.body.append(data)

    def on_message_complete(self) -> None:
        if self.status is not None and 100 <= self.status() < 200:
            self.restart()
        else:
            self.complete = True

    def restart(self) -> None:
        """Forgets an interim (1xx) answer: the real one follows."""
        self.headers.clear()
        self.cookies.clear()
        self.begun = self.complete = self.ends_itself = False


class Connection:
    """Used by one virtual user at a time. `reusable` says whether it may carry another request, `answered` whether
    anything of an answer to the last one has come."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.reusable = True
        self.answered = False

    def exchange(self, request: bytes, *, keep_body: bool, no_body: bool) -> Response:
        """Sends the bytes and reads one response; `no_body` is for HEAD.

        Raises OSError (Closed is one) or httptools.HttpParserError; the connection must be closed then.
        """
        self.reusable = self.answered = False  # until all has gone well
        message = Message(keep_body=keep_body, no_body=no_body)
        parser = httptools.HttpResponseParser(message)
        message.status = parser.get_status_code
        whole = True
        began, sent = monotonic_ns(), time_ns()
        self.wire.send(request)
        first = arrived = 0
        while not message.complete:
            arrived, data = self.wire.receive()
            if not data:
                if message.begun and not message.ends_itself:
                    break  # the end of the connection is the end of the body
                raise Closed("closed in the middle of the answer" if self.answered else "closed before it answered")
            first = first or arrived
            self.answered = True
            whole = _fed(parser, data, message)
        elapsed = monotonic_ns() - began
        status = message.status()
        message.status = None  # parser and message know each other: without this only the garbage collector frees them
        self.reusable = message.complete and whole and _keeps_alive(message.headers, parser.get_http_version())
        return Response(
            status=status,
            headers=message.headers,
            cookies=message.cookies,
            body=b"".join(message.body),
            size=message.size,
            timing=_timing(sent, first, arrived, elapsed),
        )


def _fed(parser: Any, data: bytes, message: Message) -> bool:
    """Whether the parser could use all of the data. False when more follows a whole answer: the answer counts, the
    rest is not ours. Raises httptools.HttpParserError for what is no answer."""
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade as error:
        raise httptools.HttpParserError("101 Switching Protocols, which nobody asked for") from error
    except httptools.HttpParserError:
        if not message.complete:
            raise
        return False
    return True


def _keeps_alive(headers: dict[str, str], version: str) -> bool:
    """Whether the server will take another request (RFC 9112, section 9.3). llhttp's own answer is only right while
    it parses."""
    options = headers.get("connection", "").lower()
    return "close" not in options and (version != "1.0" or "keep-alive" in options)


def _timing(sent: int, first: int, arrived: int, elapsed: int) -> Timing:
    """Times from the wall clock, by which the kernel stamps; from `elapsed` where that clock was set meanwhile."""
    service = arrived - sent
    if not 0 < service <= elapsed + CLOCK_STEP:
        return Timing(service=elapsed, first_byte=elapsed, clock_stepped=True)
    return Timing(service=service, first_byte=max(0, first - sent), delivery=max(0, elapsed - service))
