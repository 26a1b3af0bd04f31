"""What pages are made of, in words."""

from __future__ import annotations

import re

import pytest

from perfgate.model.page import HASH, LcpParts, PageDetail, Resource, fetch_changes
from perfgate.report import page_words
from perfgate.report.escaping import code

HOST = "http://shop"


def said(before: PageDetail | None = None, **detail: object) -> list[str]:
    earlier = {"home": before} if before else {}
    lines = list(page_words.lines([PageDetail(name="home", **detail)], earlier))  # type: ignore[arg-type]
    assert all(line.startswith("home: ") for line in lines)
    return [line.removeprefix("home: ") for line in lines]


def resource(path: str, **more: object) -> Resource:
    return Resource(**{"url": HOST + path, "kind": "script", "status": 200, **more})  # type: ignore[arg-type]


def test_the_lcp_is_told_with_its_parts_its_first_byte_and_its_layers():
    parts = LcpParts(ttfb=0.7, load_delay=0.0, load_duration=0.0, render_delay=0.9)
    call = resource("/api", kind="fetch", started=0.7, duration=0.8, server_timing={"db": 0.6})
    lcp, layers = said(
        lcp=parts,
        lcp_element="#offer>h1",
        ttfb_parts={"connection": 0.02, "db": 0.5, "network and rest": 0.18},
        lcp_layers={"backend": 1.5, "frontend": 0.1},
        resources=(call,),
    )

    assert lcp == (
        "LCP of #offer>h1 1.6 s = first byte 700 ms + render delay 900 ms; "
        "first byte = connection 20 ms + db 500 ms + network and rest 180 ms; "
        "meanwhile http://shop/api took 800 ms (of the server: db 600 ms)"
    )
    assert layers == "the LCP waits mostly for the backend: backend 1.5 s, frontend 100 ms"


@pytest.mark.parametrize(
    ("fetched", "line"),
    [
        (resource("/a.js", size=90_000, cache_control="max-age=99999"), "not compressed: http://shop/a.js 90 kB"),
        (
            resource("/api", kind="fetch", mime="application/json", size=90_000),
            "not compressed: http://shop/api 90 kB",
        ),
        (
            resource("/a.js", size=30_000, encoding="br", decoded=90_000, unused=50_000, cache_control="max-age=99999"),
            "never used: http://shop/a.js 50 kB of 90 kB",
        ),
        (resource("/a.png", kind="image", size=5_000), "without Cache-Control: http://shop/a.png 5 kB"),
        (
            resource("/a.png", kind="image", size=5_000, cache_control="max-age=60"),
            "cached for less than a day: http://shop/a.png max-age=60",
        ),
        (
            resource("/a.png", kind="image", size=5_000, cache_control="no-store"),
            "cached for less than a day: http://shop/a.png no-store",
        ),
        (
            resource("/a.png", kind="image", size=9_000, cache_control="max-age=99999", cache_status="x-cache: MISS"),
            "not from the cache of the CDN: http://shop/a.png x-cache: MISS",
        ),
        (
            resource("/a.js", is_blocking=True, duration=0.7),
            "rendering waits for http://shop/a.js 700 ms",
        ),
        (
            Resource(
                url="http://ads/t.js",
                kind="script",
                size=10_000,
                status=200,
                duration=0.5,
                is_third_party=True,
                encoding="br",
            ),
            "from other hosts: 10 kB (ads 1 request); slowest http://ads/t.js 500 ms",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_a_line(fetched: Resource, line: str):
    assert line in said(resources=(fetched,))


def test_what_servers_say_is_quoted_wherever_it_stands():
    """Headers are a stranger's text, also those of other hosts; in Markdown they are code."""
    theirs = "[x](http://evil.example) @admin"
    call = resource("/api", kind="fetch", started=0.1, duration=0.8, server_timing={theirs: 0.6})
    brief = resource("/a.png", kind="image", size=5_000, cache_control=f"max-age=1, {theirs}")
    missed = resource("/b.png", kind="image", size=5_000, cache_control="max-age=99999", cache_status=f"MISS {theirs}")
    detail = PageDetail(
        name="home",
        lcp=LcpParts(ttfb=0.1, load_delay=0.0, load_duration=0.0, render_delay=0.9),
        ttfb_parts={"connection": 0.02, theirs: 0.08},
        resources=(call, brief, missed),
    )
    text = "\n".join(page_words.lines([detail], {}, code))

    assert text.count("evil.example") == 4
    assert "evil.example" not in re.sub(r"<code>.*?</code>|`[^`\n]*`", "", text)


def test_what_a_page_fetches_otherwise_than_before_is_said():
    """Base and head are at different ports, and a bundle's name has a hash of its content in it."""

    def fetched(port: int, *files: tuple[str, int]) -> tuple[Resource, ...]:
        return tuple(
            Resource(
                url=f"http://127.0.0.1:{port}{path}",
                kind="image",
                size=size,
                status=200,
                cache_control="max-age=9999999",
            )
            for path, size in files
        )

    before = fetched(1, ("/app.0a1b2c3d.js", 90_000), ("/same.png", 5), ("/old.png", 700), ("/twice.png", 100))
    now = fetched(2, ("/app.9f8e7d6c.js", 95_000), ("/same.png", 5), ("/new.png", 1_800), *[("/twice.png", 100)] * 2)
    [line] = said(PageDetail(name="home", resources=before), resources=now)

    assert line == (
        "fetches otherwise than before: http://127.0.0.1:2/app.9f8e7d6c.js +5 kB, new http://127.0.0.1:2/new.png "
        "1.8 kB, no longer http://127.0.0.1:1/old.png 700 B and 1 more"
    )
    assert said(PageDetail(name="home", resources=now), resources=now) == []


def test_a_file_that_is_fetched_more_often_is_counted():
    once = resource("/basket", kind="fetch", size=100)

    assert said(PageDetail(name="home", resources=(once,)), resources=(once, once, once)) == [
        "fetches otherwise than before: http://shop/basket 3 times instead of 1 +200 B"
    ]


def test_of_a_view_with_very_many_files_small_ones_are_neither_new_nor_gone():
    files = [resource(f"/{number}.png", kind="image", size=1_000) for number in range(60)]
    large = resource("/large.png", kind="image", size=1_001)
    kept = [large, *files[:59]]  # the sixtieth may have been fetched, too

    assert [change.url for change in fetch_changes(kept, files)] == [large.url]
    assert [change.url for change in fetch_changes(files, kept)] == [large.url]


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("app.0a1b2c3d4e.js", True),
        ("index-BQ3pXz1a.js", True),
        ("main.4f3a2b1c.chunk.js", False),
        ("my-component.js", False),
        ("jquery-3.7.1.js", False),
    ],
)
def test_a_hash_in_a_name_is_none_of_it(name: str, same: bool):
    assert (HASH.sub("", name) != name) is same


@pytest.mark.parametrize(
    "sound",
    [
        resource("/a.js", size=90_000, encoding="br", cache_control="public, max-age=31536000, immutable"),
        resource("/a.png", kind="image", mime="image/png", size=90_000, cache_control="max-age=86400"),
        resource("/small.js", size=1_000),
        resource("/a.png", kind="image", size=9_000, cache_control="max-age=99999", cache_status="x-cache: MISS, HIT"),
        resource("/blocked.js", status=0, is_third_party=True),  # that never came, which a note says
        resource("/", kind="document", size=5_000, cache_control="no-cache"),
    ],
)
def test_a_sound_file_is_no_line(sound: Resource):
    assert said(resources=(sound,)) == []
