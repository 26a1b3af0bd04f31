"""Pages are viewed in a browser: once the load is over on services of their own, or while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event

from perfgate import loadtest, measure, scenarios
from perfgate.model.budget_file import PageSpec
from perfgate.model.outcome import Outcome
from perfgate.model.page import PageDetail
from perfgate.model.run import Run
from perfgate.model.verdict import Verdict
from perfgate.pages import browser, measuring
from perfgate.pages.measuring import PageMeasuring, PageViews
from perfgate.pages.options import PageOptions, PageSide
from perfgate.text.redaction import redactor
from perfgate.workflows.steps.page_login import PageLogin
from perfgate.workflows.steps.resolving import LoadSpec

PART = "pages"
OF_INTEREST = (Outcome.FAIL, Outcome.NO_DATA)  # outcomes for which a trace is kept

Say = Callable[[str], None]


def check_browser(spec: LoadSpec) -> None:
    """Raises PageError before the load, which nobody should wait for in vain."""
    if spec.plan.pages:
        browser_of(spec.context.environ)


def browser_of(environ: Mapping[str, str]) -> str:
    """The browser that views pages. Raises PageError where it, or the package that drives it, is missing."""
    return browser.check(environ)


def pages_apart(spec: LoadSpec) -> tuple[PageSpec, ...]:
    return tuple(page for page in spec.plan.pages if page.during != "load" or not spec.plan.is_sending)


def with_pages(spec: LoadSpec, sides: loadtest.Sides, facts: measure.Circumstances, run: Run | None, say: Say) -> Run:
    """The run with its pages; without a load (`run` is None), a run of pages alone. Raises PageError, ServiceError and
    TargetError."""
    options = _options(spec, sides, say)
    views = _view(spec, sides, options)
    if run is None:
        run = measure.unloaded(spec.plan, facts, started=spec.context.started, duration=views.duration)
    return measure.with_pages(run, views.results, views.details, views.version, options.conceal)


def _view(spec: LoadSpec, sides: loadtest.Sides, options: PageOptions) -> PageViews:
    with loadtest.running(sides.apart(PART), scenarios.secrets(spec.plan)):
        for target in sides.targets:
            loadtest.check_up(target, spec.context.environ)
        return measuring.measure(pages_apart(spec), _sides(sides), options)


class PagesUnderLoad:
    """Views the pages with `during: load` beside it, in a thread of their own: in each part of the load until all are
    done. What goes wrong there is raised when the load is over."""

    def __init__(self, spec: LoadSpec, sides: loadtest.Sides, say: Say) -> None:
        self._pages = tuple(page for page in spec.plan.pages if page not in pages_apart(spec))
        self._options = _options(spec, sides, say)
        self._measuring = PageMeasuring(
            self._pages, self._options, first_number=1 + len(spec.plan.pages) - len(self._pages)
        )
        self._spec, self._sides = spec, _sides(sides)
        self._views: Future[None] | None = None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Runs as long as the block."""
        if not self._pages or (self._views and self._views.exception()):
            yield
            return
        is_over = Event()
        with ThreadPoolExecutor(1, thread_name_prefix="pages") as executor:
            self._views = executor.submit(self._view, is_over)
            try:
                yield
            finally:
                is_over.set()

    def _view(self, is_over: Event) -> None:
        if not is_over.wait(self._spec.plan.load.warmup):
            self._measuring.view(self._sides, is_over.is_set)

    def add_to(self, run: Run) -> Run:
        """The run with these pages. Raises what went wrong."""
        if not self._pages:
            return run
        if self._views:
            self._views.result()
        views = self._measuring.views()
        return measure.with_pages(run, views.results, views.details, views.version, self._options.conceal)


def _sides(sides: loadtest.Sides) -> Sequence[PageSide]:
    return [PageSide(arm=arm.name, target=arm.target) for arm in sides.arms] or [PageSide(arm="", target=sides.target)]


def _options(spec: LoadSpec, sides: loadtest.Sides, say: Say) -> PageOptions:
    judged: dict[str, list[str]] = {}
    for budget in spec.budget_file.budgets:
        judged.setdefault(budget.endpoint, []).append(budget.metric)
    login = PageLogin(spec.budget_file, spec.context.folder, spec.context.environ)
    without_secrets = redactor(scenarios.secrets(spec.plan), spec.context.environ)
    return PageOptions(
        folder=spec.context.folder,
        root=spec.budget_file.path.parent,
        environ=spec.context.environ,
        insecure=spec.plan.tls.insecure,
        seed=sides.seed,
        judged=judged,
        hosts=spec.budget_file.allow,
        log_in=login.log_in,
        say=say,
        conceal=lambda text: login.conceal(without_secrets(text)),
    )


def without_traces(spec: LoadSpec, run: Run, verdict: Verdict) -> Run:
    """Keeps the traces of pages that fail or have no data, and of those with failed views. The others are deleted:
    each is some megabytes."""
    failed = {finding.endpoint for finding in verdict.findings if finding.outcome in OF_INTEREST}
    failed |= {result.name for result in run.endpoints if result.kind == "page" and result.failures}
    details = (detail if detail.name in failed else _without_trace(detail, spec.context.folder) for detail in run.pages)
    return replace(run, pages=tuple(details))


def _without_trace(detail: PageDetail, folder: Path) -> PageDetail:
    if detail.trace:
        with suppress(OSError):
            (folder / detail.trace).unlink(missing_ok=True)
    return replace(detail, trace="")
