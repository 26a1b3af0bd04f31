"""Pages, side by side -> their results: every page is viewed as often as its specification says, base and head in turn.

Before the views that count, each side gets one that does not (caches of the service fill); after them one that looks
at which code ran, for coverage slows down what it watches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from time import monotonic

from perfgate.model.budget_file import PageSpec
from perfgate.model.page import PageDetail
from perfgate.model.run import EndpointResult
from perfgate.pages import browser, summary
from perfgate.pages.browser import Browser, PageVisit
from perfgate.pages.view import View
from perfgate.text import template

Say = Callable[[str], None]
GIVE_UP = 3  # views in a row that failed: the rest would too


@dataclass(frozen=True, kw_only=True)
class PageSide:
    """Where pages are: `arm` is base or head, or empty without an A/B test."""

    arm: str
    target: str


@dataclass(frozen=True, kw_only=True)
class PageViews:
    """What came of it, by arm."""

    results: Mapping[str, tuple[EndpointResult, ...]]
    details: tuple[PageDetail, ...]
    version: str  # of the browser
    duration: float  # s


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """`folder` gets screenshots; relative files are below `root`."""

    folder: Path
    root: Path
    environ: Mapping[str, str]
    insecure: bool = False
    seed: int = 0
    say: Say = lambda _: None


def measure(pages: Sequence[PageSpec], sides: Sequence[PageSide], options: PageOptions) -> PageViews:
    """Raises PageError when no browser starts, TemplateError for a variable without a value."""
    results: dict[str, list[EndpointResult]] = {side.arm: [] for side in sides}
    details: list[PageDetail] = []
    began = monotonic()
    with browser.launched(options.environ) as chromium:
        for number, page in enumerate(pages):
            options.say(
                f"Page {page.name}: {page.iterations} views{' of base and head each' if len(sides) > 1 else ''}"
            )
            views = _views(chromium, page, sides, options, number)
            for side in sides:
                results[side.arm].append(summary.result(page.name, views[side.arm]))
                shown = summary.detail(page.name, side.arm, views[side.arm])
                picture = _picture(number, side.arm)
                if (options.folder / picture).exists():
                    shown = replace(shown, screenshot=picture)
                details.append(shown)
        version = chromium.version
    return PageViews(
        results={arm: tuple(items) for arm, items in results.items()},
        details=tuple(details),
        version=version,
        duration=monotonic() - began,
    )


def _views(
    chromium: Browser, page: PageSpec, sides: Sequence[PageSide], options: PageOptions, number: int
) -> dict[str, list[View]]:
    """The views of each arm that count, and the one that looks at coverage."""
    subjects = {side.arm: _subject(page, side, options) for side in sides}
    views: dict[str, list[View]] = {arm: [] for arm in subjects}
    order, random = list(subjects), Random(options.seed + number)
    for arm in order:
        chromium.view(subjects[arm])
    for _ in range(page.iterations):
        random.shuffle(order)
        for arm in order:
            views[arm].append(chromium.view(subjects[arm]))
        if any(_is_hopeless(views[arm]) for arm in order):
            return views
    for arm in order:
        picture = options.folder / _picture(number, arm)
        covered = chromium.view(subjects[arm], coverage=True, screenshot=picture)
        if not covered.failure:
            views[arm].append(covered)
    return views


def _is_hopeless(views: Sequence[View]) -> bool:
    return len(views) >= GIVE_UP and all(view.failure for view in views[-GIVE_UP:])


def _subject(page: PageSpec, side: PageSide, options: PageOptions) -> PageVisit:
    path = template.expand(page.path, options.environ)
    state = (options.root / page.storage_state) if page.storage_state else None
    return PageVisit(page=page, url=f"{side.target.rstrip('/')}{path}", storage_state=state, insecure=options.insecure)


def _picture(number: int, arm: str) -> str:
    return f"page-{number + 1}{f'-{arm}' if arm else ''}.jpg"
