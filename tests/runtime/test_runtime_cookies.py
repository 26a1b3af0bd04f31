"""Cookies of one visitor, by RFC 6265."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from perfgate.runtime.http.cookies import CookieOrigin, Cookies

HOST = "shop.test"
AT_HOME = CookieOrigin(HOST)


def jar(*answers: tuple[str, CookieOrigin], home: str = HOST) -> Cookies:
    cookies = Cookies(home)
    for header, place in answers:
        cookies.take([header], place)
    return cookies


def sent(cookies: Cookies, place: CookieOrigin = AT_HOME) -> str:
    """What goes with a request to `place`; the shortcut, where there is one, says the same."""
    header = cookies.for_request(place)
    if cookies.everywhere and place.host == cookies.home:
        assert cookies.header == header
    return header


@pytest.mark.parametrize(
    ("set_cookie", "header"),
    [
        ([], ""),
        (["session=abc"], "session=abc"),
        (["session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600"], "session=abc"),
        (["a=1", "b=2"], "a=1; b=2"),
        (["a=1", "b=2", "a=3"], "a=3; b=2"),
        (["a=1=2=="], "a=1=2=="),
        (["a="], "a="),
        (["  a = 1 ; Path=/"], "a=1"),
        (["no separator", "=no name", "a=1"], "a=1"),
        (["a=1", "a=; Max-Age=0"], ""),
        (["a=1", "a=; max-age = 0; Path=/"], ""),
        (["a=1", "a=x; Max-Age=-1"], ""),
        (["a=1; Max-Age=05"], "a=1"),
        (["a=1; Max-Age=0x"], "a=1"),
        (["a=1; Max-Age=٠"], "a=1"),  # another script's zero is no number
        (["gone=; Max-Age=0"], ""),
        (["a=1", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], ""),
        (["a=1", "a=; expires=Thu, 01-Jan-70 00:00:00 GMT; path=/"], ""),
        (["a=1; Expires=" + formatdate(time.time() + 3600, usegmt=True)], "a=1"),
        (["a=1; Expires=never"], "a=1"),
        (["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60"], "a=1"),  # Max-Age comes first
        (["a=1; Max-Age=0; Expires=" + formatdate(time.time() + 3600, usegmt=True)], ""),
        (["a=1", "a=; Path=/other; Max-Age=0"], "a=1"),  # another cookie
        (["a=1; Domain=shop.test"], "a=1"),
        (["a=1; Domain=.Shop.Test"], "a=1"),
        (["a=1; Domain=elsewhere.test"], ""),
        (["a=1; Domain=a.shop.test"], ""),
        (["a=1; Domain="], "a=1"),
        (["a=1; Secure"], ""),
    ],
)
def test_set_cookie_in_cookie_out(set_cookie, header):
    cookies = Cookies(HOST)
    cookies.take(set_cookie, AT_HOME)
    assert sent(cookies) == header


@pytest.mark.parametrize(
    ("age", "header"),
    [("9" * 5000, "a=1"), ("-" + "9" * 5000, ""), ("0" * 20 + "1", "a=1")],
    ids=["long", "negative", "zeros"],
)
def test_an_age_of_any_length_is_read(age, header):
    """RFC 6265, section 5.2.2, sets no limit; the visitor must not die of it."""
    cookies = Cookies("shop.test")
    cookies.take([f"a=1; Path=/; Max-Age={age}"], CookieOrigin("shop.test"))
    assert cookies.for_request(CookieOrigin("shop.test")) == header


def test_a_cookie_goes_to_its_path_and_below_the_longer_path_first():
    cookies = jar(("csrf=root; Path=/", AT_HOME), ("csrf=adm; Path=/admin", AT_HOME))
    assert sent(cookies, CookieOrigin(HOST, "/echo")) == "csrf=root"
    assert sent(cookies, CookieOrigin(HOST, "/administrator")) == "csrf=root"
    for path in ("/admin", "/admin/", "/admin/users"):
        assert sent(cookies, CookieOrigin(HOST, path)) == "csrf=adm; csrf=root"


@pytest.mark.parametrize(
    ("path", "covered"), [("/a/b/c", "/a/b/x"), ("/a/b/", "/a/b"), ("/a", "/anything"), ("", "/"), ("/a/b", "/a/x/y")]
)
def test_without_a_path_it_is_the_folder_of_the_request(path, covered):
    assert sent(jar(("a=1", CookieOrigin(HOST, path))), CookieOrigin(HOST, covered)) == "a=1"
    assert sent(jar(("a=1", CookieOrigin(HOST, "/a/b/c"))), CookieOrigin(HOST, "/a/bc")) == ""


def test_secure_cookies_travel_by_tls_only():
    cookies = jar(("a=1; Secure", CookieOrigin(HOST, "/", secure=True)))
    assert sent(cookies, CookieOrigin(HOST, "/", secure=True)) == "a=1"
    assert sent(cookies) == ""


def test_a_domain_covers_the_hosts_below_it_and_an_address_has_none():
    cookies = jar(("a=1; Domain=shop.test", CookieOrigin("www.shop.test")), ("b=2", CookieOrigin("www.shop.test")))
    assert sent(cookies, CookieOrigin("www.shop.test")) == "a=1; b=2"
    assert sent(cookies, CookieOrigin("api.shop.test")) == "a=1"
    assert sent(cookies, CookieOrigin("othershop.test")) == ""
    assert (
        sent(jar(("a=1; Domain=0.0.1", CookieOrigin("127.0.0.1")), home="127.0.0.1"), CookieOrigin("127.0.0.1")) == ""
    )


def test_what_was_not_kept_or_will_not_be_sent_is_said():
    cookies = Cookies("127.0.0.1")
    domain, secure = cookies.take(["sid=1; Domain=shop.example", "t=1; Secure", "u=1"], CookieOrigin("127.0.0.1"))
    assert "`sid` is for shop.example" in domain
    assert "headers: {Host: shop.example}" in domain
    assert "`t` is Secure and the target is http://" in secure


def test_an_expired_cookie_is_not_sent(monkeypatch):
    cookies = jar(("a=1; Max-Age=10", AT_HOME), ("b=2", AT_HOME))
    assert sent(cookies) == "a=1; b=2"
    later = time.time() + 11
    monkeypatch.setattr(time, "time", lambda: later)
    assert sent(cookies) == "b=2"


def test_cookies_of_later_answers_replace_earlier_ones():
    cookies = Cookies(HOST)
    cookies.take(["session=1"], AT_HOME)
    cookies.take([], AT_HOME)
    cookies.take(["session=2", "theme=dark"], AT_HOME)
    assert cookies.header == sent(cookies) == "session=2; theme=dark"


def test_cookies_are_dropped_and_put_back():
    cookies = jar(("a=1", AT_HOME), ("b=2", AT_HOME))
    kept = {key: cookie for key, cookie in cookies.stored.items() if key[0] == "a"}
    cookies.drop(set(kept))
    assert sent(cookies) == "b=2"
    cookies.clear()
    assert sent(cookies) == ""
    cookies.put(kept)
    assert sent(cookies) == "a=1"
