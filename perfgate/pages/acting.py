"""What a visitor does on a page, and pictures of what there is to see, by Playwright."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from perfgate.model.budget_file import Interaction
from perfgate.pages.visit import VIEWPORTS, PageVisit

PAINT_WAIT_MS = 150  # ms for the next paint
MAX_SCROLLED_SCREENS = 3  # screens, at most: an endless list has no end
PICTURE_QUALITY = 60  # of pictures, per cent
MAX_PICTURE_WAIT_S = 10.0  # s for one of the whole page
NO_PICTURE = "no picture of it could be taken within {}"
MAX_ELEMENT_WAIT_S = 2.0  # s for the largest thing: it may be gone
LARGEST = "window.__perfgate ? window.__perfgate.largest : null"
HEIGHT = "document.documentElement.scrollHeight"
ENDLESS_SCROLL = f"it grows while it is scrolled: {MAX_SCROLLED_SCREENS} screens of it were"
# Puts a list beside the option that is wanted, by value or label, and returns the key that leads there: nothing while
# there is no such option, "none" where no key does. Options that cannot be chosen are no neighbours.
BESIDE = """([list, wanted]) => {
  const options = [...(list.options || [])];
  const option = options.find((it) => it.value === wanted) || options.find((it) => it.label.trim() === wanted.trim());
  if (!option || list.disabled) return "";
  const can = options.filter((it) => it === option || (!it.disabled && !(it.parentNode.disabled) && !it.hidden));
  const at = can.indexOf(option);
  const neighbour = can[at - 1] || can[at + 1];
  if (!neighbour || list.multiple || option.disabled) return "none";
  list.value === option.value || (list.selectedIndex = neighbour.index);
  return list.selectedIndex === option.index ? "none" : at ? "ArrowDown" : "ArrowUp";
}"""
CHOSEN = """(list, wanted) => [...(list.selectedOptions || [])].some(
  (it) => it.value === wanted || it.label.trim() === wanted.trim())"""


def act(page: Any, interaction: Interaction, subject: PageVisit) -> str:
    """Does it, and returns what is odd about what came of it. Raises Playwright's errors."""
    timeout, note = subject.page.timeout * 1000, ""
    match interaction.act:
        case "click":
            page.click(interaction.target, timeout=timeout)
        case "type":
            page.locator(interaction.target).press_sequentially(interaction.text, timeout=timeout)
        case "select":
            _select(page, interaction, timeout)
        case "scroll":
            height = page.evaluate(HEIGHT)
            for _ in range(MAX_SCROLLED_SCREENS):
                page.mouse.wheel(0, VIEWPORTS[subject.page.viewport].height)
                page.wait_for_timeout(PAINT_WAIT_MS)
            note = ENDLESS_SCROLL if page.evaluate(HEIGHT) > height else ""
        case "wait":
            page.wait_for_timeout(interaction.seconds * 1000)
        case "wait_for":
            page.wait_for_selector(interaction.target, timeout=timeout)
        case "goto":
            page.goto(subject.address(interaction.target), wait_until="load", timeout=timeout)
    page.wait_for_timeout(PAINT_WAIT_MS)
    return note


def _select(page: Any, interaction: Interaction, timeout: float) -> None:
    """Chooses an option by a key: what a script chooses is no interaction, and has no INP. Where no key leads to the
    option, a script chooses it."""
    box = page.locator(interaction.target)
    box.focus(timeout=timeout)
    beside = [box.element_handle(timeout=timeout), interaction.text]
    key = page.wait_for_function(BESIDE, arg=beside, timeout=timeout).json_value()
    if key != "none":
        page.keyboard.press(key)
    if key == "none" or not box.evaluate(CHOSEN, interaction.text):
        page.select_option(interaction.target, interaction.text, timeout=timeout)


def words(interaction: Interaction) -> str:
    """What is done, without what is typed: that may be a secret."""
    return f"{interaction.act} {interaction.target or f'{interaction.seconds:g} s'}"


def take_pictures(page: Any, path: Path, timeout: float) -> str:
    """Writes `path`, and beside it the picture of the largest thing. Returns what is odd about it: Chromium waits for
    all fonts, and some never come. Raises Playwright's errors for the page alone."""
    from playwright.sync_api import Error, TimeoutError

    options, wait = {"type": "jpeg", "quality": PICTURE_QUALITY}, min(timeout, MAX_PICTURE_WAIT_S)
    try:
        page.screenshot(path=str(path), timeout=wait * 1000, **options)
    except TimeoutError:
        return NO_PICTURE.format(f"{wait:g} s")
    with suppress(Error):
        if largest := page.evaluate_handle(LARGEST).as_element():
            largest.screenshot(path=str(picture_of_largest(path)), timeout=MAX_ELEMENT_WAIT_S * 1000, **options)
    return ""


def picture_of_largest(path: Path) -> Path:
    return path.with_name(f"{path.stem}-lcp{path.suffix}")
