"""One exchange: whatever way the bytes of an answer are cut into pieces, it is the same answer."""

from __future__ import annotations

from time import monotonic_ns, time_ns

import httptools
import pytest

from perfgate.runtime.http.connection import Closed, Connection, Unasked
from perfgate.runtime.http.responses import Response

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class FakeWire:
    """Hands out pieces of an answer, then the end of the connection; a piece may be an exception to raise."""

    def __init__(self, *pieces, skew: int = 0) -> None:
        self.message = b""
        self.sent = self.left = 0
        self.unsent = b""
        self.refused = False
        self.deadline = 0
        self.skew = skew
        self._pieces = list(pieces)

    def send(self, data: bytes) -> None:
        self.message += data
        self.sent, self.left = time_ns(), monotonic_ns()

    def receive(self) -> tuple[int, memoryview]:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, BaseException):
            raise piece
        return time_ns() + self.skew, memoryview(piece)


def exchange(*pieces, head: bool = False, keep_body: bool = True, skew: int = 0) -> tuple[Response, Connection]:
    connection = Connection(FakeWire(*pieces, skew=skew))
    return connection.exchange(REQUEST, keep_body=keep_body, no_body=head), connection


def told(*pieces, head: bool = False) -> tuple:
    """All that an answer says, and whether the connection may be used again."""
    response, connection = exchange(*pieces, head=head)
    assert response.size == len(response.body)
    return response.status, response.headers, response.cookies, response.body, connection.reusable


def cuts(data: bytes) -> list[tuple[bytes, ...]]:
    """In one piece, in two at every position, and byte by byte."""
    halves = [(data[:at], data[at:]) for at in range(1, len(data))]
    return [(data,), *halves, tuple(data[at : at + 1] for at in range(len(data)))]


ANSWERS = {
    "content-length": (OK, (200, {"content-length": "5"}, [], b"hello", True)),
    "empty": (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", (201, {"content-length": "0"}, [], b"", True)),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", (200, {"content-length": "2"}, [], b"hi", True)),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n",
        (200, {"transfer-encoding": "chunked"}, [], b"hello", True),
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n",
        (200, {"transfer-encoding": "Chunked"}, [], b"hello", True),
    ),
    "until the end": (b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello", (200, {"x-a": "b"}, [], b"hello", False)),
    "nothing until the end": (b"HTTP/1.1 200 OK\r\n\r\n", (200, {}, [], b"", False)),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", (204, {}, [], b"", True)),
    "no content but a length": (
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        (204, {"content-length": "5"}, [], b"", True),
    ),
    "not modified": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n",
        (304, {"content-length": "5", "etag": "x"}, [], b"", True),
    ),
    "100 first": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, {"content-length": "5"}, [], b"hello", True)),
    "103 first": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nSet-Cookie: early=1\r\nContent-Length: 9\r\n\r\n" + OK,
        (200, {"content-length": "5"}, [], b"hello", True),
    ),
    "102 and 103 first": (
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <b>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
        (200, {}, [], b"hello", False),
    ),
    "close": (
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\nhello",
        (200, {"connection": "Close", "content-length": "5"}, [], b"hello", False),
    ),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", (200, {"content-length": "2"}, [], b"hi", False)),
    "HTTP/1.0 until the end": (b"HTTP/1.0 200 OK\r\n\r\nhi", (200, {}, [], b"hi", False)),
    "HTTP/1.0 kept": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
        (200, {"connection": "keep-alive", "content-length": "2"}, [], b"hi", True),
    ),
    "cookies": (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n",
        (200, {"set-cookie": "a=1; Path=/, b=2", "content-length": "0"}, ["a=1; Path=/", "b=2"], b"", True),
    ),
    "odd headers": (
        b"HTTP/1.1 200 OK\r\nX-Empty:\r\nX-Spaces:  a b  \r\nX-Twice: 1\r\nX-Twice: 2\r\nX-Raw: Z\xc3\xbc\r\nContent-Length: 0\r\n\r\n",
        (
            200,
            {"x-empty": "", "x-spaces": "a b", "x-twice": "1, 2", "x-raw": "Zü", "content-length": "0"},
            [],
            b"",
            True,
        ),
    ),
    "an upgrade offered": (
        b"HTTP/1.1 200 OK\r\nUpgrade: h2,h2c\r\nConnection: Upgrade, Keep-Alive\r\nContent-Length: 2\r\n\r\nhi",
        (200, {"upgrade": "h2,h2c", "connection": "Upgrade, Keep-Alive", "content-length": "2"}, [], b"hi", True),
    ),
    "a status of its own": (
        b"HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n",
        (799, {"content-length": "0"}, [], b"", True),
    ),
}

HEAD_ANSWERS = {
    "content-length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        (200, {"content-length": "5000"}, [], b"", True),
    ),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        (200, {"transfer-encoding": "chunked"}, [], b"", True),
    ),
    "no length": (b"HTTP/1.1 200 OK\r\n\r\n", (200, {}, [], b"", True)),
    "100 first": (
        b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\n",
        (404, {"content-length": "7"}, [], b"", True),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_the_same_however_it_is_cut(name):
    data, expected = ANSWERS[name]
    for pieces in cuts(data):
        assert told(*pieces) == expected, pieces


@pytest.mark.parametrize("name", HEAD_ANSWERS)
def test_an_answer_to_head_ends_with_its_headers(name):
    data, expected = HEAD_ANSWERS[name]
    for pieces in cuts(data):
        assert told(*pieces, head=True) == expected, pieces


def test_the_request_is_sent_as_it_is():
    connection = Connection(FakeWire(OK))
    connection.exchange(REQUEST, keep_body=True, no_body=False)
    assert connection.wire.message == REQUEST


def test_a_body_that_nobody_reads_is_only_measured():
    response, _ = exchange(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", keep_body=False
    )
    assert (response.body, response.size) == (b"", 5)


@pytest.mark.parametrize("surplus", [OK, b"HTTP/1.1 500 Oops\r\nX-B: c\r\n\r\nmore", b"garbage", b"\r\n\r\n garbage"])
@pytest.mark.parametrize("answer", [OK, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"])
def test_what_follows_an_answer_is_no_part_of_it(answer, surplus):
    """As other clients have it: the answer counts, and the connection is not used again."""
    expected = told(answer)
    for pieces in cuts(answer + surplus):
        got = told(*pieces)
        assert got[:4] == expected[:4], pieces
    assert told(answer + surplus)[4] is False


def test_a_body_in_an_answer_to_head_is_no_part_of_it():
    assert told(OK, head=True) == (200, {"content-length": "5"}, [], b"", False)


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"<html>not http</html>",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello",
        b"\x15\x03\x03\x00\x02\x02\x46",
    ],
)
def test_what_is_not_http_is_an_error(garbage):
    for pieces in cuts(garbage):
        connection = Connection(FakeWire(*pieces, b" " * 100))
        with pytest.raises(httptools.HttpParserError):
            connection.exchange(REQUEST, keep_body=True, no_body=False)
        assert not connection.reusable


@pytest.mark.parametrize("name", ["content-length", "chunked", "trailers", "100 first", "close", "HTTP/1.0"])
def test_an_answer_that_ends_too_early_is_an_error_wherever_it_is_cut_off(name):
    data, _ = ANSWERS[name]
    for length in range(len(data)):
        connection = Connection(FakeWire(data[:length]) if length else FakeWire())
        with pytest.raises(Closed) as caught:
            connection.exchange(REQUEST, keep_body=True, no_body=False)
        assert connection.answered is (length > 0)
        assert str(caught.value) == ("closed in the middle of the answer" if length else "closed before it answered")
        assert not connection.reusable


def test_headers_that_end_too_early_are_not_the_end_of_a_body():
    data = b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n"
    for length in range(1, len(data)):
        with pytest.raises(Closed):
            exchange(data[:length])


@pytest.mark.parametrize("pieces", [(), (OK[:20],)])
def test_a_lost_connection_tells_whether_an_answer_had_begun(pieces):
    connection = Connection(FakeWire(*pieces, ConnectionResetError()))
    with pytest.raises(ConnectionResetError):
        connection.exchange(REQUEST, keep_body=True, no_body=False)
    assert connection.answered is bool(pieces)
    assert not connection.reusable


def test_times_are_those_at_which_the_bytes_arrived():
    before = monotonic_ns()
    response, _ = exchange(OK[:20], OK[20:])
    took = monotonic_ns() - before
    assert 0 <= response.first_byte <= response.service <= took
    assert 0 <= response.delivery <= took
    assert (response.wait, response.queue, response.clock_stepped) == (0, 0, False)


def test_what_came_before_the_question_is_no_answer():
    """Only on a connection that was not looked at since the last answer."""
    connection = Connection(FakeWire(OK, OK, OK))
    connection.exchange(REQUEST, keep_body=True, no_body=False)
    connection.idle_since, connection.wire.skew = 0, -3_600_000_000_000
    assert connection.exchange(REQUEST, keep_body=True, no_body=False).clock_stepped
    with pytest.raises(Unasked, match="before it was asked"):
        connection.exchange(REQUEST, keep_body=True, no_body=False)
    assert not connection.answered
    assert not connection.reusable


@pytest.mark.parametrize("skew", [-3_600_000_000_000, 3_600_000_000_000, 50_000_000])
def test_a_clock_that_was_set_meanwhile_does_not_count(skew):
    """An answer cannot arrive before it was asked for, nor after it was read."""
    before = monotonic_ns()
    response, _ = exchange(OK, skew=skew)
    assert response.clock_stepped
    assert 0 < response.service <= monotonic_ns() - before
    assert (response.first_byte, response.delivery) == (response.service, 0)
