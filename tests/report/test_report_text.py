"""Text from outside must be harmless wherever it is shown."""

from __future__ import annotations

import re

import pytest
from report.samples import HOSTILE

from perfgate.report.escaping import code, is_tame, plain, prose, shorten, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("search", "search"),
        ("GET /a  b", "GET /a b"),
        ("a\r\nb\tc\u2028d\x85e", "a b c d e"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x\x1b]8;;http://e\x1b\\link", "xlink"),
        ("\x9b31mred", "red"),
        ("a\x00\x07\x08b\x7f", "ab"),
        ("\u202etxet\u200b", "txet"),
        ("a\ud800b\ufffe\uffff", "ab"),
        ("", "(empty)"),
        (" \n ", "(empty)"),
        ("Zürich 商品", "Zürich 商品"),
    ],
)
def test_plain(text, expected):
    assert plain(text) == expected


def test_shorten_keeps_both_ends():
    assert shorten("GET /api/v1/products/{id}/recommendations", 21) == "GET /api/v1/p…dations"
    assert shorten("short", 5) == "short"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /orders/{id}?x=1", "`GET /orders/{id}?x=1`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("`", "<code>&#96;</code>"),
        ("<b>", "<code>&#60;b&#62;</code>"),
        ("a\\", "<code>a&#92;</code>"),
        ("@ada", "<code>&#64;ada</code>"),
        ("x-->", "<code>x--&#62;</code>"),
    ],
)
def test_code(text, expected):
    assert code(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "search p95 131 ms: over the limit of 120 ms (+60 %).",
            "search p95 131 ms: over the limit of 120 ms (+60 %).",
        ),
        ("thanks @ada, see #12", "thanks &#64;&#8203;ada, see &#35;&#8203;12"),
        ("https://e.example www.e.example", "https&#58;//e.example www&#46;e.example"),
        ("[a](b) | <i> *b* `c`", "&#91;a&#93;(b) &#124; &#60;i&#62; &#42;b&#42; `c`"),
        ("`--base-ref` would, a ` not", "`--base-ref` would, a &#96; not"),
        ("`@ada`", "&#96;&#64;&#8203;ada&#96;"),
        ("`a|b`", "&#96;a&#124;b&#96;"),
    ],
)
def test_prose(text, expected):
    assert prose(text) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_is_left_in_markdown(text):
    for shown in (code(text), prose(text)):
        bare = re.sub(r"&#\d+;|</?code>|^`|`$", "", shown)
        assert not re.search(r"[|`<>@\\\n\r]|\w://", bare) or shown.startswith("`"), shown
        assert "-->" not in shown
        shown.encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_commands_are_only_made_of_tame_names(text):
    assert not is_tame(text) or re.fullmatch(r"[\w \[\](){}/.,:;=?'\"-]+", text)


def test_slug_is_readable_where_it_can_be_and_unique():
    assert slug("search") == "search"
    assert slug("list products") == "list-products"
    names = [
        "list-products",
        "List products",
        "GET /orders",
        "GET orders",
        "../../etc/passwd",
        "",
        ".",
        "a" * 300,
        *HOSTILE,
    ]
    slugs = [slug(name) for name in names]
    assert len({*slugs, "list-products"}) == len(set(names)) + 1
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,70}", one) for one in slugs)
