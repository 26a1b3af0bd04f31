"""Answers that browsers and curl read, and a strict parser does not; and bytes that nobody asked for."""

from __future__ import annotations

import pytest
from runtime.scripted import Server, answers, ask
from runtime.test_runtime_connection import FakeWire, cuts

from perfgate.runtime.http.client import FastClient
from perfgate.runtime.http.connection import HEAD_FAULT, UNASKED, UNTIMED_END, Connection
from perfgate.runtime.http.dialling import origin
from perfgate.runtime.http.observations import Observations

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
NO_RETURN = "its lines end without a carriage return"
READ = {
    "folded": (
        b"HTTP/1.1 200 OK\r\nX-F: a\r\n b\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a b"},
        "it folds header lines",
    ),
    "folded with tabs": (
        b"HTTP/1.1 200 OK\r\nX-F: a \r\n\t b\r\n\tc\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a b c"},
        "it folds header lines",
    ),
    "bare LF": (b"HTTP/1.1 200 OK\nX-F: a\nContent-Length: 2\n\nhi", {"x-f": "a"}, NO_RETURN),
    "LF and CRLF": (b"HTTP/1.1 200 OK\r\nX-F: a\nContent-Length: 2\r\n\r\nhi", {"x-f": "a"}, NO_RETURN),
    "bare LF after early hints": (
        b"HTTP/1.1 103 Early Hints\nLink: <a>\n\nHTTP/1.1 200 OK\nX-F: a\nContent-Length: 2\n\nhi",
        {"x-f": "a"},
        NO_RETURN,
    ),
    "equal lengths": (
        b"HTTP/1.1 200 OK\r\nX-F: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "it has Content-Length more than once",
    ),
    "a list of equal lengths": (
        b"HTTP/1.1 200 OK\r\nX-F: a\r\nContent-Length: 2, 2\r\n\r\nhi",
        {"x-f": "a"},
        "it has Content-Length more than once",
    ),
    "a length and chunks": (
        b"HTTP/1.1 200 OK\r\nX-F: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        {"x-f": "a"},
        "it has both Content-Length and Transfer-Encoding",
    ),
    "identity": (
        b"HTTP/1.1 200 OK\r\nX-F: a\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "it has the Transfer-Encoding identity",
    ),
    "space before a colon": (
        b"HTTP/1.1 200 OK\r\nX-F : a\r\nContent-Length : 2\r\n\r\nhi",
        {"x-f": "a"},
        "it has a space before a colon",
    ),
    "a name with a space": (
        b"HTTP/1.1 200 OK\r\nX F: b\r\nX-F: a\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "it has a header whose name is none",
    ),
    "a line without a colon": (
        b"HTTP/1.1 200 OK\r\nX-F: a\r\nno header\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "it has a line that is no header",
    ),
    "lower case": (
        b"http/1.1 200 OK\r\nX-F: a\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "its status line is not as it should be",
    ),
    "two spaces before the status": (
        b"HTTP/1.1  200 OK\r\nX-F: a\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "its status line is not as it should be",
    ),
    "another version": (
        b"HTTP/1.2 200 OK\r\nX-F: a\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "its status line is not as it should be",
    ),
    "a length with a sign": (
        b"HTTP/1.1 200 OK\r\nX-F: a\r\nContent-Length: +2\r\n\r\nhi",
        {"x-f": "a"},
        "its Content-Length has a sign",
    ),
    "control characters": (
        b"HTTP/1.1 200 OK\r\nX-F: \x01a\x7f\r\nContent-Length: 2\r\n\r\nhi",
        {"x-f": "a"},
        "it has control characters in a header",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_user_agents_read_is_read_and_noted_however_it_is_cut(name):
    data, headers, fault = READ[name]
    for pieces in cuts(data):
        seen = Observations()
        connection = Connection(FakeWire(*pieces, data), seen)
        for _ in range(2):  # and the next answer on this connection
            got = connection.exchange(REQUEST, keep_body=True, no_body=False, endpoint="shop")
            assert (got.status, got.body, connection.reusable) == (200, b"hi", True), pieces
            assert got.headers["x-f"] == headers["x-f"], pieces
        assert seen.remarks == {("shop", HEAD_FAULT + fault): 2}


@pytest.mark.parametrize("length", [b"", b"-1", b"many"])
def test_a_length_that_is_no_number_counts_as_none(length):
    """Browsers then read to the end of the connection."""
    seen = Observations()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % length
    got = Connection(FakeWire(head + b"hi"), seen).exchange(REQUEST, keep_body=True, no_body=False, endpoint="shop")
    assert got.body == b"hi"
    assert set(seen.remarks) == {("shop", HEAD_FAULT + "its Content-Length is no number"), ("shop", UNTIMED_END)}


def test_spaces_after_a_chunk_size():
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nhi\r\n0\r\n\r\n"
    assert Connection(FakeWire(data)).exchange(REQUEST, keep_body=True, no_body=False).body == b"hi"


NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def client_and_observations(server: Server) -> tuple[FastClient, Observations]:
    seen = Observations()
    return FastClient(origin(server.url), observations=seen), seen


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("late", [b"late", b"5\r\nhello\r\n0\r\n\r\n", b'{"id": 7}\r\n', b"H"])
@pytest.mark.parametrize("together", [True, False])
def test_a_late_body_after_a_204_is_blamed_on_its_endpoint(method, late, together):
    """The healthy endpoint that comes next gets its answer."""

    def script(peer):
        peer.request()
        peer.send(NO_CONTENT)
        peer.request()
        for piece in (late + OK,) if together else (late, OK):
            peer.send(piece)
        peer.wait_for_end()

    with Server(script, answers(OK)) as server:
        client, seen = client_and_observations(server)
        assert ask(client, "DELETE", endpoint="remove").status == 204
        got = ask(client, method, endpoint="list")
        assert (got.status, got.body, got.failure) == (200, b"hello", None)
        assert list(seen.remarks) == [("remove", UNASKED)]
        assert ask(client, endpoint="list").body == b"hello"
        assert server.connections == 2


def test_a_body_after_the_answer_to_head_is_blamed_on_its_endpoint():
    def script(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        peer.request()
        peer.send(b"hello" + OK)
        peer.wait_for_end()

    with Server(script) as server:
        client, seen = client_and_observations(server)
        assert ask(client, "HEAD", endpoint="look").status == 200
        assert ask(client, endpoint="list").body == b"hello"
        assert list(seen.remarks) == [("look", UNASKED)]


def test_bytes_right_after_an_answer_are_blamed_on_its_endpoint():
    with Server(answers(OK + b"more")) as server:
        client, seen = client_and_observations(server)
        assert [ask(client, endpoint="list").body for _ in range(2)] == [b"hello"] * 2
        assert server.connections == 2
        assert list(seen.remarks) == [("list", UNASKED)]


def test_what_is_no_answer_fails_at_once_where_nothing_late_can_have_come():
    def script(peer):
        peer.request()
        peer.send(OK)
        peer.request()
        peer.send(b"garbage")
        peer.wait_for_end()

    with Server(script) as server:
        client, seen = client_and_observations(server)
        ask(client)
        assert ask(client).failure.kind == "protocol"
        assert not seen.remarks


def test_an_answer_that_ends_with_the_connection_is_noted():
    """The kernel tells when bytes came, not when a connection ended."""
    with Server(lambda peer: (peer.request(), peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello"))) as server:
        client, seen = client_and_observations(server)
        got = ask(client, endpoint="list")
        assert (got.body, got.delivery) == (b"hello", 0)
        assert seen.remarks == {("list", UNTIMED_END): 1}
