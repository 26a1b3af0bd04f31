"""What is noted of a view that a page got in the way of."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from perfgate.pages.incidents import MAX_ERRORS, Incidents


class SilentPage:
    """A page, or its context, whose events the test makes."""

    def __init__(self) -> None:
        self.emit: dict[str, Callable[[Any], None]] = {}

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        self.emit[event] = handler

    def complain(self, text: str) -> None:
        self.emit["console"](SimpleNamespace(type="error", text=text))


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
