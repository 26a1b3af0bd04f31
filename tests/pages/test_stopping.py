"""Chromium, or the process of one of its pages, is ended while a view lasts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from services.browsers import end_browsers
from services.page_server import Answer, serving

from perfgate.model.budget_file import PageSpec
from perfgate.pages.measuring import PageViews, measure
from perfgate.pages.options import PageOptions, PageSide

pytestmark = pytest.mark.needs("chromium")

RENDERER = "--type=renderer"
HAS_SCRIPT = '<!doctype html><link rel="icon" href="data:,"><h1>Ready</h1><script src="/script.js"></script>'
PAGE = '<!doctype html><link rel="icon" href="data:,"><h1>Ready</h1>'


def ending(only: str, when: Callable[[int], bool]) -> Callable[[object], str]:
    """A page that ends its viewer at some of its requests, by their number."""
    requests = iter(range(1, 1000))

    def page(_request: object) -> str:
        if when(next(requests)):
            end_browsers(only=only)
        return PAGE

    return page


def views_of(
    page: str | Callable[[object], str | Answer], folder: Path, *names: str, script: Callable[[object], str] | str = ""
) -> tuple[PageViews, list[str]]:
    """Views of such a page (which may load a script), of a sound one after it, and what was announced."""
    said: list[str] = []
    pages = [PageSpec(name=name, path=f"/{name}", fewest=1, most=1) for name in names]
    options = PageOptions(folder=folder, root=folder, environ=os.environ, say=said.append)
    with serving({"/deadly": page, "/late": page, "/odd": page, "/sound": PAGE, "/script.js": script}) as target:
        return measure(pages, [PageSide(arm="", target=target)], options), said


@pytest.mark.slow
def test_a_view_that_chromium_did_not_survive_is_repeated(tmp_path: Path):
    views, said = views_of(ending("", lambda number: number == 2), tmp_path, "deadly")

    [deadly] = views.results[""]
    assert (deadly.requests, deadly.failures) == (1, 0)
    assert views.details[0].notes == ("Chromium stopped during a view, which was repeated in another one",)
    assert "Chromium stopped while it viewed page deadly. Starting it again." in said


@pytest.mark.slow
def test_a_page_at_which_chromium_stops_again_and_again_is_left_and_the_next_is_viewed(tmp_path: Path):
    views, _ = views_of(ending("", lambda _: True), tmp_path, "deadly", "sound")

    deadly, sound = views.results[""]
    assert deadly.failures_by_kind == {"browser": 3}
    assert "Chromium stopped 3 times while it viewed the page" in deadly.failure_examples[0]
    assert (sound.requests, sound.failures) == (1, 0)


@pytest.mark.slow
def test_unused_code_is_looked_at_again_where_the_first_visit_failed(tmp_path: Path):
    requests = iter(range(1, 1000))

    def page(_request: object) -> str | Answer:
        return Answer(status=503) if next(requests) == 1 else HAS_SCRIPT

    views, _ = views_of(page, tmp_path, "late", script="function never() { return 1; }\nwindow.ready = 1;")

    [late] = views.results[""]
    assert (late.requests, late.failures) == (1, 0)
    assert late.metrics["unused_js"] > 0
    assert not [note for note in views.details[0].notes if "unused code" in note]


@pytest.mark.slow
def test_unused_code_that_nobody_could_look_at_is_noted(tmp_path: Path):
    requests = iter(range(1, 1000))

    def page(_request: object) -> str | Answer:
        return HAS_SCRIPT if next(requests) == 2 else Answer(status=503)

    views, _ = views_of(page, tmp_path, "odd")

    assert "unused_js" not in views.results[""][0].metrics
    assert (
        "the view that looks at unused code and takes the picture failed, status: 503 Service Unavailable"
        in views.details[0].notes
    )


def test_a_page_whose_process_is_ended_fails_that_view_alone(tmp_path: Path):
    """It ends while the page loads a script: before, Chromium would put the document into another process."""
    script = ending(RENDERER, lambda number: number == 2)
    views, _ = views_of(HAS_SCRIPT, tmp_path, "deadly", script=script)

    [deadly] = views.results[""]
    assert (deadly.requests, deadly.failures_by_kind) == (1, {"crash": 1}), deadly.failure_examples
    assert "crash: the page crashed" in views.details[0].notes


def test_a_page_that_crashes_while_it_is_traced_costs_its_trace_and_no_other_page(tmp_path: Path):
    """Playwright traces no more in that browser: the next page has another."""
    views, _ = views_of(HAS_SCRIPT, tmp_path, "deadly", "sound", script=ending(RENDERER, lambda _: True))

    deadly, sound = views.results[""]
    assert deadly.failures_by_kind == {"crash": 1}
    assert (sound.requests, sound.failures) == (1, 0)
    assert [detail.trace for detail in views.details] == ["", "page-2-trace.json.gz"]
