"""One keep-alive HTTP/1.1 connection: request bytes out, one Response back, with its times.

llhttp (httptools) parses. Its callbacks are methods written in C (of lists) wherever they come often; of the headers
it has none: they are kept as they came and read when somebody wants them.
"""

from __future__ import annotations

from time import monotonic_ns
from types import SimpleNamespace

import httptools

from perfgate.runtime.http.framing import Framing
from perfgate.runtime.http.headers import Headers, coding_fault, final_head, final_head_span, is_chunked
from perfgate.runtime.http.mending import BEGINNING, is_possible_beginning, mended
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.http.responses import Failure, Response, decoded_size
from perfgate.runtime.http.wire import Wire

CLOCK_STEP_NS = 1_000_000  # ns by which the wall clock may seem to outrun the monotonic one before it was set
PENDING = True
MAX_KEPT_BYTES = 1 << 14  # of what came first: nearly all heads are shorter
UNASKED = "the server sent bytes after the end of its answer; the connection was not used again"
MAX_RAW_BYTES = 1 << 20  # bytes of a chunked answer that may be read anew
HEAD_FAULT = "the head of its answer is not quite HTTP, but was read: "
CHUNK_FAULT = "the chunked body of its answer is not quite HTTP, but was read: "
UNTIMED_END = "its answer ends with the connection: that end is timed in user space, not by the kernel"


class Closed(ConnectionError):
    """The server closed the connection before the answer was complete."""


class Unasked(ConnectionError):
    """The server sent something before it had the request."""


class Connection:
    """Serves one virtual user at a time. `reusable` says whether it may carry another request, `answered` whether
    anything of an answer to the last one has come, `ended` (monotonic ns) when that was complete; `idle_since` is the
    same, or 0 when nothing can have come unasked since then. `endpoint` names whom the last answer was for."""

    def __init__(self, wire: Wire, observations: Observations | None = None) -> None:
        self.wire = wire
        self.observations = observations or Observations()
        self.reusable = True
        self.answered = False
        self.idle_since = self.ended = 0
        self.endpoint = self._previous = ""
        self._unasked = False  # whether anything came that nobody asked for
        self._interim = False  # whether other answers came before this one
        self._error = httptools.HttpParserError()  # what llhttp said last
        self._bodiless = False  # the last answer had no body by its nature, whatever its server believes
        self._head: list[bytes] = []  # of this answer, as it came
        self._refused = b""  # what llhttp refused, until enough is there to mend it
        self._raw: bytearray | None = None  # of a chunked answer that comes in several pieces
        self._framing: Framing | None = None  # reads its chunks where llhttp does not
        self._chunks: list[bytes] = []
        self._begun: list[bool] = []  # one entry per message that llhttp has seen the beginning of
        self._head_pending: list[bool] = []  # emptied when the head is complete
        self._pending: list[bool] = []  # emptied when the answer is complete
        self._keeps_alive = False
        self._is_chunked = False  # the answer so far
        self._parser = self._new_parser()

    def _new_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(
            SimpleNamespace(
                on_message_begin=self._message_begin,
                on_headers_complete=self._head_pending.clear,
                on_body=self._chunks.append,
                on_chunk_header=self._chunk_begin,
                on_message_complete=self._message_complete,
            )
        )
        parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        return parser

    def _message_begin(self) -> None:
        """Raises to make llhttp stop where a second answer would begin: nobody asked for it."""
        if not self._pending:
            raise ValueError("more than one answer")
        self._begun.append(PENDING)

    def _chunk_begin(self) -> None:
        self._is_chunked = True

    def _message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._keeps_alive = self._parser.should_keep_alive()  # llhttp knows it only now
            self._pending.clear()
        else:  # an interim answer: the real one follows
            self._begun.pop()
            self._interim = True
            self._head_pending.append(PENDING)

    def exchange(
        self, request: bytes, *, keep_body: bool, no_body: bool, first_byte: int = 0, endpoint: str = ""
    ) -> Response:
        """Sends the bytes and reads one response. `no_body` is for HEAD. The wire's deadline ends it; with
        `first_byte` (ns) the deadline is that much after the send until the first byte has come.

        Raises OSError (Closed is one), TimedOut or httptools.HttpParserError; the connection must be closed then.
        """
        wire, pending, chunks = self.wire, self._pending, self._chunks
        self.reusable = self.answered = False  # until all has gone well
        self._forget_last(endpoint)
        deadline = wire.deadline
        if first_byte:
            wire.deadline = min(deadline, monotonic_ns() + first_byte)
        wire.sent = 0
        wire.send(request)
        size, first = 0, 0
        end = b""  # of the body
        closed = False  # the end of the connection was the end of the body
        while True:
            try:
                arrived, data = wire.receive()
            except ConnectionResetError:  # answered early and closed, the rest of the request unread
                if not first or not self._ends_with_connection() or not (wire.unsent or wire.refused):
                    raise
                break  # the reset is the end of the body
            if not data:
                closed = self._closes()
                break
            if not first:
                if self.idle_since and not 0 < wire.sent <= arrived:
                    self._blame_previous()
                    if data[: len(BEGINNING)] == BEGINNING or not wire.sent:
                        raise Unasked("sent something before it was asked")
                    continue  # no answer: the rest of the last one's
                self.answered = True
                first = arrived
                wire.deadline = deadline
            if self._head_pending:
                self._feed_head(data)
                if not self.answered:  # none of it was of an answer
                    first = 0
            elif self._feed_body(data):
                size, end = 0, b""
            if not pending or (no_body and not self._head_pending):
                break
            if not keep_body and chunks:
                size += sum(map(len, chunks))
                end = _end(end, chunks)
                chunks.clear()
        self.idle_since = self.ended = monotonic_ns()
        sent, elapsed = wire.sent, self.ended - wire.left
        wire.deadline = 0
        status = self._parser.get_status_code()
        self._bodiless = no_body or status == 204 or status == 304
        self.reusable = self._may_be_reused(no_body)
        if no_body:
            chunks.clear()
        body = b"".join(chunks) if keep_body else b""
        size += len(body) if keep_body else sum(map(len, chunks))
        head = b"".join(self._head)
        names = (head if self._interim else head[: head.find(b"\r\n\r\n")]).lower()
        response = Response(status, head, body, size, b"\nset-cookie:" in names, b"\ncontent-encoding:" in names)
        response.decoded = decoded_size(response, _end(end, chunks)) if response.encoded else size
        if self._is_chunked and (fault := coding_fault(head)):
            response.failure, self.reusable = Failure("protocol", fault), False
        service = arrived - sent
        if 0 < service <= elapsed + CLOCK_STEP_NS:
            response.service, response.first_byte = service, first - sent
            response.delivery = 0 if closed else elapsed - service
        else:  # the wall clock, by which the kernel stamps, was set meanwhile
            response.service = response.first_byte = elapsed
            response.clock_stepped = True
        if no_body and pending:  # llhttp still waits for the body that a HEAD's answer only announces
            self._parser = self._new_parser()
            pending.clear()
        return response

    def _feed(self, data: bytes | memoryview) -> None:
        """Raises httptools.HttpParserError for what is no answer; what follows a whole answer is not ours."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise httptools.HttpParserError("101 Switching Protocols, which nobody asked for") from error
        except httptools.HttpParserError:
            if self._pending:
                raise
            self._begun.append(PENDING)

    def _feed_head(self, data: memoryview) -> None:
        """Raises httptools.HttpParserError for what nobody reads as an answer."""
        if self._refused:
            self._mend(self._refused + data)
            return
        head = self._head
        head.append(_kept(data))
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._error = error
            if self._head_pending:
                self._mend(b"".join(head[:-1]) + data)
            else:
                self._reframe(b"".join(head[:-1]) + data)

    def _mend(self, data: bytes) -> None:
        """Reads on from `data`, all that has come, after llhttp has refused it; waits for more where that may help.
        Raises what llhttp said where nothing can be done."""
        if self._bodiless and not data.startswith(BEGINNING[: len(data)]):
            self._skip_unasked(data)
            return
        if not is_possible_beginning(data):
            raise self._error
        again = mended(data)
        self._refused = data if again is None else b""
        if again is None:
            return
        if not again.faults:
            raise self._error
        for fault in again.faults:
            self.observations.remark(self.endpoint, HEAD_FAULT + fault)
        self._restart(again.data)

    def _skip_unasked(self, data: bytes) -> None:
        """Leaves out the late body of the last answer, whose status has none."""
        self._blame_previous()
        start = data.find(BEGINNING)
        if start >= 0:
            self._bodiless = False
            self._restart(data[start:])
            return
        self.answered = False
        self._refused = data[1 - len(BEGINNING) :]

    def _restart(self, data: bytes) -> None:
        self.answered = True
        self._refused = b""
        self._head[:] = [_kept(data)]
        self._begun.clear()
        self._parser = self._new_parser()
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._error = error
            if self._head_pending:
                self._mend(data)
            else:
                self._reframe(data)

    def _feed_body(self, data: memoryview) -> bool:
        """Returns True when the body has been read anew from its beginning. Raises httptools.HttpParserError."""
        if self._framing is not None:
            self._feed_chunks(self._framing, data)
            return False
        raw = self._raw
        if raw is None:
            raw = self._raw = bytearray()
            head = b"".join(self._head)
            if is_chunked(Headers(head)):
                raw += head
        if raw and len(raw) < MAX_RAW_BYTES:
            raw += data
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._error = error
            self._reframe(bytes(raw) if len(raw) < MAX_RAW_BYTES else b"")
            return True
        return False

    def _reframe(self, data: bytes) -> None:
        """Reads a chunked answer anew from `data`, all that has come, after llhttp has refused a line of its body.
        Raises what llhttp said where nothing can be done."""
        start, end = final_head_span(data)
        if not self._pending or not is_chunked(Headers(data)):
            raise self._error
        self._begun.clear()
        self._chunks.clear()
        self._parser = self._new_parser()
        self._framing = Framing()
        self._feed(data[start : end + 4])
        self._feed_chunks(self._framing, data[end + 4 :])

    def _feed_chunks(self, framing: Framing, data: bytes | memoryview) -> None:
        self._feed(framing.feed(bytes(data)))
        if not framing.is_complete:
            return
        if not framing.faults:
            raise self._error
        for fault in framing.faults:
            self.observations.remark(self.endpoint, CHUNK_FAULT + fault)
        if framing.surplus:
            self._begun.append(PENDING)

    def blame_last(self) -> None:
        """Something came that nobody asked for: names whose answer came last."""
        self.observations.remark(self.endpoint, UNASKED)

    def _blame_previous(self) -> None:
        """Handles a failure while an answer is waited for. The connection will not be used again."""
        if not self._unasked:
            self.observations.remark(self._previous, UNASKED)
        self._unasked = True

    def _forget_last(self, endpoint: str) -> None:
        self._previous, self.endpoint = self.endpoint, endpoint
        self._head.clear()
        self._chunks.clear()
        self._begun.clear()
        self._interim = False
        self._raw = self._framing = None
        self._is_chunked = False
        self._pending.append(PENDING)
        self._head_pending.append(PENDING)

    def _closes(self) -> bool:
        """Returns True when the end of the connection is the end of the body. Raises Closed, or what was refused."""
        if self.answered and self._refused:
            raise self._error
        if not self._ends_with_connection():
            raise Closed("closed in the middle of the answer" if self.answered else "closed before it answered")
        self.observations.remark(self.endpoint, UNTIMED_END)
        return True

    def _ends_with_connection(self) -> bool:
        if not self.answered or self._head_pending:
            return False
        headers = Headers(b"".join(self._head))
        return "content-length" not in headers and not is_chunked(headers)

    def _may_be_reused(self, no_body: bool) -> bool:
        if len(self._begun) != 1 or (no_body and self._chunks):  # it may be the beginning of anything
            self.blame_last()
            return False
        if self.wire.unsent or self._unasked:  # an answer to half a request leaves the other half
            return False
        if not no_body:
            return not self._pending and self._keeps_alive
        # llhttp waits for a body and has not decided (RFC 9112, section 9.3)
        options = Headers(b"".join(self._head)).get("connection", "").lower()
        return "close" not in options and (self._parser.get_http_version() != "1.0" or "keep-alive" in options)


def _kept(data: bytes | memoryview) -> bytes:
    """The beginning of an answer, up to the end of its head at least; of a chunked one all of it."""
    if len(data) <= MAX_KEPT_BYTES:
        return bytes(data)
    beginning = bytes(data[:MAX_KEPT_BYTES])
    head = final_head(beginning)
    return beginning if len(head) < MAX_KEPT_BYTES - 4 and b"chunked" not in head.lower() else bytes(data)


def _end(before: bytes, chunks: list[bytes]) -> bytes:
    """The last four bytes of what the pieces are a part of."""
    last = chunks[-1] if chunks else before
    if len(last) >= 4:
        return last[-4:]
    return (before + b"".join(chunks))[-4:]
