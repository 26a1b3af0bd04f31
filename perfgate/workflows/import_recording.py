"""What another tool recorded becomes a run in a run folder, to be judged like any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from perfgate import budgets, measure, scenarios
from perfgate.files import codec, run_folder
from perfgate.measure import importing
from perfgate.measure.importers.samples import Source, Tolerance
from perfgate.model.plan import Plan
from perfgate.model.run import Revision, Run


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which recording of another tool shall become a run, with everything that was read from the outside world."""

    path: Path
    name: str  # of the recording, for people
    budget: Path
    root: Path
    out: Path | None = None  # [default: the run's own folder]
    format: str = ""  # as it looks
    skip: float = 0.0  # seconds at its beginning that are not judged
    started: datetime | None = None  # instead of what it says itself
    otherwise: datetime  # when it does not say so
    revision: Revision
    version: str  # of perfgate
    endpoint: str = ""  # whose all its requests are
    bad_share: float = 0.001  # of its lines that may be bad
    bad_lines: int = 0  # that may be, if that is more


def look_at(order: Order) -> importing.Recording:
    """A recording, checked and counted; nothing is written. Raises UsageError with the mistakes in it."""
    return _read(order, scenarios.plan(budgets.read(order.budget, None)))


def take_in(order: Order) -> tuple[Run, Path]:
    """A recording -> Run, in a run folder. Raises UsageError with the mistakes in it; then nothing was written."""
    budget_file = budgets.read(order.budget, None)
    plan = scenarios.plan(budget_file)
    recording = _read(order, plan)
    folder = order.out or run_folder.runs_folder(order.root) / recording.id
    run_folder.make(folder, order.root)
    facts = measure.Circumstances(
        run_id=recording.id,
        target=importing.target(plan),
        revision=order.revision,
        versions={"perfgate": order.version, "format": recording.format},
    )
    run = importing.to_run(recording, plan, folder, facts)
    codec.write(run, folder / run_folder.RUN)
    return run, folder


def _read(order: Order, plan: Plan) -> importing.Recording:
    how = importing.Reading(
        format=order.format,
        skip=order.skip,
        started=order.started,
        otherwise=order.otherwise,
        endpoint=order.endpoint,
        tolerance=Tolerance(share=order.bad_share, number=order.bad_lines),
    )
    return importing.read(Source(path=order.path, name=order.name), plan, how)
