"""Pages that wait for something of a known time: the parts of their LCP and INP, and the layer that is named."""

from __future__ import annotations

import os
import random
import struct
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest
from services.page_server import Answer, serving, visit

from perfgate.model.budget_file import Interaction
from perfgate.model.page import PageDetail
from perfgate.pages import browser, summary
from perfgate.pages.browser import Browser
from perfgate.pages.view import View, metrics
from perfgate.report import page_words

pytestmark = pytest.mark.needs("chromium")

HEAD = '<!doctype html><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
STYLE = "<style>body { margin: 0 } #hero { width: 900px; height: 400px }</style>"
SLOW = 0.5  # s that the server takes
NOISE = random.Random(1).randbytes(12_000).hex()  # Chromium takes an image of few bytes for a background: no LCP
PICTURE = Answer(
    body=f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="400"><rect width="900" height="400"/><desc>{NOISE}</desc></svg>',
    kind="image/svg+xml",
)
INLINE = f"data:image/svg+xml;base64,{b64encode(PICTURE.body.encode()).decode()}"
TEXT = "A long text that is the largest thing on this page"
CHAIN = """fetch("/slow-1").then((it) => it.text()).then(() => fetch("/slow-2")).then((it) => it.text())"""


def png(side: int) -> str:
    """A black square, as a data URL."""
    rows = (b"\0" + b"\0" * side) * side
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    data = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    signed = b"\x89PNG\r\n\x1a\n" + data
    return f"data:image/png;base64,{b64encode(signed).decode()}"


LARGE = png(64)


def late(answer: str | Answer) -> Callable[[object], str | Answer]:
    def page(_request: object) -> str | Answer:
        time.sleep(SLOW)
        return answer

    return page


def leads_to(path: str) -> Answer:
    return Answer(status=302, headers={"Location": path})


def working(place: str) -> str:
    """A button whose click works for 0.3 s, in its handler or before the next paint."""
    work = "const until = performance.now() + 300; while (performance.now() < until);"
    inner = work if place == "handler" else f"requestAnimationFrame(() => {{ {work} }}); go.textContent = 'done'"
    return f"{HEAD}<h1>Ready</h1><button id=go>go</button><script>const go = document.querySelector('#go');\n" + (
        f"go.addEventListener('click', function work() {{ {inner} }})</script>"
    )


PAGES = {
    "/hero.svg": late(PICTURE),
    "/now.svg": PICTURE,
    "/image": f"{HEAD}{STYLE}<img id=hero src=/hero.svg><p>text</p>",
    "/background": f"{HEAD}{STYLE}<div id=hero style='background: url(/hero.svg)'></div><p>text</p>",
    "/poster": f"{HEAD}{STYLE}<video id=hero poster=/hero.svg></video><p>text</p>",
    "/redirected": f"{HEAD}{STYLE}<img id=hero src=/to-hero><p>text</p>",
    "/to-hero": late(leads_to("/now.svg")),
    "/invisible": f"{HEAD}{STYLE}<img id=hero src=/now.svg style='opacity: 0'><h1>{TEXT}</h1>",
    "/blocking": f"{HEAD}<script src=/slow.js></script><h1>{TEXT}</h1>",
    "/slow.js": late("window.ready = 1"),
    "/leading": f"{HEAD}<script src=/to-quick.js></script><h1>{TEXT}</h1>",
    "/to-quick.js": late(leads_to("/quick.js")),
    "/quick.js": "window.ready = 1",
    "/document": late(leads_to("/ready")),
    "/ready": f"{HEAD}<h1>{TEXT}</h1>",
    "/chain": f"{HEAD}<h1 style='height: 60px'></h1><script>"
    f"{CHAIN}.then((text) => {{ document.querySelector('h1').textContent = text }})</script>",
    "/slow-1": late(TEXT),
    "/slow-2": late(TEXT),
    "/font": f"""{HEAD}<style>@font-face {{ font-family: Own; src: url(/own.ttf); font-display: block }}
        p {{ font: 60px Own }}</style><p>{TEXT}</p>""",
    "/own.ttf": late(Answer(status=404)),
    "/handler": working("handler"),
    "/frame": working("frame"),
    "/calling": f"""{HEAD}<h1>Ready</h1><button id=go>go</button><script>document.querySelector("#go").onclick = () =>
        {CHAIN}.then(() => fetch("/slow-1"))</script>""",
    "/pausing": f"""{HEAD}<h1>Ready</h1><button id=go>go</button><script>
        document.querySelector("#go").onclick = () => setTimeout(() => fetch("/slow-1"), 400)</script>""",
    "/polling": f"""{HEAD}<h1>Ready</h1><button id=go>go</button><script>
        setInterval(() => fetch("/quick.js"), 200)</script>""",
    "/images": f"""{HEAD}{STYLE}<img id=hero loading=lazy src=/now.svg width=900 height=400>
        <img src="{LARGE}" width=16 height=16><div style="height: 3000px"></div><img src=/far.svg>""",
    "/far.svg": PICTURE,
    "/sized": f"{HEAD}{STYLE}<img id=hero src=/now.svg><p>text</p>",
    "/inline": f"{HEAD}<img src='{INLINE}'><p>text</p>",
    "/cleared": f"{HEAD}<script src=/quick.js></script><script>performance.clearResourceTimings()</script><h1>{TEXT}</h1>",
    "/many": f"""{HEAD}{STYLE}<p>text</p><script>
        Promise.all([...Array(260).keys()].map((number) => fetch("/quick.js?" + number))).then(() => document.body.append(
          Object.assign(new Image(), {{id: "hero", src: "/hero.svg"}})))</script>""",
    "/large.svg": Answer(body=f"{PICTURE.body}<!--{'x' * 184_320}-->", kind="image/svg+xml"),
    "/large": f"{HEAD}{STYLE}<img id=hero src=/large.svg>",
}
CLICK = Interaction(act="click", target="#go")


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with serving(PAGES) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.launch(os.environ) as launched:
        yield launched


def detail_of(view: View) -> PageDetail:
    assert view.failure is None
    return summary.detail("page", "", [view])


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/image", "/background", "/poster"])
def test_the_largest_image_is_known_however_it_is_shown(chromium: Browser, target: str, path: str):
    detail = detail_of(chromium.view(visit(target, path)))

    assert (detail.lcp_element, detail.lcp_url) == ("#hero", f"{target}/hero.svg")
    assert detail.lcp is not None
    assert detail.lcp.load_duration >= SLOW
    assert detail.lcp_layers["backend"] >= 0.9 * SLOW


@pytest.mark.slow
def test_an_image_that_nobody_sees_is_not_the_largest_thing(chromium: Browser, target: str):
    detail = detail_of(chromium.view(visit(target, "/invisible")))

    assert (detail.lcp_element.endswith("h1"), detail.lcp_url) == (True, "")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/redirected", "/to-hero"),
        ("/leading", "/to-quick.js"),
        pytest.param("/blocking", "/slow.js", marks=pytest.mark.slow),
        pytest.param("/document", "/document", marks=pytest.mark.slow),
        pytest.param("/chain", "/slow-1", marks=pytest.mark.slow),
        pytest.param("/chain", "/slow-2", marks=pytest.mark.slow),
    ],
)
def test_what_the_server_was_slow_with_is_the_backend_s(chromium: Browser, target: str, path: str, url: str):
    """Redirects are answers of their own, and count as requests."""
    view = chromium.view(visit(target, path))
    detail = detail_of(view)
    [slow] = [item for item in detail.resources if item.url == target + url]

    assert slow.duration >= SLOW
    assert slow.status == (302 if "to-" in url or path == "/document" else 200)
    assert detail.lcp_layers["backend"] >= 0.9 * SLOW * (2 if path == "/chain" else 1)
    assert any("was redirected to" in note for note in view.notes) is (path == "/document")
    assert metrics(view)["requests"] == {"/document": 2, "/blocking": 2}.get(path, 3)


@pytest.mark.slow
def test_calls_one_after_the_other_are_named(chromium: Browser, target: str):
    [line] = [
        text for text in page_words.lines([detail_of(chromium.view(visit(target, "/chain")))], {}) if "LCP of" in text
    ]

    assert f"; meanwhile {target}/slow-1 took " in line
    assert f", then {target}/slow-2 took " in line


@pytest.mark.slow
def test_a_text_waits_for_a_font_that_never_comes(chromium: Browser, target: str):
    detail = detail_of(chromium.view(visit(target, "/font")))

    assert [item.url for item in detail.resources if item.is_blocking] == [f"{target}/own.ttf"]
    assert detail.lcp_layers["backend"] >= 0.9 * SLOW


@pytest.mark.slow
def test_a_script_of_others_that_never_comes_is_the_third_party_s(chromium: Browser):
    broken = Answer(body="window.ready = 1", headers={"Content-Length": "9999"})
    with serving({"/tag.js": late(broken)}) as other:
        tag = f"{other.replace('127.0.0.1', 'localhost')}/tag.js"
        with serving({"/": f"{HEAD}<script src='{tag}'></script><h1>{TEXT}</h1>"}) as target:
            view = chromium.view(visit(target, "/"))

    assert any(note.startswith(f"did not come: {tag}") for note in view.notes)
    assert detail_of(view).lcp_layers["third party"] >= 0.9 * SLOW


@pytest.mark.parametrize(
    ("path", "part", "script"),
    [
        ("/handler", "processingDuration", "work"),
        pytest.param("/frame", "presentationDelay", "FrameRequestCallback", marks=pytest.mark.slow),
    ],
)
def test_a_slow_click_has_its_part_and_its_script(chromium: Browser, target: str, path: str, part: str, script: str):
    view = chromium.view(visit(target, path, interact=(CLICK,)))
    detail = detail_of(view)

    assert detail.inp_parts[part] >= 0.29
    assert sum(detail.inp_parts.values()) == pytest.approx(metrics(view)["inp"], abs=0.01)
    assert detail.inp_script.endswith(script)


@pytest.mark.slow
def test_what_a_click_fetches_counts_however_long_it_takes(chromium: Browser, target: str):
    """Three calls, one after the other."""
    view = chromium.view(visit(target, "/calling", interact=(CLICK,)))

    assert metrics(view)["requests"] == 4


def test_what_a_click_fetches_a_moment_later_counts(chromium: Browser, target: str):
    """A handler may wait for more input before it asks; the page has been quiet for longer than that."""
    view = chromium.view(visit(target, "/pausing", interact=(CLICK,)))

    assert metrics(view)["requests"] == 2


@pytest.mark.slow
def test_a_page_that_polls_for_ever_is_left_after_five_seconds(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/polling", interact=(CLICK,)))

    assert (view.failure, view.notes) == (None, ("still fetching 5 s after it had loaded",))
    assert metrics(view)["inp"] > 0


@pytest.mark.slow
def test_what_is_wrong_with_images_is_seen(chromium: Browser, target: str):
    notes = summary.detail("page", "", [chromium.view(visit(target, "/images"))]).notes

    assert notes == (
        "the largest image is loaded lazily (loading=lazy): it begins late",
        f"images without width and height: {target}/far.svg",
        f"images larger than they are shown: {LARGE} (64 × 64, shown as 16 × 16)",
        f"images far below the fold that are not lazy (loading=lazy): {target}/far.svg",
    )


def test_an_image_whose_height_a_style_says_is_sound(chromium: Browser, target: str):
    assert detail_of(chromium.view(visit(target, "/sized"))).notes == ()


def test_an_image_in_an_address_is_named_by_its_beginning(chromium: Browser, target: str):
    [note] = detail_of(chromium.view(visit(target, "/inline"))).notes

    assert note == f"images without width and height: {INLINE[:200]}"


def test_what_blocks_rendering_is_known_though_the_page_clears_the_list_of_what_it_fetched(
    chromium: Browser, target: str
):
    detail = detail_of(chromium.view(visit(target, "/cleared")))

    assert [item.url for item in detail.resources if item.is_blocking] == [f"{target}/quick.js"]


@pytest.mark.slow
def test_the_largest_image_has_its_parts_however_much_was_fetched_before(chromium: Browser, target: str):
    detail = detail_of(chromium.view(visit(target, "/many")))

    assert detail.lcp is not None
    assert detail.lcp.load_duration >= SLOW


@pytest.mark.slow
def test_throttling_slows_down_the_network_as_lighthouse_does(chromium: Browser, target: str):
    """1.47 Mbit/s and 562.5 ms a request; the answer has a good 184 kB."""
    detail = detail_of(chromium.view(visit(target, "/large", throttle="mobileSlow4G", timeout=30.0)))

    assert detail.lcp is not None
    assert detail.lcp.load_duration >= 0.9 * (0.5625 + 208_500 * 8 / 1_474_560)
    assert next(iter(detail.lcp_layers)) == "network"
