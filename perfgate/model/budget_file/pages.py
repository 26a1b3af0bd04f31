"""What is viewed in a browser, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """Something a visitor does once the page has loaded. `target` is a CSS selector, or the seconds of a `wait`."""

    act: Literal["click", "type", "select", "scroll", "wait", "wait_for"]
    target: str = ""
    text: str = ""  # typed, or the option selected
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PageSpec:
    """One page, and how it is viewed. Texts may hold `${X}` (environment)."""

    name: str
    path: str
    interact: tuple[Interaction, ...] = ()
    iterations: int = 7  # views of each side that count
    cache: Literal["cold", "warm"] = "cold"
    throttle: str = "none"  # a profile of `pages/profiles.py`
    viewport: Literal["desktop", "mobile"] = "desktop"
    timeout: float = 30.0  # of one view, s
    storage_state: str = ""  # a file with cookies and local storage, as Playwright saves them
