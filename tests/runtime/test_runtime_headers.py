"""Headers of answers: RFC 9110, sections 5.1 to 5.3."""

from __future__ import annotations

import gzip

import pytest
from runtime.scripted import Server, answers, ask, client_of

from perfgate.runtime.http.headers import Headers, final_head
from perfgate.runtime.scenario.expectations import header

ANSWER = (
    b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\ncaChe-contrOl: private\r\nX-Kind: real\r\n"
    b"Set-Cookie: a=1\r\nsET-cOOKIE: b=2\r\nX-Name: Z\xc3\xbcrich\r\nX-Old: Z\xfcrich\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Kind: trailer\r\nContent-Encoding: br\r\n\r\n"
)


@pytest.fixture
def response():
    with Server(answers(ANSWER)) as server:
        yield ask(client_of(server))


def test_lines_of_one_name_are_one_value_in_their_order(response):
    assert response.headers["Cache-Control"] == "no-store, private"
    assert header("Cache-Control", contains="no-store")(response) is None
    assert header("cache-control", contains="private")(response) is None


def test_names_are_the_same_in_any_case(response):
    assert response.headers["CACHE-CONTROL"] == response.headers.get("cache-control")
    assert "x-KIND" in response.headers
    assert response.headers.get("x-none") is None


def test_trailers_are_no_headers(response):
    assert response.headers["x-kind"] == "real"
    assert "content-encoding" not in response.headers
    assert response.text == "hello"


def test_cookies_are_never_joined(response):
    assert response.cookies == response.headers.all("set-cookie") == ["a=1", "b=2"]
    for condition in ({"contains": "a=1"}, {"matches": "^b=2$"}):
        assert header("Set-Cookie", **condition)(response) is None
    assert (
        header("Set-Cookie", contains="c=3")(response) == "header Set-Cookie: expected it to contain 'c=3', got 'b=2'"
    )


def test_values_are_utf_8_or_else_latin_1(response):
    assert response.headers["x-name"] == response.headers["x-old"] == "Zürich"


@pytest.mark.parametrize("name", ["cOnTent-EnCoding", "CONTENT-ENCODING", "content-encoding"])
def test_an_encoding_is_known_in_any_case(name):

    body = gzip.compress(b"hello")
    answer = f"HTTP/1.1 200 OK\r\n{name}: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with Server(answers(answer)) as server:
        got = ask(client_of(server))
    assert (got.decoded, got.text) == (5, "hello")


def test_a_head_longer_than_what_comes_at_once_is_whole():
    lines = b"".join(b"X-%d: %b\r\n" % (number, b"v" * 1000) for number in range(60))
    with Server(answers(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000)) as server:
        got = ask(client_of(server))
    assert (len(got.headers), got.size, got.headers["x-59"]) == (61, 100_000, "v" * 1000)


def test_a_large_body_is_not_kept_with_its_head():
    with Server(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000)) as server:
        got = ask(client_of(server), keep_body=False)
    assert (got.size, len(got.headers)) == (300_000, 1)
    assert len(got.head) <= 1 << 14


def test_lengths_can_be_expected(response):
    with Server(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) as server:
        assert header("content-length")(ask(client_of(server))) is None
    assert header("content-length")(response) == "header content-length: expected existence to be True, got nothing"


def test_interim_heads_are_left_out():
    head = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nX: y"
    assert final_head(head + b"\r\n\r\nbody") == b"HTTP/1.1 200 OK\r\nX: y"
    assert dict(Headers(head + b"\r\n\r\n")) == {"x": "y"}
