"""When a page is done: what comes soon after loading belongs to it, and what never comes is named."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import TimeoutError
from services.page_server import serving, visit

from perfgate.pages import browser
from perfgate.pages.browser import Browser
from perfgate.pages.settling import Settling, remaining
from perfgate.pages.view import View, metrics

HEAD = '<!doctype html><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
LATE_BANNER = f"""{HEAD}<style>body {{ margin: 0 }} #block {{ height: 300px; background: teal }}</style>
<div id="block">text</div><script>addEventListener("load", () => setTimeout(() => document.body.prepend(
  Object.assign(document.createElement("div"), {{style: "height: 100px", id: "banner"}})), 700))</script>"""
LATE_SCRIPT = f"""{HEAD}<h1>Late</h1><script>addEventListener("load", () => setTimeout(() => {{
  const end = performance.now() + 300; while (performance.now() < end); }}, 700))</script>"""
RELOADING = f"{HEAD}<h1>Again</h1><script>setTimeout(() => location.reload(), 200)</script>"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.launch(os.environ) as launched:
        yield launched


def failure(view: View) -> tuple[str, str]:
    assert view.failure is not None
    return view.failure


DONE = {"now": 3000.0, "loaded": 1500.0, "painted": 1000.0, "busy": 2000.0}


@pytest.mark.parametrize(
    ("changed", "quiet", "watched", "left", "what"),
    [
        ({}, 0.6, 1.5, 0, ""),
        ({}, 0.1, 1.5, 0.4, "still fetching"),
        ({}, 0.6, 0.2, 0.8, ""),
        ({"busy": 2900.0}, 0.6, 1.5, 0.4, "scripts still busy"),
        ({"busy": 0.0}, 0.6, 1.5, 0, ""),
        ({"painted": 0.0}, 0.6, 1.5, 0.05, "nothing painted"),
        ({"painted": 2700.0}, 0.6, 1.5, 0.7, "nothing painted"),
        ({"loaded": 0.0}, 0.6, 1.5, 0.05, "still loading other documents"),
    ],
)
def test_a_page_is_done_once_nothing_is_left_to_wait_for(changed, quiet, watched, left: float, what: str):
    seconds, why = remaining({**DONE, **changed}, quiet, watched)

    assert max(0.0, seconds) == pytest.approx(left)
    assert what in ("", why)


class FakePage:
    """A page and its network, with a clock that goes on while it is waited for. It fetches until `fetched_until`."""

    def __init__(self, state: dict[str, float], fetched_until: float) -> None:
        self.state, self.fetched_until, self.now, self.documents = state, fetched_until, 0.0, 1
        self.notes: list[str] = []
        self.navigates_at = math.inf

    def wait_for_timeout(self, ms: float) -> None:
        self.now += ms / 1000

    def wait_for_function(self, _script: str, *, arg: object, timeout: float) -> str:
        until = self.now + timeout / 1000
        self.now = min(until, self.navigates_at)
        if self.now < until:
            return "navigated"
        raise TimeoutError("not in time")

    def quiet_for(self) -> float:
        return max(0.0, self.now - self.fetched_until)

    def settling(self) -> Settling:
        return Settling(self, self, lambda _: self.state, self.notes.append, lambda: self.now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "fetched_until", "note", "waited"),
    [
        ({"busy": 2900.0}, 0.0, "scripts still busy 5 s after it had loaded", 1.0),
        ({"painted": 0.0}, 0.0, "nothing painted 5 s after it had loaded", 1.0),
        ({}, 100.0, "still fetching 5 s after it had loaded", 0.0),
    ],
)
def test_what_an_interaction_fetches_is_waited_for_unless_the_page_fetches_for_ever(
    changed: dict[str, float], fetched_until: float, note: str, waited: float
):
    page = FakePage({**DONE, **changed}, fetched_until)
    settling = page.settling()
    assert settling.until_done()
    assert page.notes == [note]

    began = page.now
    page.fetched_until = max(fetched_until, began + 0.5)
    settling.until_quiet("click #go")

    assert page.now - began == pytest.approx(waited, abs=0.06)
    assert page.notes == [note]


def test_what_is_still_fetched_long_after_an_interaction_is_noted():
    page = FakePage(DONE, fetched_until=0.0)
    settling = page.settling()
    assert settling.until_done()

    page.fetched_until = 100.0
    settling.until_quiet("click #go")

    assert page.notes == ["still fetching 5 s after click #go"]


@pytest.mark.parametrize(
    ("navigates_at", "fetched_until", "arrived", "waited"),
    [
        (0.2, 0.0, True, 0.2),
        (4.9, 0.0, True, 4.9),
        (math.inf, 0.0, False, 5.0),
        (12.0, 11.9, True, 12.0),  # a document that takes its time
        (math.inf, 3.0, False, 8.0),
        (math.inf, math.inf, False, 30.0),
    ],
)
def test_a_step_leads_nowhere_once_nothing_is_on_its_way(
    navigates_at: float, fetched_until: float, arrived: bool, waited: float
):
    page = FakePage(DONE, fetched_until)
    page.navigates_at = navigates_at

    assert (page.settling().until_navigated(1.0, 2.0, 30.0) is not None) is arrived
    assert page.now == pytest.approx(waited, abs=0.06)


@pytest.mark.slow
@pytest.mark.needs("chromium")
def test_what_comes_within_a_second_of_loading_belongs_to_the_page(chromium: Browser):
    with serving({"/banner": LATE_BANNER, "/script": LATE_SCRIPT}) as target:
        banner, script = chromium.view(visit(target, "/banner")), chromium.view(visit(target, "/script"))

    expected = (400 * 1350) / (1350 * 940) * 100 / 1350
    assert metrics(banner)["cls"] == pytest.approx(expected, rel=0.01)
    assert metrics(script)["tbt"] >= 0.25


@pytest.mark.slow
@pytest.mark.needs("chromium")
def test_a_page_that_reloads_itself_for_ever_is_no_page(chromium: Browser):
    with serving({"/": RELOADING}) as target:
        assert failure(chromium.view(visit(target, "/")))[0] == "navigation"


@pytest.mark.needs("chromium")
def test_a_page_that_never_loads_says_what_it_waits_for(chromium: Browser):
    is_over = threading.Event()

    def never(_request) -> str:  # type: ignore[no-untyped-def]
        is_over.wait()
        return ""

    image = f"{HEAD}<h1>Late</h1><img src='/never.png' width=9 height=9>"
    with serving({"/": image, "/never.png": never}) as target:
        kind, text = failure(chromium.view(visit(target, "/", timeout=6.0)))
        is_over.set()

    assert (kind, text) == ("timeout", f"not loaded after 6 s: still waiting for {target}/never.png")


@pytest.mark.slow
@pytest.mark.needs("chromium")
def test_a_script_that_never_ends_while_the_page_is_read_is_named_as_such(chromium: Browser):
    with serving({"/": f"{HEAD}<script>for (;;);</script>"}) as target:
        kind, text = failure(chromium.view(visit(target, "/", timeout=5.0)))

    assert (kind, text) == (
        "timeout",
        "it gave no answer for 5 s: a script of it never gives way, or the document is very large",
    )


@pytest.mark.slow
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("path", ["/refused", "/removed"])
def test_a_frame_of_another_site_that_never_comes_is_not_waited_for(chromium: Browser, path: str):
    is_over = threading.Event()

    def never(_request) -> str:  # type: ignore[no-untyped-def]
        is_over.wait()
        return ""

    inner = {"/": f"{HEAD}<h1>Inner</h1><script src='/never.js'></script>", "/never.js": never}
    with serving(inner) as other:
        address = other.replace("127.0.0.1", "localhost")
        away = "setTimeout(() => document.querySelector('iframe').remove(), 400)"
        pages = {
            "/refused": f"{HEAD}<h1>Outer</h1><iframe src='http://localhost:9/'></iframe>",
            "/removed": f"{HEAD}<h1>Outer</h1><iframe src='{address}/'></iframe><script>{away}</script>",
        }
        with serving(pages) as target:
            view = chromium.view(visit(target, path))
        is_over.set()

    assert view.failure is None
    assert not [note for note in view.notes if "still fetching" in note]


@pytest.mark.needs("chromium")
def test_what_frames_of_other_sites_fetch_counts_and_is_waited_for(chromium: Browser):
    """127.0.0.1 and localhost are two sites: Chromium keeps the frame in a process of its own."""
    script = "window.seen = 1;" * 100
    inner = {"/": f"{HEAD}<h1>Inner</h1><script src='/embed.js'></script>", "/embed.js": script}
    with serving(inner) as other:
        page = f"{HEAD}<h1>Outer</h1><iframe src='{other.replace('127.0.0.1', 'localhost')}/'></iframe>"
        with serving({"/": page}) as target:
            view = chromium.view(visit(target, "/"))

    assert (view.failure, view.notes) == (None, ())
    assert metrics(view)["requests"] == 3
    assert metrics(view)["third_party"] == len(inner["/"]) + len(script)
    assert metrics(view)["js_size"] == len(script)
