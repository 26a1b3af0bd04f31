"""One keep-alive HTTP/1.1 connection: request bytes out, one Response back, with its times.

llhttp (httptools) parses. Its callbacks are methods written in C (of dicts and lists) wherever they come often: a
callback in Python for every header would cost more than the parsing.
"""

from __future__ import annotations

from time import monotonic_ns
from types import SimpleNamespace

import httptools

from perfgate.runtime.responses import ENCODING_NAMES, Response, decoded_size
from perfgate.runtime.wire import Wire

CLOCK_STEP = 1_000_000  # ns by which the wall clock may seem to outrun the monotonic one before it was set
PENDING = True
COOKIE_NAMES = frozenset({b"Set-Cookie", b"set-cookie", b"SET-COOKIE", b"Set-cookie"})


class Closed(ConnectionError):
    """The server closed the connection before the answer was complete."""


class Connection:
    """Used by one virtual user at a time. `reusable` says whether it may carry another request, `answered` whether
    anything of an answer to the last one has come, `idle_since` (monotonic ns) when that was complete; 0 when nothing
    can have come unasked since then."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.reusable = True
        self.answered = False
        self.idle_since = 0
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._begun: list[bool] = []  # one entry per message that llhttp has seen the beginning of
        self._head_pending: list[bool] = []  # emptied when the head is complete
        self._pending: list[bool] = []  # emptied when the answer is complete
        self._keeps_alive = False
        self._parser = self._new_parser()

    def _new_parser(self) -> httptools.HttpResponseParser:
        return httptools.HttpResponseParser(
            SimpleNamespace(
                on_message_begin=self._message_begin,
                on_header=self._headers.__setitem__,
                on_headers_complete=self._head_pending.clear,
                on_body=self._chunks.append,
                on_message_complete=self._message_complete,
            )
        )

    def _message_begin(self) -> None:
        """Raises to make llhttp stop where a second answer would begin: nobody asked for it."""
        if not self._pending:
            raise ValueError("more than one answer")
        self._begun.append(PENDING)

    def _message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._keeps_alive = self._parser.should_keep_alive()  # llhttp knows it only now
            self._pending.clear()
        else:  # an interim answer: the real one follows
            self._begun.pop()
            self._headers.clear()
            self._head_pending.append(PENDING)

    def exchange(self, request: bytes, *, keep_body: bool, no_body: bool, first_byte: int = 0) -> Response:
        """Sends the bytes and reads one response. `no_body` is for HEAD. The wire's deadline ends it; with
        `first_byte` (ns) the deadline is that much after the send until the first byte has come.

        Raises OSError (Closed is one), TimedOut or httptools.HttpParserError; the connection must be closed then.
        """
        wire, parser, pending = self.wire, self._parser, self._pending
        self.reusable = self.answered = False  # until all has gone well
        self._forget_last()
        deadline = wire.deadline
        if first_byte:
            wire.deadline = min(deadline, monotonic_ns() + first_byte)
        wire.sent = 0
        wire.send(request)
        size, first = 0, 0
        head: list[bytes] = []
        end = b""  # of the body
        while True:
            try:
                arrived, data = wire.receive()
            except ConnectionResetError:  # answered early and closed, the rest of the request unread
                if not first or self._head_pending or self._ends_itself() or not (wire.unsent or wire.refused):
                    raise
                break  # the reset is the end of the body
            if not data:
                if first and not self._head_pending and not self._ends_itself():
                    break  # the end of the connection is the end of the body
                raise Closed("closed in the middle of the answer" if first else "closed before it answered")
            if not first:
                if self.idle_since and not 0 < wire.sent <= arrived:
                    raise Closed("sent something before it was asked")
                self.answered = True
                first = arrived
                wire.deadline = deadline
            if self._head_pending:
                self._feed(data)
                # The head as it came is only needed where it sets cookies, of which there may be several.
                if self._head_pending or not COOKIE_NAMES.isdisjoint(self._headers):
                    head.append(bytes(data))
            else:
                self._feed(data)
            if not pending or (no_body and not self._head_pending):
                break
            if not keep_body and self._chunks:
                size += sum(map(len, self._chunks))
                end = _end(end, self._chunks)
                self._chunks.clear()
        self.idle_since = monotonic_ns()
        sent, elapsed = wire.sent, self.idle_since - wire.left
        wire.deadline = 0
        self.reusable = self._may_be_reused(no_body)
        if no_body:
            self._chunks.clear()
        body = b"".join(self._chunks) if keep_body else b""
        size += len(body) if keep_body else sum(map(len, self._chunks))
        headers = dict(self._headers)
        response = Response(parser.get_status_code(), headers, b"".join(head), body, size)
        if size and not ENCODING_NAMES.isdisjoint(headers):
            response.decoded = decoded_size(headers, size, _end(end, self._chunks))
        else:
            response.decoded = size
        service = arrived - sent
        if 0 < service <= elapsed + CLOCK_STEP:
            response.service, response.first_byte, response.delivery = service, first - sent, elapsed - service
        else:  # the wall clock, by which the kernel stamps, was set meanwhile
            response.service = response.first_byte = elapsed
            response.clock_stepped = True
        if no_body and pending:  # llhttp still waits for the body that a HEAD's answer only announces
            self._parser = self._new_parser()
            pending.clear()
        return response

    def _feed(self, data: memoryview) -> None:
        """Raises httptools.HttpParserError for what is no answer; what follows a whole answer is not ours."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise httptools.HttpParserError("101 Switching Protocols, which nobody asked for") from error
        except httptools.HttpParserError:
            if self._pending:
                raise
            self._begun.append(PENDING)

    def _forget_last(self) -> None:
        self._headers.clear()
        self._chunks.clear()
        self._begun.clear()
        self._pending.append(PENDING)
        self._head_pending.append(PENDING)

    def _header(self, name: bytes) -> bytes:
        """The value of a header in lower case; empty without it. `name` in lower case."""
        for key, value in self._headers.items():
            if len(key) == len(name) and key.lower() == name:
                return value.lower()
        return b""

    def _ends_itself(self) -> bool:
        return bool(self._header(b"content-length")) or b"chunked" in self._header(b"transfer-encoding")

    def _may_be_reused(self, no_body: bool) -> bool:
        # More than was asked for may be the beginning of anything; an answer to half a request leaves the other half.
        if self.wire.unsent or len(self._begun) != 1 or (no_body and self._chunks):
            return False
        if not no_body:
            return not self._pending and self._keeps_alive
        options = self._header(b"connection")  # llhttp waits for a body and has not decided (RFC 9112, section 9.3)
        return b"close" not in options and (self._parser.get_http_version() != "1.0" or b"keep-alive" in options)


def _end(before: bytes, chunks: list[bytes]) -> bytes:
    """The last four bytes of what the pieces are a part of."""
    last = chunks[-1] if chunks else before
    if len(last) >= 4:
        return last[-4:]
    return (before + b"".join(chunks))[-4:]
