"""Whose a request is: the application's, or a third party's."""

from __future__ import annotations

from pathlib import Path

import pytest
from services.page_server import visit

from perfgate.model.budget_file import Interaction, PageSpec
from perfgate.model.errors import PageError
from perfgate.pages.options import LoginResult, PageOptions, PageSide, subject
from perfgate.pages.visit import PageVisit


@pytest.mark.parametrize(
    ("target", "url", "is_other"),
    [
        ("https://shop.org", "https://shop.org/a.js", False),
        ("https://shop.org", "https://cdn.shop.org/a.js", False),
        ("https://www.shop.org", "https://cdn.shop.org/a.js", False),
        ("https://www.shop.org", "https://shop.org/a.js", False),
        ("https://app.shop.org", "https://shop.org/a.js", True),
        ("https://app.shop.org", "https://api.shop.org/items", False),  # named in `allow`
        ("https://app.shop.org", "https://other.shop.org:8443/items", False),
        ("https://app.shop.org", "https://other.shop.org/items", True),
        ("https://shop.org", "https://myshop.org/a.js", True),
        ("https://www.gov.uk", "https://evil.gov.uk/", True),
        ("https://www.gov.uk", "https://assets.www.gov.uk/a.js", False),
        ("https://www.shop.co.uk", "https://cdn.shop.co.uk/a.js", False),
        ("https://www.bbc.de", "https://cdn.bbc.de/a.js", False),
        ("https://ann.github.io", "https://bob.github.io/a.js", True),
        ("https://ann.github.io", "https://github.io/a.js", True),
        ("https://www.github.io", "https://bob.github.io/a.js", True),
        ("https://www.github.io", "https://cdn.www.github.io/a.js", False),
        ("https://pages.dev", "https://bob.pages.dev/a.js", True),
        ("https://pages.dev", "https://pages.dev/a.js", False),
        ("http://www.test", "http://other.test/", True),
    ],
)
def test_hosts_beside_the_target_are_its_own_or_others(target: str, url: str, is_other: bool):
    subject = visit(target, "/", hosts=("api.shop.org", "other.shop.org:8443"))

    assert subject.is_third_party(url) is is_other
    assert subject.is_allowed(url) is not is_other


def subject_of(path: str, login: str = "", values: dict[str, str] | None = None) -> PageVisit:
    """How such a page is visited after a login that captured these values."""
    steps = (Interaction(act="goto", target=path), Interaction(act="type", target="#{a}", text="it is {id}"))
    page = PageSpec(name="order", path=path, login=login, steps=steps)
    options = PageOptions(
        folder=Path(),
        root=Path(),
        environ={"KEY": "k&y"},
        log_in=lambda _page, _side: LoginResult(values=values or {}),
    )
    return subject(page, PageSide(arm="", target="http://shop.test"), options)


def test_what_a_login_captures_stands_in_path_and_steps():
    visited = subject_of("/orders/{id}?key=${KEY}", "buy", {"id": "a/b 1"})

    assert visited.path == "/orders/a%2Fb%201?key=k&y"
    assert [(act.target, act.text) for act in visited.page.steps] == [(visited.path, ""), ("#{a}", "it is a/b 1")]


def test_a_value_that_a_login_did_not_capture_ends_the_views():
    with pytest.raises(PageError, match=r"left no value for `\{id\}`"):
        subject_of("/orders/{id}", "buy", {"other": "1"})


def test_without_a_login_braces_are_braces():
    visited = subject_of('/?filter={"a":1}&key=${KEY}')

    assert visited.path == '/?filter={"a":1}&key=k&y'
    assert visited.page.steps[1].text == "it is {id}"


def test_documents_of_any_host_may_come_and_stay_those_of_others():
    subject = visit("https://shop.org", "/", hosts=("*",))

    assert subject.is_allowed("https://ads.example/")
    assert subject.is_third_party("https://ads.example/")
    assert not subject.is_allowed("file:///etc/passwd")
