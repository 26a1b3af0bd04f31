"""report.html and the dashboard in a real browser: no errors, no network, keys, light and dark, narrow screens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from report.browser import Page, browsing
from report.samples import HOSTILE, hostile_facts, recorded, shop_facts
from report.test_report_page import facts_of
from report.test_report_site import series

from perfgate.report.html import page, site

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    shop, many = shop_facts(), facts_of(400)
    texts = {
        "shop": page.render(shop, recorded(shop, 30)),
        "hostile": page.render(hostile_facts(len(HOSTILE))),
        "many": page.render(many, recorded(many, 5)),
        "site": site.index([series(), series(branch="faster")], {}),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return folder


def names(tab: Page) -> list[str]:
    """Of the rows in sight."""
    found: list[str] = tab.run(
        "[...document.querySelectorAll('#table tbody tr')].filter(row => !row.hidden).map(row => row.cells[1].textContent)"
    )
    return found


@pytest.mark.parametrize("name", ["shop", "hostile", "many", "site"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_loads_without_complaints_and_without_a_network(tab: Page, pages: Path, name: str, width: int):
    tab.open(pages / f"{name}.html", width=width)

    assert tab.complaints() == []
    assert tab.requests() == [(pages / f"{name}.html").as_uri()]
    assert tab.run("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_names_stay_texts_when_everything_is_drawn(tab: Page, pages: Path):
    tab.open(pages / "hostile.html")

    tab.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    tab.wait("document.querySelectorAll('[data-chart=spread] svg').length === 22")

    assert tab.run("document.querySelectorAll('script').length") == 2
    assert tab.run("document.querySelectorAll('b, img, iframe').length") == 0
    assert tab.complaints() == []


def test_sorting_by_keyboard(tab: Page, pages: Path):
    tab.open(pages / "shop.html")
    head = "[...document.querySelectorAll('#table thead th')].find(one => one.textContent.trim() === 'p95')"

    tab.run(f"{head}.querySelector('button').focus()")
    tab.press("Enter")

    assert names(tab)[:2] == ["GET /api/v1/products/{id}/recommendations", "search"]
    assert names(tab)[-1] == "export report", "what was not measured comes last"
    assert tab.run(f"{head}.getAttribute('aria-sort')") == "descending"
    assert tab.run("document.querySelectorAll('#table [aria-sort]').length") == 1
    assert tab.run("document.querySelector('#table .said').textContent") == "Sorted by p95, descending."

    tab.press(" ")

    assert names(tab)[0] == "new thing"
    assert names(tab)[-1] == "export report"
    assert tab.run(f"{head}.getAttribute('aria-sort')") == "ascending"


def test_filtering_by_name_and_by_outcome(tab: Page, pages: Path):
    tab.open(pages / "shop.html")

    tab.run("document.querySelector('#table input').focus()")
    tab.ask("Input.insertText", text="LOG")
    assert names(tab) == ["log in"]
    assert tab.run("document.querySelector('#table .said').textContent") == "1 of 7 shown."
    assert tab.run("[...document.querySelectorAll('.panel')].filter(one => !one.hidden).length") == 1

    tab.run("const box = document.querySelector('#table input'); box.value = ''; box.dispatchEvent(new Event('input'))")
    tab.run("document.querySelector('button[data-outcome=fail]').focus()")
    tab.press("Enter")
    assert names(tab) == ["search", "place order"]
    assert tab.run("document.activeElement.getAttribute('aria-pressed')") == "true"


def test_a_name_opens_its_charts(tab: Page, pages: Path):
    tab.open(pages / "shop.html")
    assert tab.run("document.querySelector('#e6').open") is False

    tab.run("document.querySelector('#table a[href=\"#e6\"]').focus()")
    tab.press("Enter")

    tab.wait("document.querySelectorAll('#e6 svg').length === 3")
    assert tab.run("document.activeElement.tagName") == "SUMMARY"


def test_a_chart_is_read_by_keys_and_as_a_table(tab: Page, pages: Path):
    tab.open(pages / "shop.html")
    chart = "document.querySelector('#e0 [data-chart=trend] svg')"
    tab.wait(f"{chart} !== null")

    assert tab.run(f"{chart}.getAttribute('aria-label')").startswith(
        "search: p95 over 21 runs, newest 131 ms, limit 120 ms, limit +10 %, baseline 82 ms"
    )
    tab.run(f"{chart}.focus()")
    tab.press("End")
    tip = "document.querySelector('#e0 [data-chart=trend] .tip')"
    assert tab.run(f"{tip}.textContent").startswith("9f3c2ab, 2026-01-06 06:00, faster-search\np95 131 ms (this run)")
    tab.press("ArrowLeft")
    assert tab.run(f"{tip}.textContent").startswith("20c0ffe")
    tab.press("Escape")
    assert tab.run(f"{tip}.hidden") is True

    tab.run("document.querySelector('#e0 [data-chart=trend] .data').open = true")
    tab.wait("document.querySelectorAll('#e0 [data-chart=trend] .data tbody tr').length === 21")


def test_another_metric_can_be_chosen(tab: Page, pages: Path):
    tab.open(pages / "shop.html")
    tab.wait("document.querySelector('#e0 [data-chart=trend] svg') !== null")

    tab.run(
        "const choice = document.querySelector('#e0 select'); "
        "choice.selectedIndex = [...choice.options].findIndex(one => one.value === 'p50'); "
        "choice.dispatchEvent(new Event('change'))"
    )

    said = tab.run("document.querySelector('#e0 [data-chart=trend] svg').getAttribute('aria-label')")
    assert said.startswith("search: p50 over 21 runs, newest 57.6 ms.")


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_follow_the_system_and_the_switch(tab: Page, pages: Path, dark: bool):
    tab.open(pages / "shop.html", dark=dark)
    background = "getComputedStyle(document.body).backgroundColor"
    light, night = "rgb(246, 248, 250)", "rgb(10, 13, 18)"

    assert tab.run(background) == (night if dark else light)
    tab.run("document.querySelector('#theme').focus()")
    tab.press("Enter")
    assert tab.run(background) == (light if dark else night)
    tab.press("Enter")
    assert tab.run(background) == (night if dark else light)
    tab.run("localStorage.clear()")


def test_the_dashboard_has_a_small_picture_per_endpoint_and_trends(tab: Page, pages: Path):
    tab.open(pages / "site.html")

    assert (
        tab.run("[...document.querySelectorAll('svg.spark')].map(one => one.querySelectorAll('path').length)")
        == [1] * 4
    )
    tab.wait("document.querySelectorAll('.panel[open] [data-chart=trend] svg').length === 2")
    assert tab.complaints() == []
