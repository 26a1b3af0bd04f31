"""Pages, side by side -> their results: every page is viewed until its metrics are precise, base and head in turn.

Before the views that count, each side gets one that does not (caches of the service fill), which looks at the code
that ran; after them one is traced. Both slow down what they watch.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from time import monotonic

from perfgate.model.budget_file import PageSpec
from perfgate.model.errors import PageError
from perfgate.model.page import PageDetail
from perfgate.model.run import EndpointResult
from perfgate.pages import acting, browser, summary, trace
from perfgate.pages.browser import Browser, BrowserStoppedError
from perfgate.pages.options import PageOptions, PageSide, subject
from perfgate.pages.view import View, metrics
from perfgate.pages.visit import PageVisit, Purpose

MAX_FAILED_VIEWS = 3  # views in a row that failed: the rest would too; and times that Chromium stopped at a page
UNCOVERED = "the view that looks at unused code and takes the picture failed, {}"
STOPPED = "Chromium stopped {} times while it viewed the page; it may lack memory (`dmesg`)"


@dataclass(frozen=True, kw_only=True)
class PageViews:
    """What came of it, by arm."""

    results: Mapping[str, tuple[EndpointResult, ...]]
    details: tuple[PageDetail, ...]
    version: str  # of the browser
    duration: float  # s


def measure(pages: Sequence[PageSpec], sides: Sequence[PageSide], options: PageOptions) -> PageViews:
    """Raises PageError when no browser starts or a login fails, TemplateError for a variable without a value."""
    measuring = PageMeasuring(pages, options)
    measuring.view(sides)
    return measuring.views()


@dataclass(kw_only=True)
class _PageRecord:
    """A page so far, by arm."""

    number: int  # by which its files are named
    views: dict[str, list[View]] = field(default_factory=dict)
    covered: dict[str, View] = field(default_factory=dict)
    uncovered: dict[str, tuple[str, str]] = field(default_factory=dict)  # why there is no such view
    traced: dict[str, trace.TracedView] = field(default_factory=dict)
    seconds: float = 0.0
    stops: int = 0  # times that Chromium stopped during a view
    is_done: bool = False


class PageMeasuring:
    """Views of pages, all at once or, while a load runs, in parts."""

    def __init__(self, pages: Sequence[PageSpec], options: PageOptions, *, first_number: int = 1) -> None:
        self._pages, self._options = pages, options
        self._records = {page.name: _PageRecord(number=number) for number, page in enumerate(pages, first_number)}
        self._arms: tuple[str, ...] = ()
        self._version, self._seconds = "", 0.0

    def view(self, sides: Sequence[PageSide], is_over: Callable[[], bool] = lambda: False) -> None:
        """Views every page until it is done. A view at whose end `is_over` does not count, and is the last."""
        began = monotonic()
        self._arms = tuple(side.arm for side in sides)
        while (left := self._left()) and not is_over():
            with browser.launch(self._options.environ, soft_navigations=any(page.steps for page in left)) as chromium:
                self._version = chromium.version
                self._view_pages(chromium, left, sides, is_over)
        self._seconds += monotonic() - began

    def _left(self) -> list[PageSpec]:
        return [page for page in self._pages if not self._records[page.name].is_done]

    def _view_pages(
        self, chromium: Browser, pages: Sequence[PageSpec], sides: Sequence[PageSide], is_over: Callable[[], bool]
    ) -> None:
        """Views pages as long as Chromium runs, and traces. A view that it did not survive is repeated in another; a
        page at which it stops again and again is left, with failed views."""
        for page in pages:
            if is_over() or chromium.has_lost_trace:
                return
            record = self._records[page.name]
            try:
                self._view_page(chromium, page, sides, is_over)
            except BrowserStoppedError as error:
                record.stops += 1
                self._options.say(f"{error.message} Starting it again.")
                if record.stops >= MAX_FAILED_VIEWS and not record.is_done:
                    failed = View(failure=("browser", STOPPED.format(record.stops)))
                    for arm in self._arms:
                        record.views.setdefault(arm, []).extend([failed] * MAX_FAILED_VIEWS)
                    record.is_done = True
                return

    def views(self) -> PageViews:
        """What the views come to."""
        results: dict[str, list[EndpointResult]] = {arm: [] for arm in self._arms}
        details: list[PageDetail] = []
        for page in self._pages:
            record = self._records[page.name]
            for arm in self._arms:
                views = [*record.views.get(arm, ()), *([record.covered[arm]] if arm in record.covered else [])]
                results[arm].append(summary.result(page.name, views))
                detail = summary.detail(page.name, arm, views)
                if 0 < record.stops < MAX_FAILED_VIEWS:
                    detail = replace(detail, notes=(_restarted(record.stops), *detail.notes))
                if arm in record.uncovered:
                    note = UNCOVERED.format(": ".join(record.uncovered[arm]))
                    detail = replace(detail, notes=(*detail.notes, note))
                details.append(self._with_files(detail, record, arm))
        return PageViews(
            results={arm: tuple(items) for arm, items in results.items()},
            details=tuple(details),
            version=self._version,
            duration=self._seconds,
        )

    def _view_page(
        self, chromium: Browser, page: PageSpec, sides: Sequence[PageSide], is_over: Callable[[], bool]
    ) -> None:
        record, options, began = self._records[page.name], self._options, monotonic()
        options.say(_announcement(page, len(sides)))
        subjects = {side.arm: subject(page, side, options) for side in sides}
        order, random = list(subjects), Random(options.seed + record.number)
        for arm in order:
            self._cover(chromium, record, arm, subjects[arm])
        while not is_over() and not _is_enough(page, record, order, options, record.seconds + monotonic() - began):
            random.shuffle(order)
            for arm in order:
                view = chromium.view(subjects[arm])
                if not is_over():
                    record.views.setdefault(arm, []).append(view)
        record.seconds += monotonic() - began
        if not is_over():
            record.is_done = True
            for arm in order:
                if arm in record.uncovered and not _is_hopeless(record.views.get(arm, ())):
                    self._cover(chromium, record, arm, subjects[arm])
                chromium.view(subjects[arm], Purpose(trace=lambda data, arm=arm: self._keep(record, arm, data)))  # type: ignore[misc]

    def _cover(self, chromium: Browser, record: _PageRecord, arm: str, visit: PageVisit) -> None:
        """Looks at which code runs: before the views that count, and again after them where that failed (a service that
        has just started may be late once)."""
        picture = self._options.folder / _file(record.number, arm, ".jpg")
        covered = chromium.view(visit, Purpose(coverage=True, screenshot=picture))
        if covered.failure:
            record.uncovered[arm] = covered.failure
        else:
            record.uncovered.pop(arm, None)
            record.covered[arm] = covered

    def _keep(self, record: _PageRecord, arm: str, data: bytes) -> None:
        """Keeps a trace, and what can be read in it."""
        data = self._options.conceal(data.decode("utf-8", "replace")).encode()
        record.traced[arm] = trace.read(data)
        path = self._options.folder / _file(record.number, arm, "-trace.json.gz")
        try:
            path.write_bytes(gzip.compress(data, compresslevel=6, mtime=0))
            for at, (_, picture) in enumerate(record.traced[arm].frames, 1):
                (self._options.folder / _file(record.number, arm, f"-film-{at}.jpg")).write_bytes(picture)
        except OSError as error:
            raise PageError(f"Cannot write into {self._options.folder}: {error.strerror}", hint="") from error

    def _with_files(self, detail: PageDetail, record: _PageRecord, arm: str) -> PageDetail:
        traced = record.traced.get(arm)
        picture = _file(record.number, arm, ".jpg")
        if (self._options.folder / picture).exists() and arm in record.covered:
            largest = acting.picture_of_largest(self._options.folder / picture)
            detail = replace(detail, screenshot=picture, lcp_screenshot=largest.name if largest.exists() else "")
        if traced is None:
            return detail
        frames = enumerate(traced.frames, 1)
        return replace(
            detail,
            main_thread=traced.main_thread,
            script_times=traced.script_times,
            filmstrip=tuple((at, _file(record.number, arm, f"-film-{number}.jpg")) for number, (at, _) in frames),
            trace=_file(record.number, arm, "-trace.json.gz"),
        )


def _is_enough(page: PageSpec, record: _PageRecord, arms: Sequence[str], options: PageOptions, seconds: float) -> bool:
    """Whether no more views of any arm would help, or there is no more time for them."""
    views = [record.views.get(arm, []) for arm in arms]
    number = min(map(len, views))
    if any(map(_is_hopeless, views)) or number >= page.most:
        return True
    if number < page.fewest:
        return False
    return seconds >= page.within or all(
        summary.is_precise(_columns(own), options.judged.get(page.name, ())) for own in views
    )


def _columns(views: Sequence[View]) -> dict[str, list[float]]:
    columns: dict[str, list[float]] = {}
    for view in views:
        for name, value in metrics(view).items():
            columns.setdefault(name, []).append(value)
    return columns


def _is_hopeless(views: Sequence[View]) -> bool:
    return len(views) >= MAX_FAILED_VIEWS and all(view.failure for view in views[-MAX_FAILED_VIEWS:])


def _restarted(stops: int) -> str:
    what = "a view, which was" if stops == 1 else f"{stops} views, which were"
    return f"Chromium stopped during {what} repeated in another one"


def _announcement(page: PageSpec, sides: int) -> str:
    number = f"{page.fewest} to {page.most}" if page.fewest < page.most else f"{page.most}"
    return f"Page {page.name}: {number} views{' of base and head each' if sides > 1 else ''}"


def _file(number: int, arm: str, rest: str) -> str:
    return f"page-{number}{f'-{arm}' if arm else ''}{rest}"
