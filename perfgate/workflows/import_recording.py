"""What another tool recorded becomes a run in a run folder, to be judged like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from perfgate import budgets, measure, scenarios
from perfgate.files import codec, run_folder
from perfgate.measure import importing
from perfgate.measure.importers.samples import RecordingSource, Tolerance
from perfgate.model.plan import Plan
from perfgate.model.revision import Revision
from perfgate.model.run import Run

Recording = importing.Recording


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
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
    columns: Mapping[str, str] = field(default_factory=dict)  # names of its columns by ours
    unit: float | None = None  # s that its times are of
    bad_share: float = 0.001  # of its lines that may be bad
    bad_lines: int = 0  # that may be, if that is more


def look_at(request: ImportRequest) -> importing.Recording:
    """A recording, checked and counted; nothing is written. Raises UsageError with the mistakes in it."""
    return _read(request, scenarios.plan(budgets.read(request.budget, None, is_sending=False)))


def take_in(request: ImportRequest) -> tuple[Run, Path]:
    """A recording -> Run, in a run folder. Raises UsageError with the mistakes in it; then nothing was written."""
    budget_file = budgets.read(request.budget, None, is_sending=False)
    plan = scenarios.plan(budget_file)
    recording = _read(request, plan)
    folder = request.out or run_folder.runs_folder(request.root) / recording.id
    run_folder.make(folder, request.root)
    facts = measure.Circumstances(
        run_id=recording.id,
        target=importing.target(plan),
        revision=request.revision,
        versions={"perfgate": request.version, "format": recording.format},
    )
    run = importing.to_run(recording, plan, folder, facts)
    codec.write(run, folder / run_folder.RUN)
    return run, folder


def _read(request: ImportRequest, plan: Plan) -> importing.Recording:
    how = importing.Reading(
        format=request.format,
        skip=request.skip,
        started=request.started,
        otherwise=request.otherwise,
        endpoint=request.endpoint,
        tolerance=Tolerance(share=request.bad_share, number=request.bad_lines),
    )
    source = RecordingSource(path=request.path, name=request.name, columns=request.columns, unit=request.unit)
    return importing.read(source, plan, how)
