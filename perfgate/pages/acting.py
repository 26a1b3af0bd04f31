"""What a visitor does on a page, and pictures of what there is to see, by Playwright."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from perfgate.model.budget_file import Interaction
from perfgate.pages.profiles import VIEWPORTS
from perfgate.pages.visit import PageVisit

AFTER_INPUT = 150  # ms for the next paint
SCROLL = 3  # screens, at most: an endless list has no end
QUALITY = 60  # of pictures, per cent
MAX_ELEMENT_WAIT = 2.0  # s for the largest thing: it may be gone
LARGEST = "window.__perfgate ? window.__perfgate.largest : null"
INPUTS = ("click", "type", "select")


def act(page: Any, interaction: Interaction, subject: PageVisit) -> None:
    """Does it. Raises Playwright's errors."""
    timeout = subject.page.timeout * 1000
    match interaction.act:
        case "click":
            page.click(interaction.target, timeout=timeout)
        case "type":
            page.locator(interaction.target).press_sequentially(interaction.text, timeout=timeout)
        case "select":
            page.select_option(interaction.target, interaction.text, timeout=timeout)
        case "scroll":
            for _ in range(SCROLL):
                page.mouse.wheel(0, VIEWPORTS[subject.page.viewport].height)
                page.wait_for_timeout(AFTER_INPUT)
        case "wait":
            page.wait_for_timeout(interaction.seconds * 1000)
        case "wait_for":
            page.wait_for_selector(interaction.target, timeout=timeout)
        case "goto":
            page.goto(subject.address(interaction.target), wait_until="load", timeout=timeout)
    page.wait_for_timeout(AFTER_INPUT)


def words(interaction: Interaction) -> str:
    """What is done, without what is typed: that may be a secret."""
    return f"{interaction.act} {interaction.target or f'{interaction.seconds:g} s'}"


def take_pictures(page: Any, path: Path, timeout: float) -> None:
    """Writes `path`, and beside it the picture of the largest thing. Raises Playwright's errors for the page alone."""
    from playwright.sync_api import Error

    options = {"type": "jpeg", "quality": QUALITY}
    page.screenshot(path=str(path), timeout=timeout * 1000, **options)
    with suppress(Error):
        if largest := page.evaluate_handle(LARGEST).as_element():
            largest.screenshot(path=str(picture_of_largest(path)), timeout=MAX_ELEMENT_WAIT * 1000, **options)


def picture_of_largest(path: Path) -> Path:
    return path.with_name(f"{path.stem}-lcp{path.suffix}")
