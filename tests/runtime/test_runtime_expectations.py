"""Expectations and captures: every part of a response with every test, and responses that are not what they should be."""

from __future__ import annotations

import json as jsonlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.runtime.http.responses import Response
from perfgate.runtime.scenario.captures import from_cookie, from_header, from_json, from_regex
from perfgate.runtime.scenario.expectations import header, json_path, regex, status, text
from perfgate.runtime.scenario.json_paths import MISSING


def answer(body: object = b"", *, status: int = 200, cookies: list[str] | None = None, **headers: str) -> Response:
    """A body of str or bytes is sent as it is, any other as JSON. `x_y=` is the header x-y."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else jsonlib.dumps(body)).encode()
    lines = [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    lines += [f"Set-Cookie: {cookie}" for cookie in cookies or []]
    head = "\r\n".join([f"HTTP/1.1 {status} x", *lines, "", ""]).encode()
    return Response(status=status, body=data, size=len(data), head=head, encoded=True)


SHOP = answer(
    {
        "items": [{"id": 7, "name": "tea ☕", "tags": ["hot", "new"]}, {"id": 8, "name": "pot"}],
        "total": 2,
        "price": "19.50",
        "none": None,
        "yes": True,
        "odd name": 1,
        "ü": "umlaut",
    },
    content_type="application/json; charset=utf-8",
    x_count="12",
    location="/orders/7",
)


@pytest.mark.parametrize(
    ("accepted", "got", "good"), [((200,), 200, True), ((200, 404), 404, True), ((200,), 500, False)]
)
def test_status(accepted, got, good):
    complaint = status(*accepted)(answer(status=got))
    assert (complaint is None) is good


def test_status_says_what_was_accepted():
    assert status(200, 201)(answer(status=503)) == "status: expected 200 or 201, got 503"


@pytest.mark.parametrize(
    "expectation",
    [
        header("Content-Type"),
        header("content-type", exists=True),
        header("x-nothing", exists=False),
        header("location", "/orders/7"),
        header("content-type", contains="json"),
        header("LOCATION", matches=r"^/orders/\d+$"),
        header("x-count", less_than=13),
        header("x-count", greater_than=11.5),
        json_path("$.total", 2),
        json_path("$.total", 2.0),
        json_path("$.items[0].id"),
        json_path("$.items[0].name", "tea ☕"),
        json_path("$.ü", "umlaut"),
        json_path("$.none", None),
        json_path("$.none", exists=True),
        json_path("$.yes", True),
        json_path("$.nothing", exists=False),
        json_path("$.items[2]", exists=False),
        json_path("$.total.deeper", exists=False),
        json_path("$.items", contains={"id": 8, "name": "pot"}),
        json_path("$.items[0]", contains="tags"),
        json_path("$.items[0].tags", ["hot", "new"]),
        json_path("$.items[0].tags", contains="hot"),
        json_path("$.items[0].name", contains="tea"),
        json_path("$.items[0].name", matches="^t.a"),
        json_path("$.total", less_than=3),
        json_path("$.total", greater_than=1),
        json_path("$.price", greater_than=19),
        json_path("$['odd name']", 1),
        json_path("$..id", 7),
        json_path("$.items[?@.id == 8].name", "pot"),
        json_path("$.items[-1].id", 8),
        text(contains="tea"),
        text(matches=r'"total":\s*2'),
        text(exists=True),
        regex(r'"id": \d'),
    ],
    ids=lambda one: f"{one.what} {one.wanted}",
)
def test_what_a_good_answer_holds(expectation):
    assert expectation(SHOP) is None


@pytest.mark.parametrize(
    ("expectation", "complaint"),
    [
        (header("x-nothing"), "header x-nothing: expected existence to be True, got nothing"),
        (header("location", exists=False), "header location: expected existence to be False, got '/orders/7'"),
        (header("location", "/login"), "header location: expected '/login', got '/orders/7'"),
        (header("location", matches="^/login"), "header location: expected a match of '^/login', got '/orders/7'"),
        (header("location", less_than=1), "header location: expected less than 1, got '/orders/7'"),
        (header("x-count", greater_than=12), "header x-count: expected more than 12, got '12'"),
        (header("x-nothing", contains="a"), "header x-nothing: expected it to contain 'a', got nothing"),
        (json_path("$.nothing"), "$.nothing: expected existence to be True, got nothing"),
        (json_path("$.total", "2"), "$.total: expected '2', got 2"),
        (json_path("$.yes", 1), "$.yes: expected 1, got True"),
        (json_path("$.total", True), "$.total: expected True, got 2"),
        (json_path("$.none", exists=False), "$.none: expected existence to be False, got None"),
        (json_path("$.none", less_than=5), "$.none: expected less than 5, got None"),
        (json_path("$.yes", less_than=5), "$.yes: expected less than 5, got True"),
        (json_path("$.total", less_than=2), "$.total: expected less than 2, got 2"),
        (json_path("$.total", greater_than=2), "$.total: expected more than 2, got 2"),
        (json_path("$.total", matches="2"), "$.total: expected a match of '2', got 2"),
        (json_path("$.total", contains=2), "$.total: expected it to contain 2, got 2"),
        (json_path("$.items[0].name", contains=7), "$.items[0].name: expected it to contain 7, got 'tea ☕'"),
        (json_path("$.items[?@.id == 9]"), "$.items[?@.id == 9]: expected existence to be True, got nothing"),
        (
            json_path("$.items[0].tags", contains="cold"),
            "$.items[0].tags: expected it to contain 'cold', got ['hot', 'new']",
        ),
    ],
    ids=lambda one: one.what if hasattr(one, "what") else "",
)
def test_what_a_bad_answer_is_told(expectation, complaint):
    assert expectation(SHOP) == complaint


def test_complaints_stay_short_and_on_one_line():
    complaint = text("x")(answer("long\nline " * 1000))
    assert len(complaint) < 120
    assert "\n" not in complaint


@pytest.mark.parametrize("body", ["", "<html>", "{", "nul", b"\xff\xfe\x00", "[" * 100_000, "1" * 5000])
@pytest.mark.parametrize("path", ["$.a", "$..a"])
def test_what_is_not_json_meets_no_expectation_on_json(body, path):
    for expectation in (json_path(path), json_path(path, exists=False)):
        assert expectation(answer(body)).startswith(f"{path}: ")
    assert from_json(path)(answer(body)) is MISSING


@pytest.mark.parametrize("body", ["[]", "7", "null", '"text"', "{}"])
@pytest.mark.parametrize("path", ["$.a", "$[0]", "$.a[0].b", "$..a", "$.a[?@.b]"])
def test_json_of_another_shape_just_has_nothing_there(body, path):
    assert json_path(path, exists=False)(answer(body)) is None
    assert from_json(path)(answer(body)) is MISSING


@pytest.mark.parametrize("depth", [300, 900, 990])
@pytest.mark.parametrize("path", ["$", "$..a", "$..[?@ > 1]", "$[0][0][0]"])
def test_deep_json_is_a_complaint_and_no_crash(depth, path):
    response = answer("[" * depth + '{"a": 1}' + "]" * depth)
    assert json_path(path, "x")(response).startswith(f"{path}: ")
    from_json(path)(response)


def test_the_whole_document():
    assert json_path("$", [1, 2])(answer("[1, 2]")) is None


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", "text/plain"),
        ("utf-8", ""),
        ("latin-1", "text/plain; charset=ISO-8859-1"),
        ("utf-16", 'text/plain; charset="utf-16"'),
        ("utf-8", "text/plain; charset=no-such-charset"),
        ("utf-8", "text/plain; charset="),
        ("utf-8", "text/plain; charset=undefined"),
        ("utf-8", "text/plain; Charset=UTF-8; x=y"),
    ],
)
def test_text_is_read_in_its_charset(encoding, content_type):
    assert text("Käse")(answer("Käse".encode(encoding), content_type=content_type)) is None


def test_broken_text_does_not_hide_the_rest():
    assert text(contains="tea")(answer(b"\xff tea")) is None


@given(st.binary(max_size=50), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br"]))
def test_a_body_that_does_not_decode_is_a_complaint_and_no_crash(body, encoding):
    for expectation in (text(contains="a"), json_path("$.a")):
        complaint = expectation(answer(body, content_encoding=encoding))
        assert complaint is not None or body == b""


def test_an_expectation_has_one_condition():
    for make in (
        lambda: header("a", "x", contains="y"),
        lambda: text(contains="x", matches="y"),
        lambda: text("a", "b"),
    ):
        with pytest.raises(TypeError, match="one condition at most"):
            make()
    with pytest.raises(TypeError, match="one of equals, exists, matches"):
        json_path("$.a", about=3)


def test_only_expectations_on_the_body_need_it():
    assert [one.needs_body for one in (status(200), header("a"), json_path("$"), text(), regex("a"))] == [
        False,
        False,
        True,
        True,
        True,
    ]


# ---- captures


@pytest.mark.parametrize(
    ("capture", "value"),
    [
        (from_json("$.items[1].id"), 8),
        (from_json("$.items[0].tags"), ["hot", "new"]),
        (from_json("$.none"), None),
        (from_json("$.items[?@.id == 8].name"), "pot"),
        (from_json("$.nothing"), MISSING),
        (from_header("Location"), "/orders/7"),
        (from_header("x-nothing"), MISSING),
        (from_regex(r'"name": "(\w+)"'), "pot"),
        (from_regex(r'"price": "[\d.]+"'), '"price": "19.50"'),
        (from_regex("nothing like it"), MISSING),
        (from_regex("(x)?total"), MISSING),
    ],
    ids=lambda one: one.what if hasattr(one, "what") else "",
)
def test_captures(capture, value):
    assert capture(SHOP) == value


@pytest.mark.parametrize(
    ("set_cookie", "value"),
    [
        (["session=abc; Path=/"], "abc"),
        (["other=1", "session = a=b ; HttpOnly"], "a=b"),
        (["session=1", "session=2"], "2"),
        (["session="], ""),
        (["session"], MISSING),
        (["mysession=1"], MISSING),
        ([], MISSING),
    ],
)
def test_cookies_are_captured(set_cookie, value):
    assert from_cookie("session")(answer(cookies=set_cookie)) == value


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("text/html; charset=utf-8", 'value="a&amp;b&#x2F;&#43;"', "a&b/+"),
        ("Text/HTML", 'value="/x?a=1&copy=2&amp;amp;"', "/x?a=1&copy=2&amp;"),  # once, and only what ends with `;`
        ("application/xhtml+xml", 'value="&lt;&nothing;"', "<&nothing;"),
        ("text/html", '<script>1</script><p value="&amp;">', "&"),
        ("text/html", '<SCRIPT>x = {value="&amp;"}</SCRIPT>', "&amp;"),  # browsers leave scripts as they are
        ("application/json", 'value="&amp;"', "&amp;"),
    ],
)
def test_character_references_are_decoded_where_a_browser_decodes_them(content_type, body, value):
    assert from_regex('value="([^"]*)"')(answer(body, content_type=content_type)) == value


def test_a_capture_from_what_does_not_decode_finds_nothing():
    assert from_regex("a")(answer(b"aaaa", content_encoding="gzip")) is MISSING
