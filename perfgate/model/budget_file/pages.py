"""What is viewed in a browser, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

INPUTS = ("click", "type", "select")  # acts that have an Interaction to Next Paint


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """Something a visitor does once the page has loaded. `target` is a CSS selector, or the seconds of a `wait`."""

    act: Literal["click", "type", "select", "scroll", "wait", "wait_for", "goto"]
    target: str = ""  # of `goto`: a path of the target
    text: str = ""  # typed, or the option selected
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PageSpec:
    """One page, and how it is viewed. Texts may hold `${X}` (environment)."""

    name: str
    path: str
    steps: tuple[Interaction, ...] = ()  # the way from `path` to the page that is measured, to which the last leads
    interact: tuple[Interaction, ...] = ()
    fewest: int = 5  # views of each side that count; more, up to `most`, until they are precise
    most: int = 9
    within: float = 120.0  # s after which no more views begin beyond the fewest
    during: Literal["", "load"] = ""  # viewed while the load runs; otherwise apart from it
    login: str = ""  # endpoint or journey that is sent once on each side: the page gets its cookies
    cache: Literal["cold", "warm"] = "cold"
    throttle: str = "none"  # a profile of `pages/visit.py`
    viewport: Literal["desktop", "mobile"] = "desktop"
    timeout: float = 30.0  # of one view, s
    storage_state: str = ""  # a file with cookies and local storage, as Playwright saves them, or what is in one
