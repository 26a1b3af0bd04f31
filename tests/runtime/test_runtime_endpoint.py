"""Endpoint: the exact bytes of every kind of request, and what is thought of the answer."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate import __version__
from perfgate.runtime.http.dialling import Origin, origin
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.scenario.bodies import BOUNDARY, file
from perfgate.runtime.scenario.captures import from_cookie, from_header
from perfgate.runtime.scenario.endpoint import Endpoint, Hop
from perfgate.runtime.scenario.expectations import header, json_path, regex, status, text
from perfgate.runtime.scenario.session import Session
from perfgate.runtime.scenario.values import OutOfRows, always, rows, sequence

TARGET = origin("http://shop.test:8765")
DEFAULTS = f"User-Agent: perfgate/{__version__}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br\r\n"


def message(
    endpoint: Endpoint, values: dict | None = None, cookies: str = "", where: Origin = TARGET, hop=None
) -> bytes:
    return endpoint.message(where, values or {}, cookies, hop)


def parts(data: bytes) -> tuple[str, dict[str, str], bytes]:
    """First line, headers and body; no header may come twice."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    assert len({name.lower() for name in headers}) == len(lines)
    if body:
        assert headers["Content-Length"] == str(len(body))
    return first, headers, body


def body_of(values: dict | None = None, **body) -> tuple[str, bytes]:
    """Content type and body of a POST."""
    _, headers, data = parts(message(Endpoint("e", "POST", "/", **body), values))
    return headers.get("Content-Type", ""), data


# ---- the whole message


def test_a_request_without_body_byte_for_byte():
    assert message(Endpoint("products", "GET", "/products?page={page}"), {"page": 3}) == (
        b"GET /products?page=3 HTTP/1.1\r\nHost: shop.test:8765\r\n" + DEFAULTS.encode() + b"\r\n"
    )


def test_a_request_with_body_byte_for_byte():
    endpoint = Endpoint("log in", "POST", "/login", json={"user": "{user}", "keep": True}, headers={"X-Trace": "{n}"})
    assert message(endpoint, {"user": "Zoë", "n": 7}, cookies="a=1; b=2") == (
        b"POST /login HTTP/1.1\r\nHost: shop.test:8765\r\n"
        + DEFAULTS.encode()
        + b"Content-Type: application/json\r\nX-Trace: 7\r\nCookie: a=1; b=2\r\nContent-Length: 27\r\n\r\n"
        + '{"user":"Zoë","keep":true}'.encode()
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_without_a_body_these_methods_name_no_length(method):
    _, headers, body = parts(message(Endpoint("e", method, "/")))
    assert "Content-Length" not in headers
    assert body == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_without_a_body_these_methods_say_so(method):
    _, headers, _ = parts(message(Endpoint("e", method, "/")))
    assert headers["Content-Length"] == "0"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_goes_with_any_method(method):
    _, headers, body = parts(message(Endpoint("e", method, "/", json={})))
    assert (headers["Content-Length"], body) == ("2", b"{}")


# ---- bodies


def test_json():
    content = {"product": "{id}", "note": "for {name}", "braces": "{{}}", "n": 1.5, "nothing": None}
    kind, body = body_of({"id": 7, "name": "Ann"}, json=content)
    assert kind == "application/json"
    assert json.loads(body) == {"product": 7, "note": "for Ann", "braces": "{}", "n": 1.5, "nothing": None}


def test_json_null_is_a_body():
    assert body_of(json=None) == ("application/json", b"null")


def test_form():
    kind, body = body_of({"q": "a&b=c d+ü"}, form={"word": "{q}", "a b": "plain text", "n": "1"})
    assert kind == "application/x-www-form-urlencoded"
    assert body == b"word=a%26b%3Dc+d%2B%C3%BC&a+b=plain+text&n=1"


def test_multipart(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x00")
    fields = {"title": "{title}", 'odd "name"': "x", "picture": file(tmp_path / "a.png", 'ä"1".png', "image/png")}
    kind, body = body_of({"title": "tea ☕"}, multipart=fields)
    assert kind == f"multipart/form-data; boundary={BOUNDARY}"
    assert (
        body
        == (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\ntea ☕\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="odd %22name%22"\r\n\r\nx\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="ä%221%22.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        + b"\x89PNG\r\n\x00\r\n"
        + f"--{BOUNDARY}--\r\n".encode()
    )


def test_names_and_types_of_parts_cannot_add_lines(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    _, body = body_of(multipart={"a\r\nb": file(tmp_path / "f", "c\r\nd", "text/plain\r\nX-Evil: 1")})
    assert body.startswith(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a%0D%0Ab"; filename="c%0D%0Ad"\r\n'
        "Content-Type: text/plainX-Evil: 1\r\n\r\n".encode()
    )


def test_raw_text():
    assert body_of({"x": "☕"}, body="<a>{x}</a>{{") == ("", "<a>☕</a>{".encode())


def test_graphql():
    query = 'query($q: String!) { search(q: $q, in: {kind: "x"}) { id } } # {{not}} a {hole}'
    kind, body = body_of({"q": "pot", "n": 3}, graphql=query, variables={"q": "{q}", "first": "{n}"})
    assert kind == "application/json"
    assert json.loads(body) == {"query": query, "variables": {"q": "pot", "first": 3}}


@given(st.text(), st.text())
def test_the_length_is_that_of_the_bytes(fixed, value):
    escaped = fixed.replace("{", "{{").replace("}", "}}")
    _, headers, body = parts(message(Endpoint("e", "POST", "/", body=escaped + "{x}"), {"x": value}))
    assert body == (fixed + value).encode()
    assert headers["Content-Length"] == str(len(body))


def test_a_body_whose_value_is_missing_names_it():
    with pytest.raises(KeyError, match="token"):
        message(Endpoint("e", "POST", "/", json={"a": "{token}"}))


# ---- headers


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "USER-AGENT"])
def test_own_headers_replace_the_defaults_in_any_case(name):
    _, headers, _ = parts(message(Endpoint("e", "GET", "/", headers={name: "mine"})))
    assert headers[name] == "mine"


def test_an_own_content_type_replaces_that_of_the_body():
    endpoint = Endpoint("e", "POST", "/", json={}, headers={"content-type": "application/vnd.api+json"})
    _, headers, _ = parts(message(endpoint))
    assert headers["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize("name", ["Cookie", "cookie"])
def test_an_own_cookie_header_replaces_the_users_cookies(name):
    _, headers, _ = parts(message(Endpoint("e", "GET", "/", headers={name: "mine=1"}), cookies="theirs=2"))
    assert headers["Cookie"] == "mine=1"


@pytest.mark.parametrize("name", ["Host", "host", "HOST"])
def test_an_own_host_header_replaces_the_targets(name):
    _, headers, _ = parts(message(Endpoint("e", "GET", "/", headers={name: "tenant.example"})))
    assert headers["Host"] == "tenant.example"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_what_follows_from_the_body_cannot_be_set(name):
    with pytest.raises(ValueError, match=f"perfgate sets {name} itself"):
        Endpoint("e", "POST", "/", headers={name: "1"})


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ü", "a\n"])
def test_what_is_no_name_of_a_header_is_refused(name):
    with pytest.raises(ValueError, match="not a header's name"):
        Endpoint("e", "GET", "/", headers={name: "x"})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\n", "\rb", "a\x00b"])
def test_a_value_cannot_add_a_header(value):
    with pytest.raises(ValueError, match="the header X-Name has a line break"):
        message(Endpoint("e", "GET", "/", headers={"X-Name": "{x}"}), {"x": value})


def test_nor_can_a_constant_one():
    with pytest.raises(ValueError, match="the header X-Name has a line break in it"):
        message(Endpoint("e", "GET", "/", headers={"X-Name": "a\nX-Evil: 1"}))


def test_requests_without_holes_are_made_once_for_each_target():
    endpoint = Endpoint("e", "POST", "/x", json={"a": 1}, headers={"X-Name": "b"})
    first = message(endpoint)
    assert message(endpoint, {"unused": 1}) is first
    other = origin("https://other.test/base")
    assert parts(message(endpoint, where=other))[0] == "POST /base/x HTTP/1.1"
    assert message(endpoint) == first
    assert parts(message(endpoint, cookies="a=1"))[1]["Cookie"] == "a=1"
    assert parts(message(endpoint, hop=Hop("GET", "/y")))[0] == "GET /y HTTP/1.1"
    assert message(endpoint) == first


def test_timeouts_are_handed_on_in_nanoseconds():
    endpoint = Endpoint("e", "GET", "/", timeout=2.5, connect_timeout=0.5, first_byte_timeout=1)
    assert endpoint.options.timeouts == (2_500_000_000, 500_000_000, 1_000_000_000)
    assert Endpoint("e", "GET", "/").options.timeouts == (10_000_000_000, 0, 0)


@given(st.text())
def test_a_value_cannot_add_a_line_to_the_request(value):
    first, headers, _ = parts(message(Endpoint("e", "GET", "/a/{x}?q={x}"), {"x": value}))
    assert first.count(" ") == 2
    assert set(headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding"}


def test_latin_1_values_are_sent_as_such():
    assert "X-Name: Zoë\r\n".encode("latin-1") in message(Endpoint("e", "GET", "/", headers={"X-Name": "Zoë"}))


@pytest.mark.parametrize(("value", "unfit"), [("日本", "日"), ("tea ☕", "☕")])
def test_what_no_header_can_hold_is_refused_and_not_garbled(value, unfit):
    with pytest.raises(ValueError, match=f"'{unfit}' cannot be sent in a header"):
        message(Endpoint("e", "GET", "/", headers={"X-Name": "{x}"}), {"x": value})


def test_half_a_character_is_sent_as_json_writes_it():
    endpoint = Endpoint("e", "POST", "/", json={"a": "{x}", "b": "x{x}"})
    assert parts(message(endpoint, {"x": "\ud83d"}))[2] == b'{"a":"\\ud83d","b":"x\\ud83d"}'


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_does_not_have_is_not_sent(number):
    """An answer may hold 1e400, which is more than any reader's numbers."""
    with pytest.raises(ValueError, match="which JSON cannot hold"):
        message(Endpoint("e", "POST", "/", json={"a": "{x}"}), {"x": number})


# ---- the target


@pytest.mark.parametrize(
    ("url", "first", "host"),
    [
        ("http://shop.test", "GET /x HTTP/1.1", "shop.test"),
        ("http://shop.test:80/", "GET /x HTTP/1.1", "shop.test"),
        ("https://shop.test", "GET /x HTTP/1.1", "shop.test"),
        ("https://shop.test:443", "GET /x HTTP/1.1", "shop.test"),
        ("https://shop.test:80", "GET /x HTTP/1.1", "shop.test:80"),
        ("http://SHOP.test:8080/api/", "GET /api/x HTTP/1.1", "shop.test:8080"),
        ("http://[::1]:8765", "GET /x HTTP/1.1", "[::1]:8765"),
        ("http://[::1]", "GET /x HTTP/1.1", "[::1]"),
    ],
)
def test_host_and_base_path(url, first, host):
    got, headers, _ = parts(message(Endpoint("e", "GET", "/x"), where=origin(url)))
    assert (got, headers["Host"]) == (first, host)


@pytest.mark.parametrize(
    "url", ["shop.test", "ftp://shop.test", "http://", "http:///x", "http://a:99999", "http://[::1"]
)
def test_what_is_no_target(url):
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's words for some of them
        origin(url)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://shop.test:8765/x", True),
        ("http://SHOP.test:8765", True),
        ("//shop.test:8765/x", True),
        ("https://shop.test:8765/x", False),
        ("http://shop.test/x", False),
        ("http://other.test:8765/x", False),
        ("//other.test:8765/x", False),
        ("http://[bad/x", False),
        ("mailto:a@shop.test", False),
    ],
)
def test_what_the_target_serves(url, same):
    assert TARGET.serves(url) is same


def test_the_default_port_may_be_written_out():
    assert origin("http://shop.test").serves("http://shop.test:80/x")
    assert origin("https://shop.test:443").serves("https://shop.test/x")


# ---- redirects


def test_a_hop_goes_where_the_answer_said():
    endpoint = Endpoint("e", "POST", "/orders", json={"a": 1}, headers={"X-Trace": "1"})
    first, headers, body = parts(
        message(endpoint, cookies="s=1", where=origin("http://h/api"), hop=Hop("GET", "/o/7?a=b c"))
    )
    assert first == "GET /o/7?a=b%20c HTTP/1.1"
    assert (headers["X-Trace"], headers["Cookie"], body) == ("1", "s=1", b"")
    assert "Content-Length" not in headers


def test_a_hop_with_the_same_method_sends_the_body_again():
    first, _, body = parts(message(Endpoint("e", "POST", "/orders", json=1), hop=Hop("POST", "/v2/orders")))
    assert (first, body) == ("POST /v2/orders HTTP/1.1", b"1")


# ---- values


def test_values_carried_along_rows_and_own_values(tmp_path):
    (tmp_path / "users.csv").write_text("user,kind\nann,row\nbob,row\n")
    endpoint = Endpoint(
        "e", "GET", "/", data=rows(tmp_path / "users.csv"), values={"number": sequence(), "kind": always("own")}
    )
    session = Session("shop.test", {})
    for user, number in (("ann", 1), ("bob", 2)):
        session.begin(keep=False)
        session.values.update({"token": "t", "user": "carried"})
        endpoint.draw(session)
        assert session.values == {"token": "t", "user": user, "kind": "own", "number": number}
    session.begin(keep=False)
    assert session.values == {}


def test_whatever_reads_a_file_in_one_visit_reads_one_row(tmp_path):
    (tmp_path / "users.csv").write_text("user,home\nann,/a\nbob,/b\n")
    log_in = Endpoint("log in", "POST", "/", data=rows(tmp_path / "users.csv"))
    profile = Endpoint("profile", "GET", "/", data=rows(tmp_path / "users.csv"), values={"n": sequence()})
    session = Session("shop.test", {})
    for home in ("/a", "/b", "/a"):
        session.begin(keep=False)
        for endpoint in (log_in, profile, log_in, profile):
            endpoint.draw(session)
            assert session.values["home"] == home
    assert session.values["n"] == 6  # values are drawn for each request


def test_a_row_per_user_stays_and_is_nobody_elses(tmp_path):
    (tmp_path / "users.csv").write_text("user\nann\nbob\n")
    endpoint = Endpoint("e", "GET", "/", data=rows(tmp_path / "users.csv", per="user"))
    users = [Session("shop.test", {}) for _ in range(2)]
    for _ in range(3):
        for session, user in zip(users, ("ann", "bob"), strict=True):
            session.begin(keep=False)
            endpoint.draw(session)
            assert session.values == {"user": user}
    with pytest.raises(OutOfRows, match=r"users\.csv"):
        endpoint.draw(Session("shop.test", {}))


def test_used_up_rows_end_the_user(tmp_path):
    (tmp_path / "users.csv").write_text("user\nann\n")
    endpoint = Endpoint("e", "GET", "/", data=rows(tmp_path / "users.csv", once=True))
    endpoint.draw(Session("shop.test", {}))
    with pytest.raises(OutOfRows, match=r"users\.csv"):
        endpoint.draw(Session("shop.test", {}))


@pytest.mark.parametrize(
    ("value", "words", "encoded"),
    [
        (True, "true", b"true"),
        (False, "false", b"false"),
        (None, "null", b"null"),
        ({"x": [1, None]}, '{"x":[1,null]}', b"%7B%22x%22%3A%5B1%2Cnull%5D%7D"),
        (["a b", True], '["a b",true]', b"%5B%22a%20b%22%2Ctrue%5D"),
        (1.5, "1.5", b"1.5"),
        (7, "7", b"7"),
        ("True", "True", b"True"),
    ],
)
def test_values_become_the_words_of_json_everywhere(value, words, encoded):
    values = {"x": value}
    assert message(Endpoint("e", "GET", "/a/{x}?b={x}"), values).startswith(b"GET /a/%b?b=%b " % (encoded, encoded))
    assert message(Endpoint("e", "GET", "{x}"), {"x": "/a"}).startswith(b"GET /a ")
    assert parts(message(Endpoint("e", "GET", "/", headers={"X-V": "v {x}"}), values))[1]["X-V"] == f"v {words}"
    assert body_of(values, body="v {x}")[1] == f"v {words}".encode()
    assert body_of(values, multipart={"f": "{x}"})[1].count(f"\r\n\r\n{words}\r\n".encode()) == 1
    assert parse_qs(body_of(values, form={"f": "{x}"})[1].decode()) == {"f": [words]}
    assert json.loads(body_of(values, json=["{x}", "v {x}"])[1]) == [value, f"v {words}"]


# ---- the answer


@pytest.mark.parametrize(
    ("body", "expect", "failure"),
    [
        (b'{"data":{"a":1}}', [], None),
        (b'{"data":null,"errors":[{"message":"no such field"}]}', [], "graphql: 'no such field'"),
        (b'{"data":{"a":1},"errors":[]}', [], None),
        (b'{"data":{"a":1},"errors":null}', [], None),
        (b'{"errors":["odd"]}', [], "graphql: 'odd'"),
        (b'{"data":{"errors":["of the application"]}}', [], None),
        (b'not json, "errors"', [], "graphql: not JSON: Expecting value"),
        (b'{"errors":[{"message":"expected"}]}', [json_path("$.errors[0].message", "expected")], None),
        (b'{"errors":[{"message":"expected"}]}', [status(200)], "graphql: 'expected'"),
    ],
)
def test_a_graphql_answer_with_errors_is_one_unless_somebody_speaks_of_them(body, expect, failure):
    endpoint = Endpoint("e", "POST", "/graphql", graphql="{ a }", expect=expect)
    found = endpoint.judge(Response(status=200, body=body))
    assert endpoint.options.keep_body
    assert found is None if failure is None else found.detail.startswith(failure)
    assert Endpoint("e", "POST", "/", json={}).judge(Response(status=200, body=body)) is None


@pytest.mark.parametrize("code", [200, 204, 301, 304, 399])
def test_without_expectations_anything_below_400_will_do(code):
    assert Endpoint("e", "GET", "/").judge(Response(status=code)) is None


@pytest.mark.parametrize("code", [400, 404, 500, 503])
def test_without_expectations_errors_are_status_failures(code):
    assert Endpoint("e", "GET", "/").judge(Response(status=code)) == Failure("status", f"status: {code}")


def test_an_expected_404_is_a_success_and_a_200_then_is_not():
    endpoint = Endpoint("e", "GET", "/", expect=[status(404)])
    assert endpoint.judge(Response(status=404)) is None
    assert endpoint.judge(Response(status=200)) == Failure("status", "status: expected 404, got 200")


def test_the_status_is_looked_at_first():
    endpoint = Endpoint("e", "GET", "/", expect=[json_path("$.a", 1), header("x"), status(200)])
    assert endpoint.judge(Response(status=500, body=b"oops")).kind == "status"
    assert endpoint.judge(Response(status=200, body=b"{}")) == Failure("expectation", "$.a: expected 1, got nothing")
    assert endpoint.judge(Response(status=200, body=b'{"a": 1}', head=b"HTTP/1.1 200 OK\r\nX:\r\n\r\n")) is None


def test_what_went_wrong_on_the_way_is_the_failure():
    failure = Failure("timeout", "no complete answer within 10 s")
    assert Endpoint("e", "GET", "/", expect=[status(200)]).judge(Response(failure=failure)) is failure


def test_captures_are_all_or_nothing():
    capture = {"token": "$.token", "where": from_header("Location"), "session": from_cookie("session")}
    endpoint = Endpoint("e", "POST", "/", capture=capture)
    head = b"HTTP/1.1 201 Created\r\nSet-Cookie: session=s\r\nLocation: /o/1\r\n\r\n"
    response = Response(body=b'{"token": 7}', head=head)
    assert endpoint.captured(response) == ({"token": 7, "where": "/o/1", "session": "s"}, None)
    values, failure = endpoint.captured(Response(body=b'{"token": 7}', head=head.replace(b"Location", b"X")))
    assert (values, failure) == ({}, Failure("expectation", "capture where: header Location found nothing"))


@pytest.mark.parametrize(
    ("parts_of_endpoint", "kept"),
    [
        ({}, False),
        ({"expect": [status(200), header("x", "y")], "capture": {"a": from_header("b"), "c": from_cookie("d")}}, False),
        ({"expect": [json_path("$.a")]}, True),
        ({"expect": [text(contains="a")]}, True),
        ({"expect": [regex("a")]}, True),
        ({"capture": {"a": "$.a"}}, True),
    ],
)
def test_bodies_are_kept_only_where_somebody_reads_them(parts_of_endpoint, kept):
    assert Endpoint("e", "GET", "/", **parts_of_endpoint).options.keep_body is kept
