"""What is noted of a view that a page got in the way of."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from perfgate.pages.incidents import MAX_ERRORS, Incidents, explained


class SilentPage:
    """A page, or its context, whose events the test makes."""

    def __init__(self) -> None:
        self.emit: dict[str, Callable[[Any], None]] = {}

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        self.emit[event] = handler

    def complain(self, text: str) -> None:
        self.emit["console"](SimpleNamespace(type="error", text=text))


@pytest.mark.parametrize(
    ("said", "status", "kind", "words"),
    [
        ("net::ERR_CERT_AUTHORITY_INVALID at https://shop/", 0, "connection", "its certificate is not trusted"),
        ("net::ERR_BAD_SSL_CLIENT_AUTH_CERT at https://shop/", 0, "connection", "a client's certificate"),
        ("net::ERR_CONNECTION_REFUSED at https://shop/", 0, "connection", "nothing listens there"),
        ("net::ERR_ABORTED at https://shop/", 204, "status", "204 No Content"),
        ("net::ERR_SOMETHING_NEW at https://shop/", 0, "connection", "net::ERR_SOMETHING_NEW"),
        ("Page.evaluate: TypeError: x is not a function", 200, "scripts", "it replaced what a browser offers"),
    ],
)
def test_what_chromium_says_is_explained(said: str, status: int, kind: str, words: str):
    found, text = explained(said, status)

    assert found == kind
    assert words in text


def test_an_error_that_repeats_hides_no_other():
    page = SilentPage()
    incidents = Incidents(SilentPage(), page)

    for _ in range(MAX_ERRORS):
        page.complain("each child needs a key")
    page.complain("no such item")

    assert incidents.notes == ("console error: each child needs a key", "console error: no such item")


def test_errors_of_scripts_are_counted_however_often_they_repeat_and_from_the_page_that_is_measured_on():
    page = SilentPage()
    incidents = Incidents(SilentPage(), page)
    page.emit["pageerror"](SimpleNamespace(message="of the way there"))
    incidents.begin()

    for _ in range(MAX_ERRORS + 2):
        page.emit["pageerror"](SimpleNamespace(message="x is not defined"))

    assert incidents.script_errors == MAX_ERRORS + 2
    assert incidents.notes == ("script error: of the way there", "script error: x is not defined")


def test_errors_of_the_console_hide_none_of_scripts():
    page = SilentPage()
    incidents = Incidents(SilentPage(), page)

    for number in range(MAX_ERRORS + 1):
        page.complain(f"broken {number}")
    page.emit["pageerror"](SimpleNamespace(message="x is not defined"))

    assert len(incidents.notes) == MAX_ERRORS + 1
    assert incidents.notes[-1] == "script error: x is not defined"
