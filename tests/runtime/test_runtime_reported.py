"""What users of other load generators reported about test data, cookies and logins, tried with ours."""

from __future__ import annotations

import json

import pytest

from perfgate.runtime.http.cookies import CookieOrigin, Cookies
from perfgate.runtime.http.dialling import origin
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.session import Session
from perfgate.runtime.scenario.values import rows

PLACE = CookieOrigin("shop.test", "/login")


def sent(*headers: str) -> str:
    cookies = Cookies("shop.test")
    for header in headers:
        cookies.take([header], PLACE)
    return cookies.for_request(CookieOrigin("shop.test", "/login/next"))


def test_a_comment_does_not_save_a_cookie_from_deletion():
    """apache/jmeter issue 6051."""
    deleted = 'TGC=ABCD; Version=1; Comment="Logging you out"; Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/'
    assert sent("TGC=ABCD; Path=/", deleted) == ""


def test_an_expired_cookie_is_not_stored():
    """apache/jmeter issue 6428."""
    assert sent("session_id=abc123; Expires=Wed, 19 Feb 2025 12:00:00 GMT; Path=/; HttpOnly", "b=1") == "b=1"


def test_a_deleted_cookie_is_not_sent_empty():
    """grafana/k6 issue 2476."""
    assert sent("one=1; Path=/", "two=2; Path=/", "one=; Path=/; Max-Age=0") == "two=2"


def test_a_cookie_of_another_domain_does_no_harm():
    """artilleryio/artillery issue 2571, where the request fails."""
    assert sent("a=1; Domain=123.abc.test", "b=2") == "b=2"


def test_a_cookie_of_a_parent_domain_and_one_of_the_host_are_two():
    """only-cli/oc pull request 70, where one replaces the other."""
    cookies = Cookies("www.shop.test")
    cookies.take(["sid=parent; Domain=shop.test; Path=/", "sid=own; Path=/"], CookieOrigin("www.shop.test"))
    assert cookies.for_request(CookieOrigin("www.shop.test")) == "sid=parent; sid=own"
    assert cookies.for_request(CookieOrigin("api.shop.test")) == "sid=parent"
    cookies.take(["sid=; Path=/; Max-Age=0"], CookieOrigin("www.shop.test"))
    assert cookies.for_request(CookieOrigin("www.shop.test")) == "sid=parent"


def test_own_cookie_header_stands_for_itself():
    """artilleryio/artillery issue 1035, where a default cookie switches the jar on."""
    own = Endpoint("e", "GET", "/", headers={"cookie": "theme=dark"})
    assert own.message(origin("http://shop.test"), {}, "sid=1").count(b"ookie: ") == 1
    assert b"Cookie: theme=dark\r\n" in own.message(origin("http://shop.test"), {}, "sid=1")


def table(tmp_path, text: str, name: str = "a.csv", **options):
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return rows(path, **options)


def test_a_quote_in_a_value_stays_within_its_parameter(tmp_path):
    """artilleryio/artillery issue 278."""
    endpoint = Endpoint(
        "e",
        "GET",
        "/search?first={first}&last={last}&id={id}",
        data=table(tmp_path, "id,first,last\n3,andrew,o'neill\n"),
    )
    session = Session("shop.test", {})
    endpoint.draw(session)
    first_line, _, _ = endpoint.message(origin("http://shop.test"), session.values, "").partition(b"\r\n")
    assert first_line == b"GET /search?first=andrew&last=o%27neill&id=3 HTTP/1.1"


def test_empty_lines_are_no_rows(tmp_path):
    """gatling/gatling issue 3931."""
    draw = table(tmp_path, "user\nann\n\n\nbob\n\n")
    assert [draw()["user"] for _ in range(3)] == ["ann", "bob", "ann"]


def test_another_delimiter_leaves_commas_alone(tmp_path):
    """artilleryio/artillery issue 423."""
    assert table(tmp_path, "name;place\nann;Bonn, am Rhein\n", separator=";")() == {
        "name": "ann",
        "place": "Bonn, am Rhein",
    }


def test_a_byte_order_mark_before_a_quoted_header(tmp_path):
    """johnkerl/miller issue 161."""
    assert table(tmp_path, '\ufeff"a","b"\n"1","2"\n')() == {"a": "1", "b": "2"}


@pytest.mark.parametrize(("name", "text", "value"), [("a.csv", "n\n7\n", "7"), ("a.json", '[{"n": 7}]', 7)])
def test_numbers_are_texts_in_csv_and_numbers_in_json(tmp_path, name, text, value):
    """artilleryio/artillery pull request 580, where numbers arrive as texts: whoever wants numbers writes JSON."""
    endpoint = Endpoint("e", "POST", "/", json={"n": "{n}"}, data=table(tmp_path, text, name))
    session = Session("shop.test", {})
    endpoint.draw(session)
    _, _, body = endpoint.message(origin("http://shop.test"), session.values, "").partition(b"\r\n\r\n")
    assert json.loads(body) == {"n": value}
