"""Cookies of one virtual user."""

from __future__ import annotations

import pytest

from perfgate.runtime.cookies import Cookies


@pytest.mark.parametrize(
    ("set_cookie", "sent"),
    [
        ([], ""),
        (["session=abc"], "session=abc"),
        (["session=abc; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=3600"], "session=abc"),
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
        (["gone=; Max-Age=0"], ""),
    ],
)
def test_set_cookie_in_cookie_out(set_cookie, sent):
    cookies = Cookies()
    cookies.take(set_cookie)
    assert cookies.header == sent


def test_cookies_of_later_answers_replace_earlier_ones():
    cookies = Cookies()
    cookies.take(["session=1"])
    cookies.take([])
    cookies.take(["session=2", "theme=dark"])
    assert cookies.header == "session=2; theme=dark"
