"""What pages are made of, in words."""

from __future__ import annotations

import pytest

from perfgate.model.page import LcpParts, PageDetail, Resource
from perfgate.report import page_words

HOST = "http://shop"


def said(**detail: object) -> list[str]:
    lines = list(page_words.lines([PageDetail(name="home", **detail)]))  # type: ignore[arg-type]
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


@pytest.mark.parametrize(
    "sound",
    [
        resource("/a.js", size=90_000, encoding="br", cache_control="public, max-age=31536000, immutable"),
        resource("/a.png", kind="image", mime="image/png", size=90_000, cache_control="max-age=86400"),
        resource("/small.js", size=1_000),
        resource("/blocked.js", status=0, is_third_party=True),  # that never came, which a note says
        resource("/", kind="document", size=5_000, cache_control="no-cache"),
    ],
)
def test_a_sound_file_is_no_line(sound: Resource):
    assert said(resources=(sound,)) == []
