"""Answers and connections that users of other load generators (k6, Locust, Artillery, wrk, vegeta, Gatling, autocannon)
reported as handled wrongly there; each with what is right."""

from __future__ import annotations

import gzip

import pytest
from runtime.scripted import Server, answers, ask, client_of, ok

from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.scenario.captures import from_cookie
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import json_path, text
from perfgate.runtime.scenario.json_paths import MISSING
from perfgate.runtime.users.redirects import location_of, next_method


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("line", ["Content-Encoding: gzip", "Content-Encoding: br", "Transfer-Encoding: chunked"])
def test_an_encoding_of_no_body(status, line):
    """k6: "error decompressing response body (EOF)" for a 204 that names an encoding."""
    answer = f"HTTP/1.1 {status}\r\n{line}\r\n\r\n".encode()
    with Server(answers(answer, ok())) as server:
        client = client_of(server)
        first, second = ask(client), ask(client)
        assert (first.failure, first.text, text("")(first)) == (None, "", None)
        assert (second.body, server.connections) == (b"hello", 1)


def test_an_empty_body_that_is_said_to_be_gzip():
    """k6, the same for a 200 with a length of 0."""
    with Server(answers(ok(b"", "Content-Encoding: gzip"))) as server:
        assert ask(client_of(server)).text == ""


def test_a_body_that_is_no_gzip_although_it_says_so():
    """k6: the request fails with "gzip: invalid header", also where nobody looks at the body."""
    with Server(answers(ok(b"plain", "Content-Encoding: gzip"))) as server:
        got = ask(client_of(server))
    assert got.failure is None
    assert text("plain")(got).startswith("text: not valid gzip")


def test_bytes_after_a_gzip_member_are_no_part_of_the_text():
    """Padding that some servers and proxies leave behind."""
    with Server(answers(ok(gzip.compress(b"hello") + b"\r\n", "Content-Encoding: gzip"))) as server:
        assert ask(client_of(server)).text == "hello"


def test_an_answer_without_a_length_is_no_read_error():
    """wrk: every answer of a server that ends them with the connection is a read error."""
    with Server(
        lambda peer: (peer.request(), peer.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nhello"))
    ) as server:
        client = client_of(server)
        assert [(one.failure, one.body) for one in (ask(client), ask(client))] == [(None, b"hello")] * 2


def test_two_answers_to_one_request():
    """Locust: "A new response began before end", and the visitor dies of it."""
    with Server(answers(ok(b"one") + ok(b"two"), ok(b"three"))) as server:
        client = client_of(server)
        assert [ask(client).body for _ in range(2)] == [b"one"] * 2
        assert server.connections == 2


def test_a_large_download_that_is_cut_off():
    """Locust: an exception in the visitor ("stream ended at an unexpected time") instead of a failure."""

    def script(peer):
        peer.request()
        peer.send(ok(b"x" * 3_000_000)[:-1])

    with Server(script) as server:
        got = ask(client_of(server), keep_body=False)
    assert got.failure == Failure("connection", "closed in the middle of the answer")


def test_an_error_page_that_comes_before_the_body_was_sent():
    """autocannon: EPIPE instead of the server's answer of 413."""

    def script(peer):
        peer.socket.recv(100)
        peer.send(ok(b"too large", "Connection: close", status="413 Content Too Large"))
        peer.socket.recv(1 << 16)

    with Server(script) as server:
        got = ask(client_of(server), "POST", body=b"x" * 5_000_000)
    assert (got.status, got.body, got.failure) == (413, b"too large", None)


def test_a_last_chunk_whose_empty_line_is_missing_is_cut_off():
    """curl says so too; some servers forget it and close."""
    with Server(
        lambda peer: (peer.request(), peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"))
    ) as server:
        assert ask(client_of(server)).failure == Failure("connection", "closed in the middle of the answer")


def test_headers_that_come_twice_are_all_there():
    """k6, Locust and others: the first or the last of two `Link` lines is lost."""
    with Server(answers(ok(b"", "Link: <a>; rel=next", "LINK: <b>; rel=prev"))) as server:
        assert ask(client_of(server)).headers["link"] == "<a>; rel=next, <b>; rel=prev"


def test_a_poorly_encoded_location_is_read_as_its_bytes():
    """Gatling: raw UTF-8 and spaces in a Location."""
    with Server(answers(ok(b"", "Location: /caf\xe9 \u20ac", status="302 Found"))) as server:
        got = ask(client_of(server))
    assert got.location == "/caf\xe9 \u20ac".encode().decode("latin-1")


@pytest.mark.parametrize("lines", ["chunked\r\nTransfer-Encoding: chunked", "chunked, chunked", "gzip, chunked"])
def test_an_answer_is_chunked_once_and_nothing_else(lines):
    """kubernetes/ingress-nginx issue 11162: proxies answer 502 where a service sends `chunked` twice; read as one, the
    test would pass and production fail."""
    answer = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {lines}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n".encode()
    with Server(answers(answer), answers(ok())) as server:
        client = client_of(server)
        assert ask(client).failure.detail.startswith("its Transfer-Encoding is ")
        assert ask(client).body == b"hello"


@pytest.mark.parametrize(
    ("charset", "value"), [("iso-8859-1", "caf\u00e9"), ("windows-1252", "\u20ac"), ("utf-16", "\u0436")]
)
def test_json_is_read_in_the_charset_that_its_headers_name(charset, value):
    """request/request issue 2836 and jqlang/jq issue 45, of other encodings than UTF-8."""
    body = f'{{"a": "{value}"}}'.encode(charset)
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=%b\r\nContent-Length: %d\r\n\r\n%b"
    with Server(answers(answer % (charset.encode(), len(body), body))) as server:
        assert ask(client_of(server)).json == {"a": value}


@pytest.mark.parametrize(
    ("line", "page", "read"),
    [
        ("text/html; charset=idna", b"tea", "tea"),  # codecs of Python that are no charset
        ("text/html; charset=punycode", b"tea-xyz", "tea-xyz"),
        ("text/html", b"<meta charset=utf-16>caf\xc3\xa9", "caf\u00e9"),  # it could not have been read
        ("text/html", b"<meta charset=utf-16>tea \xe9", "tea \ufffd"),
    ],
)
def test_a_charset_that_cannot_be_is_none(line, page, read):
    with Server(answers(ok(page, f"Content-Type: {line}"))) as server:
        assert ask(client_of(server)).text.endswith(read)


def test_json_in_no_charset_says_so():
    answer = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":"\xe9"}'
    with (
        Server(answers(answer)) as server,
        pytest.raises(ValueError, match=r"not JSON: .*the headers name the charset utf-8"),
    ):
        _ = ask(client_of(server)).json


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("charset", ["", "; charset=utf-8"])
def test_a_byte_order_mark_says_the_encoding_and_is_no_part_of_the_text(encoding, charset):
    """web-platform-tests/wpt issue 1586: the mark comes before what the headers say; newman issue 179: it is not read."""
    answer = ok("tea \u0436".encode(encoding), f"Content-Type: text/plain{charset}")
    with Server(answers(answer)) as server:
        assert text("tea \u0436")(ask(client_of(server))) is None


@pytest.mark.parametrize(
    ("line", "page"),
    [
        ("text/html", b"<meta charset='iso-8859-5'>\xbf"),
        ("text/html", b'<META http-equiv="Content-Type" content="text/html; charset=ISO-8859-5">\xbf'),
        ("text/xml", b'<?xml version="1.0" encoding="iso-8859-5"?>\xbf'),
        ("text/html; charset=iso-8859-5", b"<meta charset=utf-8>\xbf"),
        ("text/html; charset='iso-8859-5'", b"\xbf"),
    ],
)
def test_a_page_is_read_in_the_charset_that_it_names(line, page):
    """WHATWG HTML, section 13.2.3.2: browsers look for it in the first bytes of the page."""
    with Server(answers(ok(page, f"Content-Type: {line}"))) as server:
        assert ask(client_of(server)).text.endswith("\u041f")


@pytest.mark.parametrize("line", ["text/html", "text/html; charset=iso-8859-1", "text/html; charset=unheard-of"])
def test_what_is_no_utf_8_is_read_as_browsers_do(line):
    with Server(answers(ok(b"caf\xe9 \x80", f"Content-Type: {line}"))) as server:
        assert ask(client_of(server)).text == "caf\u00e9 \u20ac"


@pytest.mark.parametrize("body", ['{"a": NaN}', ' {"a": -Infinity}'])
def test_numbers_that_only_python_writes_are_no_json(body):
    """k6, browsers and RFC 8259, section 6: the application's users get an error."""
    with Server(answers(ok(body.encode(), "Content-Type: application/json"))) as server:
        assert json_path("$.a")(ask(client_of(server))).startswith("$.a: not JSON: ")


def test_a_cookie_of_a_redirect_can_be_captured():
    """seanmonstar/reqwest issue 396, fetch-cookie issue 39: the session of a login is set by the 302."""
    with Server(answers(ok(b"", "Set-Cookie: csrf=caf\xe9 1; Path=/", status="302 Found"), ok())) as server:
        client = client_of(server)
        first, last = ask(client), ask(client)
    assert from_cookie("csrf")(last) is MISSING
    last.add(first)
    assert from_cookie("csrf")(last) == "caf\u00e9 1"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "capture id: $.id: not JSON: the body is empty"),
        (b"<html>", "capture id: $.id: not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"{}", "capture id: $.id found nothing"),
    ],
)
def test_a_capture_says_why_it_found_nothing(body, complaint):
    """A page of HTML where JSON was expected: "found nothing" sends people to look for the wrong path."""
    with Server(answers(ok(body))) as server:
        got = ask(client_of(server))
    assert Endpoint("e", "GET", "/", capture={"id": "$.id"}).captured(got)[1] == Failure("expectation", complaint)


@pytest.mark.parametrize(
    ("location", "reference"),
    [("", ""), ("\\a\\b?c=\\d#\\e", "/a/b?c=\\d#\\e"), ("http://shop.test\\a", "http://shop.test/a")],
)
def test_where_a_redirect_leads(location, reference):
    """An empty Location is none, to browsers and curl; backslashes are slashes, to browsers."""
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()
    assert location_of(Response(302, head)) == reference


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_only_a_post_becomes_a_get_by_301_and_302(method):
    """JMeter 5.6.3, SoapUI and Godot: PUT and DELETE became GET as well (RFC 9110, section 15.4)."""
    post = "GET" if method == "POST" else method
    other = method if method == "HEAD" else "GET"
    assert [next_method(method, status) for status in (301, 302, 303, 307, 308)] == [post, post, other, method, method]
