"""What a visitor does on a page, by Playwright."""

from __future__ import annotations

from typing import Any

from perfgate.model.budget_file import Interaction
from perfgate.pages.profiles import VIEWPORTS
from perfgate.pages.visit import PageVisit

AFTER_INPUT = 150  # ms for the next paint
SCROLL = 3  # screens, at most: an endless list has no end
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
