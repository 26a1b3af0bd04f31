"""Results of pages, which no window has, in a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from perfgate.measure.measuring import Circumstances, conditions
from perfgate.model.page import PageDetail
from perfgate.model.plan import Plan
from perfgate.model.run import EndpointResult, Generator, Run
from perfgate.recording.windows import BASE, HEAD


def unloaded(plan: Plan, circumstances: Circumstances, *, started: str, duration: float) -> Run:
    """The run of a plan with pages alone, before they are in it."""
    return Run(
        id=circumstances.run_id,
        name=plan.name,
        started=started,
        duration=duration,
        target=circumstances.target,
        **asdict(circumstances.revision),
        file=circumstances.file,
        conditions=conditions(plan, circumstances),
        generator=Generator(),
        endpoints=(),
        arms=circumstances.arms,
    )


def with_pages(
    run: Run, results: Mapping[str, Sequence[EndpointResult]], details: Sequence[PageDetail], browser: str
) -> Run:
    """The run with the results of each arm (base and head; "" without an A/B test)."""
    own = results.get(HEAD if run.arms else "", ())
    base = results.get(BASE, ())
    arms = tuple(replace(arm, endpoints=(*arm.endpoints, *base)) if arm.name == BASE else arm for arm in run.arms)
    versions = {**run.conditions.versions, "chromium": browser}
    return replace(
        run,
        endpoints=(*run.endpoints, *own),
        arms=arms,
        pages=(*run.pages, *details),
        conditions=replace(run.conditions, versions=versions),
    )
