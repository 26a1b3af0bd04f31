"""Views of pages in a real Chromium: layout shifts computed by hand, single-page navigations, and what goes wrong."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from services.page_server import Answer, serving, visit

from perfgate.model.budget_file import Interaction
from perfgate.pages import browser
from perfgate.pages.browser import Browser
from perfgate.pages.view import View, counted_shifts, metrics
from perfgate.pages.visit import Purpose

pytestmark = pytest.mark.needs("chromium", "openssl")

HEAD = '<!doctype html><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
# A block of 100 % x 400 px that moves 160 px down, 200 ms after it was painted.
SHIFT = f"""{HEAD}<style>body {{ margin: 0 }} #block {{ height: 400px; background: teal }}</style>
<div id="gap" style="height: 0"></div><div id="block">text</div><script>
requestAnimationFrame(() => setTimeout(() => document.querySelector("#gap").style.height = "160px", 200))</script>"""
BAR = f"""{HEAD}<style>body {{ margin: 0 }} #block {{ height: 300px; width: 400px; margin: 0 auto; background: teal }}</style>
<div id="block">text</div><script>
requestAnimationFrame(() => setTimeout(() => document.body.append(Object.assign(
  document.createElement("div"), {{style: "height: 3000px"}})), 200))</script>"""
ON_CLICK = f"""{HEAD}<style>body {{ margin: 0 }}</style><button id="go">go</button><div id="gap" style="height: 0"></div>
<div style="height: 300px; background: teal">text</div><script>
document.querySelector("#go").onclick = () => document.querySelector("#gap").style.height = "100px"</script>"""
SINGLE_PAGE = f"""{HEAD}<h1>One</h1><a id="go" href="/two">two</a><a id="stay" href="#">stay</a>
<main style="min-height: 400px"></main><script>
document.querySelector("#stay").onclick = (event) => event.preventDefault();
document.querySelector("#go").onclick = (event) => {{
  event.preventDefault();
  fetch("/data.json").then((answer) => answer.json()).then((data) => setTimeout(() => {{
    history.pushState({{}}, "", "/two");
    document.querySelector("main").innerHTML = `<h2 id="large" style="font-size: 90px">${{data.text}}</h2>`;
  }}, 300));
}}</script>"""
WORKER = f"""{HEAD}<h1>Worker</h1><script>
navigator.serviceWorker.register("/worker.js").then(() => navigator.serviceWorker.ready)</script>"""
ENDLESS_LIST = f"""{HEAD}<h1>List</h1><script>
addEventListener("scroll", () => {{ for (let i = 0; i < 50; i++) document.body.append(
  Object.assign(document.createElement("p"), {{textContent: "more"}})); }});
document.body.style.minHeight = "3000px"</script>"""
BUSY_LATER = f"""{HEAD}<h1>Busy</h1><script>
Object.defineProperty(document, "images", {{get() {{ while (true); }}}})</script>"""  # once it is read
CHOICES = f"""{HEAD}<h1>Choose</h1><select id="list"><option value="a">Apple</option>
<option value="b" disabled>Banana</option><option value="c">Cherry</option></select><output></output><script>
const list = document.querySelector("#list");
list.addEventListener("change", function chosen() {{
  const until = performance.now() + 120;
  while (performance.now() < until);
  Object.assign(document.querySelector("output"), {{id: list.value, textContent: "chosen"}});
}})</script>"""
FONT = f"""{HEAD}<style>@font-face {{ font-family: "Own"; src: url(/own.ttf); font-display: block }}
p {{ font: 60px "Own" }}</style><p>A text that nobody sees before its font is there</p>"""
STRICT = Answer(
    body=f"{HEAD}<h1>Strict</h1>", headers={"Content-Security-Policy": "default-src 'self'; script-src 'self'"}
)
BASIC = f"Basic {base64.b64encode(b'ann:secret').decode()}"


def never(_request) -> str:  # type: ignore[no-untyped-def]
    time.sleep(20)
    return ""


def late(_request) -> str:  # type: ignore[no-untyped-def]
    time.sleep(6)
    return f"{HEAD}<h1>Late</h1>"


def protected(request) -> str | Answer:  # type: ignore[no-untyped-def]
    if request.headers.get("Authorization") == BASIC:
        return f"{HEAD}<h1>Welcome</h1>"
    return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="shop"'})


PAGES = {
    "/": f"{HEAD}<h1>Ready</h1>",
    "/shift": SHIFT,
    "/bar": BAR,
    "/on-click": ON_CLICK,
    "/spa": SINGLE_PAGE,
    "/spa-later": SINGLE_PAGE.replace(
        'fetch("/data.json")', 'new Promise((go) => setTimeout(go, 300)).then(() => fetch("/data.json"))'
    ),
    "/data.json": Answer(body='{"text": "A very large text on the second page"}', kind="application/json"),
    "/worker": WORKER,
    "/worker.js": "addEventListener('fetch', () => {})",
    "/answering": f"""{HEAD}<h1>Worker</h1><script>
        navigator.serviceWorker.register("/answers.js").then(() => navigator.serviceWorker.ready)</script>""",
    "/answers.js": "addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))",
    "/complaining": f"""{HEAD}<h1>Errors</h1><img src="/none.png"><script>
        for (let number = 0; number < 9; number++) console.error("broken", number);
        console.warn("odd")</script>""",
    "/threads": f"{HEAD}<h1>Threads</h1><script>new Worker('/thread.js')</script>",
    "/thread.js": "postMessage('ready')",
    "/list": ENDLESS_LIST,
    "/busy": BUSY_LATER,
    "/stuck": f"""{HEAD}<h1 style="height: 3000px">List</h1><script>
        addEventListener("wheel", () => {{ for (;;); }}, {{passive: false}})</script>""",
    "/strict": STRICT,
    "/protected": protected,
    "/circle": Answer(status=302, headers={"Location": "/circle"}),
    "/away": Answer(status=302, headers={"Location": "http://localhost:9/"}),
    "/file": Answer(status=302, headers={"Location": "file:///etc/passwd"}),
    "/download": Answer(
        body="x", kind="application/zip", headers={"Content-Disposition": "attachment; filename=a.zip"}
    ),
    "/form": f"{HEAD}<form action='/'><input id='user'><button id='send'>send</button></form>",
    "/leave": f"{HEAD}<h1>Stay</h1><script>addEventListener('beforeunload', (e) => e.preventDefault())</script>",
    "/question": f"""{HEAD}<h1>Stay</h1><button id="go">type</button>
        <script>addEventListener("beforeunload", (e) => e.preventDefault())</script>""",
    "/empty": Answer(status=204),
    "/sandbox": Answer(body="<h1>Sandbox</h1>", headers={"Content-Security-Policy": "img-src *; sandbox allow-forms"}),
    "/to-nowhere": f"{HEAD}<h1>Wait</h1><a id='go' href='/nowhere'>next</a>",
    "/members-only": Answer(status=302, headers={"Location": "/"}),
    "/font-of-nobody": f"""{HEAD}<style>@font-face {{ font-family: "Own"; src: url(/never.ttf) }}</style><h1>Ready</h1>
        <script>addEventListener("load", () => {{ document.body.style.fontFamily = "Own, sans-serif" }})</script>""",
    "/never.ttf": never,
    "/to-late": f"{HEAD}<h1>Wait</h1><a id='go' href='/late'>next</a>",
    "/late": late,
    "/link": f"{HEAD}<h1>Link</h1><a id='go' href='/'>next</a>",
    "/led": f"{HEAD}<h1>Soon</h1><meta http-equiv='refresh' content='0;url=/'>",
    "/incomplete": f"""{HEAD}<h1>Half</h1><img src="/none.png"><script src="http://127.0.0.1:9/a.js"></script>
        <script>fetch("/nowhere"); fetch("/broken")</script>""",
    "/broken": Answer(status=500),
    "/choices": CHOICES,
    "/font": FONT,
    "/print": f"{HEAD}<h1>Print</h1><script>confirm('sure?'); prompt('name?'); window.open('/')</script>",
}


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with serving(PAGES) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.launch(os.environ, soft_navigations=True) as launched:
        yield launched


def failure(view: View) -> tuple[str, str]:
    assert view.failure is not None
    return view.failure


CLICK = Interaction(act="click", target="#go")
SHOWN = Interaction(act="wait_for", target="#c")


@pytest.mark.parametrize(("viewport", "width", "height"), [("desktop", 1350, 940), ("mobile", 412, 823)])
def test_a_known_shift_has_the_score_computed_by_hand(
    chromium: Browser, target: str, viewport: str, width: int, height: int
):
    """Impact: 400 + 160 pixels of the height, the whole width. Distance: 160 pixels of the longer side."""
    view = chromium.view(visit(target, "/shift", viewport=viewport))

    expected = (560 * width) / (width * height) * 160 / max(width, height)
    assert metrics(view)["cls"] == pytest.approx(expected, rel=0.002)
    assert [source["element"] for source in counted_shifts(view)[0]["sources"]] == ["div#block"]


# Each step begins once the shift of the one before was reported.
CAUSES = f"""{HEAD}<style>body {{ margin: 0 }} #last {{ height: 300px; background: teal }}</style><div id="gap"></div>
<main></main><img id="late"><div id="last">text</div><script>
const last = document.querySelector("#last"), steps = [
  () => document.querySelector("#gap").style.height = "90px",
  () => document.querySelector("main").append(Object.assign(document.createElement("div"), {{
    id: "banner", style: "height: 80px", textContent: "Sale"}})),
  () => document.querySelector("#late").src = "/late.svg",
  () => document.body.append(Object.assign(document.createElement("p"), {{id: "done", textContent: "done"}})),
];
const next = () => setTimeout(() => steps.length && steps.shift()(), 100);
new PerformanceObserver((list) => list.getEntries().forEach(next)).observe({{type: "layout-shift"}});
requestAnimationFrame(next)</script>"""


LATE_IMAGE = Answer(
    body='<svg xmlns="http://www.w3.org/2000/svg" width="300" height="120"><rect width="300" height="120"/></svg>',
    kind="image/svg+xml",
)


def test_what_changed_just_before_a_shift_is_named(chromium: Browser):
    done = Interaction(act="wait_for", target="#done")
    with serving({"/": CAUSES, "/late.svg": LATE_IMAGE}) as target:
        view = chromium.view(visit(target, "/", interact=(done,)), Purpose(coverage=True))

    assert [cause["text"] for cause in view.account["causes"]] == [
        "div#gap changed",
        "div#banner was inserted",
        "img#late came without width and height",
    ]
    assert [item["start"] for item in view.account["shifts"]] == [cause["start"] for cause in view.account["causes"]]


@pytest.mark.parametrize("logo", ["<img src=/late.svg style='height: 60px'>", "<p><img src=/late.svg></p>"])
def test_an_image_that_was_there_before_is_not_the_cause_of_a_shift(chromium: Browser, logo: str):
    """A style says its height, or it is in a place that is kept for it."""
    page = f"""{HEAD}<style>p {{ height: 60px; overflow: hidden }} #last {{ height: 300px; background: teal }}</style>
        <script>document.addEventListener("load", ({{target}}) => target.nodeName === "IMG" && setTimeout(() =>
          document.querySelector("main").append(Object.assign(document.createElement("div"), {{
            id: "banner", style: "height: 80px", textContent: "Sale"}})), 400), true)</script>{logo}<main></main><div id="last">text</div>"""
    banner = Interaction(act="wait_for", target="#banner")
    with serving({"/": page, "/late.svg": LATE_IMAGE}) as target:
        view = chromium.view(visit(target, "/", interact=(banner,)), Purpose(coverage=True))

    assert [cause["text"] for cause in view.account["causes"]] == ["div#banner was inserted"]


def test_a_scroll_bar_that_comes_late_shifts_what_is_centred(chromium: Browser, target: str):
    """Visitors see scroll bars, of 15 pixels: half of that is how far what is centred moves."""
    score = metrics(chromium.view(visit(target, "/bar")))["cls"]

    assert score == pytest.approx((407.5 * 300) / (1335 * 940) * 7.5 / 1335, rel=0.02)


def test_a_shift_after_a_click_is_none(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/on-click", viewport="mobile", interact=(CLICK,)))

    assert metrics(view)["cls"] == 0
    assert any(item["isAfterInput"] for item in view.account["shifts"])


def test_a_single_page_navigation_is_measured_from_its_click(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/spa", steps=(CLICK,)))

    assert view.failure is None
    assert 0.3 <= metrics(view)["lcp"] < 3
    assert metrics(view)["requests"] == 1  # of the data, not of the document
    [shown] = [item for item in view.account["navigations"] if item["id"] == view.account["navigation"]]
    assert "#large" in shown["metrics"]["LCP"]["target"]


def test_what_a_single_page_navigation_fetches_began_after_its_click(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/spa-later", steps=(CLICK,)))

    [data] = view.resources
    assert data.started >= 0.29
    assert data.ended <= metrics(view)["lcp"]


def test_a_step_that_leads_nowhere_fails_the_view(chromium: Browser, target: str):
    stay = Interaction(act="click", target="#stay")

    assert failure(chromium.view(visit(target, "/spa", steps=(stay,)))) == (
        "step",
        "the last step (click #stay) led to no other page: no document, and no new address",
    )


def test_steps_lead_through_a_form_to_the_page_that_is_measured(chromium: Browser, target: str):
    steps = (Interaction(act="type", target="#user", text="ann"), Interaction(act="click", target="#send"))
    view = chromium.view(visit(target, "/form", steps=steps))

    assert view.failure is None
    assert [item.kind for item in view.resources] == ["document"]
    assert view.account["navigation"] == 0


@pytest.mark.slow
def test_a_step_that_leads_to_an_error_fails_the_view(chromium: Browser, target: str):
    assert failure(chromium.view(visit(target, "/to-nowhere", steps=(CLICK,)))) == ("status", "404 Not Found")


@pytest.mark.slow
def test_a_font_that_never_comes_costs_the_picture_and_nothing_else(chromium: Browser, target: str, tmp_path: Path):
    purpose = Purpose(coverage=True, screenshot=tmp_path / "page.jpg")
    view = chromium.view(visit(target, "/font-of-nobody", timeout=30.0), purpose)

    assert (view.failure, view.notes[-1]) == (None, "no picture of it could be taken within 10 s")
    assert view.coverage is not None


@pytest.mark.slow
def test_a_redirect_is_noted_for_what_was_measured(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/members-only"))

    assert view.notes == (f"it was redirected to {target}/, which is what was measured",)


@pytest.mark.slow
def test_a_step_may_lead_to_a_document_that_takes_its_time(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/to-late", steps=(CLICK,), timeout=15.0))

    assert view.failure is None
    assert metrics(view)["ttfb"] >= 5.9


def test_an_interaction_that_leads_away_fails_the_view(chromium: Browser, target: str):
    """The other document's metrics are not those of the page."""
    kind, text = failure(chromium.view(visit(target, "/link", interact=(CLICK,))))

    assert (kind, text.partition(":")[0]) == ("step", "click #go led to another document")


@pytest.mark.slow
def test_a_page_that_asks_before_it_is_left_is_left(chromium: Browser, target: str):
    """Chromium lets a page ask only after input."""
    there = Interaction(act="goto", target="/")
    view = chromium.view(visit(target, "/question", steps=(CLICK, there)))

    assert (view.failure, view.notes) == (None, ("a dialog that asks whether to leave was accepted",))


def test_what_did_not_come_is_named_and_answers_to_scripts_only_from_500(chromium: Browser, target: str):
    [note] = chromium.view(visit(target, "/incomplete")).notes

    assert note.startswith("did not come: ")
    assert f"{target}/none.png (404)" in note
    assert "http://127.0.0.1:9/a.js (net::ERR_" in note
    assert f"{target}/broken (500)" in note
    assert "/nowhere" not in note


@pytest.mark.slow
def test_a_page_that_leads_on_by_itself_is_noted_and_times_count_from_there(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/led"))

    assert (view.failure, view.notes) == (None, ("it led on to another document by itself: times count from there",))
    first, second = view.resources
    assert first.started < second.started == 0


@pytest.mark.slow
@pytest.mark.parametrize(("viewport", "wanted"), [("desktop", "c"), ("mobile", "Cherry")])
def test_an_option_that_is_selected_is_an_interaction(chromium: Browser, target: str, viewport: str, wanted: str):
    """Playwright's own way to select is a script's: Chromium takes it for no interaction, and there is no INP."""
    choose = Interaction(act="select", target="#list", text=wanted)
    view = chromium.view(visit(target, "/choices", viewport=viewport, interact=(choose, SHOWN)))

    assert metrics(view)["inp"] >= 0.12
    assert view.account["navigations"][0]["metrics"]["INP"]["script"].endswith("chosen")


@pytest.mark.slow
def test_an_option_that_cannot_be_selected_is_a_timeout(chromium: Browser, target: str):
    choose = Interaction(act="select", target="#list", text="b")

    assert failure(chromium.view(visit(target, "/choices", interact=(choose,), timeout=1.0)))[0] == "timeout"


@pytest.mark.slow
def test_the_largest_text_waits_for_its_font(chromium: Browser, target: str):
    """The font does not exist: what waits for it is what the style says."""
    view = chromium.view(visit(target, "/font"))

    assert view.account["awaitsFont"] is True
    assert chromium.view(visit(target, "/")).account["awaitsFont"] is False


def test_a_missing_element_names_the_step_but_not_what_is_typed(chromium: Browser, target: str):
    missing = Interaction(act="type", target="#password", text="hidden-text")
    kind, text = failure(chromium.view(visit(target, "/form", steps=(missing,), timeout=5.0)))

    assert kind == "timeout"
    assert "type #password" in text
    assert "hidden-text" not in text


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/nowhere", "status", "404"),
        ("/circle", "connection", "it redirects in a circle"),
        ("/away", "host", "a document of another host, http://localhost:9: name it in `allow`"),
        ("/file", "connection", "it redirects to what is not a web page"),
        ("/download", "download", "it is a file to download, not a page"),
        ("/protected", "status", "401"),
        ("/empty", "status", "204 No Content"),
        ("/sandbox", "scripts", "it allows no scripts (Content-Security-Policy: sandbox)"),
    ],
)
def test_what_is_no_page_fails_the_view_and_says_why(chromium: Browser, target: str, path: str, kind: str, words: str):
    view = chromium.view(visit(target, path))

    assert failure(view)[0] == kind
    assert words in failure(view)[1]


def test_a_page_that_never_gives_way_again_ends_by_the_timeout(chromium: Browser, target: str):
    assert failure(chromium.view(visit(target, "/busy", timeout=2.0)))[0] == "timeout"
    assert chromium.view(visit(target, "/")).failure is None  # the browser lives on


@pytest.mark.slow
def test_a_page_that_never_gives_way_to_a_scroll_ends_by_the_timeout(chromium: Browser, target: str):
    down = Interaction(act="scroll", target="down")

    assert failure(chromium.view(visit(target, "/stuck", timeout=2.0, interact=(down,))))[0] == "timeout"
    assert chromium.view(visit(target, "/")).failure is None


def test_basic_authentication_comes_from_the_target(chromium: Browser, target: str):
    known = visit(target.replace("://", "://ann:secret@"), "/protected")

    assert chromium.view(known).failure is None
    assert "secret" not in known.url


@pytest.mark.parametrize(
    ("path", "note"),
    [
        ("/worker", "a service worker is installed"),
        ("/print", "a dialog was dismissed: sure?"),
        ("/print", "a pop-up was closed"),
    ],
)
def test_what_gets_in_the_way_is_noted_and_the_view_counts(chromium: Browser, target: str, path: str, note: str):
    view = chromium.view(visit(target, path))

    assert view.failure is None
    assert note in view.notes


def test_errors_of_the_console_are_noted_and_what_did_not_come_only_once(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/complaining"))

    assert view.notes == (
        *(f"console error: broken {number}" for number in range(5)),
        f"did not come: {target}/none.png (404)",
    )


def test_a_phone_says_that_it_is(chromium: Browser):
    agents = []

    def page(request) -> str:  # type: ignore[no-untyped-def]
        agents.append((request.headers["User-Agent"], request.headers["Sec-CH-UA-Mobile"]))
        return f"{HEAD}<h1>Ready</h1>"

    with serving({"/": page}) as target:
        chromium.view(visit(target, "/", viewport="mobile"))

    [(agent, is_mobile)] = agents
    assert agent.startswith("Mozilla/5.0 (Linux; Android 11; ")
    assert f"Chrome/{chromium.version.partition('.')[0]}.0.0.0 Mobile Safari" in agent
    assert is_mobile == "?1"


@pytest.mark.slow
def test_what_a_service_worker_answers_is_noted(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/answering", cache="warm"))

    assert "its service worker answered 1 request: what that fetched for them is in no metric" in view.notes


def test_an_endless_list_is_scrolled_three_screens(chromium: Browser, target: str):
    down = Interaction(act="scroll", target="down")

    assert chromium.view(visit(target, "/list", interact=(down,))).failure is None


@pytest.mark.slow  # how soon a page hears of a wheel is the machine's
def test_a_list_that_grows_while_it_is_scrolled_is_noted(chromium: Browser):
    grows = "document.body.append(Object.assign(document.createElement('div'), {style: 'height: 9000px'}))"
    page = f"{HEAD}<h1 style='height: 3000px'>List</h1><script>addEventListener('scroll', () => {grows})</script>"
    down = Interaction(act="scroll", target="down")
    with serving({"/": page}) as target:
        view = chromium.view(visit(target, "/", interact=(down,)))

    assert view.notes == ("it grows while it is scrolled: 3 screens of it were",)


def test_a_worker_does_not_keep_a_page_from_being_quiet(chromium: Browser, target: str):
    view = chromium.view(visit(target, "/threads"))

    assert (view.failure, view.notes) == (None, ())


@pytest.mark.parametrize("path", ["/strict", "/leave"])
def test_pages_that_forbid_scripts_or_leaving_are_measured(chromium: Browser, target: str, path: str):
    view = chromium.view(visit(target, path))

    assert view.failure is None
    assert metrics(view)["lcp"] > 0
    assert metrics(view)["js_memory"] > 100_000


def test_a_warm_cache_fetches_again_only_what_may_not_be_kept(chromium: Browser):
    style = Answer(body="h1 { color: teal }", kind="text/css", headers={"Cache-Control": "max-age=3600"})
    page = f"{HEAD}<link rel='stylesheet' href='/a.css'><h1>Cached</h1>"
    with serving({"/": page, "/a.css": style}) as target:
        cold = chromium.view(visit(target, "/"))
        warm = chromium.view(visit(target, "/", cache="warm"))

    assert metrics(cold)["css_size"] == len(style.body)
    assert metrics(warm)["css_size"] == 0


def test_unused_code_is_named_by_module_where_there_is_a_source_map(chromium: Browser):
    """Two modules in a bundle of two lines; that of the second line never runs."""
    used = "function used() { return 1; } used();"
    unused = f"function unused() {{ {'g(1); ' * 3000}}}"
    mapping = '{"version": 3, "sources": ["src/used.js", "src/unused.js"], "mappings": "AAAA;ACAA"}'
    bundle = f"{used}\n{unused}\n//# sourceMappingURL=bundle.js.map"
    pages = {
        "/": f"{HEAD}<h1>Bundle</h1><script src='/bundle.js'></script>",
        "/bundle.js": bundle,
        "/bundle.js.map": mapping,
    }
    with serving(pages) as target:
        view = chromium.view(visit(target, "/"), Purpose(coverage=True))

    assert view.coverage == (len(unused), 0)
    assert view.modules == (("src/unused.js", len(unused)),)


def test_unused_rules_are_those_of_the_file_whatever_is_used_in_the_document(chromium: Browser, tmp_path: Path):
    sheet = Answer(body="h1 { color: teal } .never { color: red }", kind="text/css")
    inside = f"<style>{'body, h1 { margin: 0 } ' * 50}</style>"
    page = f"{HEAD}{inside}<link rel='stylesheet' href='/a.css'><h1>Styles</h1>"
    picture = tmp_path / "page-1.jpg"
    with serving({"/": page, "/a.css": sheet}) as target:
        view = chromium.view(visit(target, "/"), Purpose(coverage=True, screenshot=picture))

    [fetched] = [item for item in view.resources if item.kind == "stylesheet"]
    assert (fetched.decoded, fetched.unused) == (len(sheet.body), len(sheet.body) - len("h1 { color: teal }"))
    assert view.coverage == (0, fetched.unused)
    largest = (tmp_path / "page-1-lcp.jpg").read_bytes()  # the headline alone
    assert 0 < len(largest) < len(picture.read_bytes())


def test_what_answers_say_of_packing_caches_and_the_server_is_read(chromium: Browser):
    headers = {"Server-Timing": 'db;desc="two, three";dur=12.5, app;dur=3', "X-Cache": "MISS", "Age": "0"}
    page = f"{HEAD}<h1>Data</h1><script>fetch('/data')</script>"
    packed = Answer(body='{"a": 1}', kind="application/json", headers=headers)
    with serving({"/": page, "/data": packed}) as target:
        view = chromium.view(visit(target, "/"))

    [data] = [item for item in view.resources if item.kind == "fetch"]
    assert data.server_timing == {"db": 0.0125, "app": 0.003}
    assert (data.mime, data.cache_status) == ("application/json", "x-cache: MISS")
    assert 0 < data.wait <= data.duration


def test_a_certificate_that_nobody_trusts_is_explained(chromium: Browser, tmp_path: Path):
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem"
    subprocess.run([*command.split(), "-subj", "/CN=shop"], cwd=tmp_path, check=True, capture_output=True, timeout=30)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(PAGES, tls) as address:
        kind, text = failure(chromium.view(visit(address, "/")))
        trusted = chromium.view(replace(visit(address, "/"), insecure=True))

    assert kind == "connection"
    assert "its certificate is not trusted: `tls: {insecure: true}`" in text
    assert trusted.failure is None
