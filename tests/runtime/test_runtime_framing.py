"""Chunked bodies whose lines browsers and curl read, and a strict parser does not."""

from __future__ import annotations

import httptools
import pytest
from runtime.scripted import ok
from runtime.test_runtime_connection import FakeWire, cuts

from perfgate.runtime.http.connection import CHUNK_FAULT, MAX_RAW_BYTES, UNASKED, Connection
from perfgate.runtime.http.framing import BAD_EXTENSION, BAD_TRAILER, NO_RETURN
from perfgate.runtime.http.observations import Observations

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nX-F: a\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = {
    "bare LF": (HEAD + b"2\nhi\n5\n\nlot\n\n0\n\n", NO_RETURN),
    "sizes": (HEAD + b"2\nhi\r\n5\n\nlot\n\r\n0\n\r\n", NO_RETURN),
    "after data": (HEAD + b"2\r\nhi\n5\r\n\nlot\n\n0\r\n\r\n", NO_RETURN),
    "last line": (HEAD + b"7\r\nhi\nlot\n\r\n0\r\n\n", NO_RETURN),
    "last chunk": (HEAD + b"7;a=b\r\nhi\nlot\n\r\n0\n\n", NO_RETURN),
    "trailers": (HEAD + b"7\r\nhi\nlot\n\r\n0\r\nX-F: trailer\nX-G: b\n\n", NO_RETURN),
    "a trailer with a space": (HEAD + b"7\r\nhi\nlot\n\r\n0\r\nX F: trailer\r\n\r\n", BAD_TRAILER),
    "a control character": (HEAD + b"7;\x01\r\nhi\nlot\n\r\n0\r\n\r\n", BAD_EXTENSION),
}


@pytest.mark.parametrize("name", CHUNKED)
@pytest.mark.parametrize("keep_body", [True, False])
def test_chunks_that_user_agents_read_are_read_and_noted_however_they_are_cut(name, keep_body):
    data, fault = CHUNKED[name]
    healthy = ok(b"healthy")
    for pieces in cuts(data):
        seen = Observations()
        connection = Connection(FakeWire(*pieces, healthy, data), seen)
        for answer in (b"hi\nlot\n", b"healthy", b"hi\nlot\n"):  # on one connection
            got = connection.exchange(REQUEST, keep_body=keep_body, no_body=False, endpoint="shop")
            assert (got.status, got.size, connection.reusable) == (200, len(answer), True), pieces
            assert got.body == (answer if keep_body else b""), pieces
            assert got.headers.get("x-f", "a") == "a"
        assert seen.remarks == {("shop", CHUNK_FAULT + fault): 2}


@pytest.mark.parametrize("body", [b"x\nhi\n0\n\n", b"2\nhi!\n0\n\n", b"-2\nhi\n0\n\n", b"\nhi", b"2 2\nhi\n0\n\n"])
def test_chunks_that_nobody_reads_are_not_http(body):
    with pytest.raises(httptools.HttpParserError):
        Connection(FakeWire(HEAD + body)).exchange(REQUEST, keep_body=True, no_body=False)


def test_bytes_after_bare_chunks_end_the_connection():
    seen = Observations()
    connection = Connection(FakeWire(HEAD + b"2\nhi\n0\n\nmore"), seen)
    assert connection.exchange(REQUEST, keep_body=True, no_body=False, endpoint="shop").body == b"hi"
    assert not connection.reusable
    assert ("shop", UNASKED) in seen.remarks


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_large_body_keeps_its_size(pieces):
    """The bare line comes at the very end."""
    chunk = b"%x\r\n%b\r\n" % (MAX_RAW_BYTES // 16, b"a" * (MAX_RAW_BYTES // 16))
    data = HEAD + chunk * 12 + b"0\n\n"
    step = len(data) // pieces + 1
    wire = FakeWire(*(data[start : start + step] for start in range(0, len(data), step)))
    assert Connection(wire).exchange(REQUEST, keep_body=False, no_body=False).size == MAX_RAW_BYTES // 16 * 12
