"""Pages are viewed in a browser, on the services of the run, once the load is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from perfgate import loadtest, measure, scenarios
from perfgate.model.run import Run
from perfgate.workflows.steps.resolving import LoadSpec

if TYPE_CHECKING:  # late: most runs have no pages
    from perfgate.pages.measuring import PageViews

PART = "pages"


def check_browser(spec: LoadSpec) -> None:
    """Raises PageError before the load, which nobody should wait for in vain."""
    if spec.plan.pages:
        from perfgate.pages import browser

        browser.check(spec.context.environ)


def with_pages(
    spec: LoadSpec,
    sides: loadtest.Sides,
    facts: measure.Circumstances,
    run: Run | None,
    say: Callable[[str], None],
) -> Run:
    """The run with its pages; without a load (`run` is None), a run of pages alone. Raises PageError, ServiceError and
    TargetError."""
    views = _view(spec, sides, say)
    if run is None:
        run = measure.unloaded(spec.plan, facts, started=spec.context.started, duration=views.duration)
    return measure.with_pages(run, views.results, views.details, views.version)


def _view(spec: LoadSpec, sides: loadtest.Sides, say: Callable[[str], None]) -> PageViews:
    from perfgate.pages import measuring
    from perfgate.pages.measuring import PageOptions, PageSide

    options = PageOptions(
        folder=spec.context.folder,
        root=spec.budget_file.path.parent,
        environ=spec.context.environ,
        insecure=spec.plan.tls.insecure,
        seed=sides.seed,
        say=say,
    )
    known = [PageSide(arm=arm.name, target=arm.target) for arm in sides.arms] or [PageSide(arm="", target=sides.target)]
    with loadtest.running(sides.apart(PART), scenarios.secrets(spec.plan)):
        for target in sides.targets:
            loadtest.check_up(target, spec.context.environ)
        return measuring.measure(spec.plan.pages, known, options)
