"""`perfgate calibrate` on one page: unchanged code measured again and again, and what can be learned from it."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from zlib import crc32

from perfgate import budgets, gate, loadtest, measure
from perfgate.files import codec, run_folder
from perfgate.model.budget_file import AbPolicy
from perfgate.model.calibration import Calibration
from perfgate.model.errors import UsageError
from perfgate.model.run import Run
from perfgate.workflows.steps import sending
from perfgate.workflows.steps.loads import with_duration
from perfgate.workflows.steps.request import ProgressReporter, RunRequest
from perfgate.workflows.steps.resolving import LoadSpec, resolve_load

FILE = "calibration.json"
DEFAULT_PAIRS = 3  # by default, one A/B run for so many others


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions:
    """`runs` alone and `pairs` side by side (None: as many as fit), of `duration` seconds (None: the budget file's)."""

    runs: int
    pairs: int | None = None
    duration: float | None = None


@dataclass(frozen=True, kw_only=True)
class _CalibrationRun:
    folder: Path
    name: str  # for people
    side_by_side: bool


def calibrate(request: RunRequest, options: CalibrationOptions, reporter: ProgressReporter) -> tuple[Calibration, bool]:
    """The calibration, and whether all runs were made. An interrupted calibration uses what there is, if that is
    enough.

    Raises PerfgateError for whatever keeps a run from being made, KeyboardInterrupt with too few of them.
    """
    context = request.context
    spec = resolve_load(request, with_duration(budgets.read(request.budget, context.environ), options.duration))
    run_folder.make(context.folder, context.root)
    jobs = _jobs(context.folder, options.runs, _pairs(options, spec))
    runs: dict[bool, list[Run]] = {False: [], True: []}
    began, each = monotonic(), loadtest.seconds(spec.plan.load)
    for number, job in enumerate(jobs):
        rest = (len(jobs) - number) * (max(each, (monotonic() - began) / number) if number else each)
        reporter.say(f"{job.name}: {number + 1} of {len(jobs)}, {_time(rest)} left")
        run = _measure(job, spec, reporter)
        if run.interrupted:
            break
        runs[job.side_by_side].append(run)
    done = sum(map(len, runs.values())) == len(jobs)
    if len(runs[False]) < gate.MIN_RUNS:
        raise KeyboardInterrupt
    calibration = gate.calibrate(runs[False], runs[True], spec.budget_file.gate)
    codec.write_text(context.folder / FILE, json.dumps(asdict(calibration), indent=1, ensure_ascii=False) + "\n")
    return calibration, done


def _pairs(options: CalibrationOptions, spec: LoadSpec) -> int:
    """Raises UsageError when A/B runs are asked for and the service cannot be started twice."""
    possible = spec.service is not None and loadtest.can_run_twice(spec.service, spec.target)
    if options.pairs and not possible:
        raise UsageError(
            "A/B runs need a service that perfgate can start twice.",
            hint="`service: {command: ... --port ${PORT}, port: ...}` with the target at that port; or --ab-runs 0.",
            code="PG-A005",
        )
    if options.pairs is not None:
        return options.pairs
    return max(1, options.runs // DEFAULT_PAIRS) if possible else 0


def _jobs(folder: Path, runs: int, pairs: int) -> list[_CalibrationRun]:
    """The A/B runs spread among the others, so that both meet the same weather."""
    jobs = [
        (number / runs, _CalibrationRun(folder=folder / f"run-{number:02}", name="Run", side_by_side=False))
        for number in range(1, runs + 1)
    ]
    jobs += [
        (number / pairs, _CalibrationRun(folder=folder / f"ab-{number:02}", name="A/B run", side_by_side=True))
        for number in range(1, pairs + 1)
    ]
    return [job for _, job in sorted(jobs, key=lambda pair: pair[0])]


def _measure(job: _CalibrationRun, spec: LoadSpec, reporter: ProgressReporter) -> Run:
    quiet = replace(reporter, say=lambda _: None)
    context = replace(spec.context, folder=job.folder, run_id=f"{spec.context.run_id}-{job.folder.name}")
    ab = AbPolicy(blocks=spec.budget_file.gate.ab.blocks) if job.side_by_side else AbPolicy()
    own = replace(spec, context=context, ab=ab)
    run_folder.make(context.folder, context.root)
    with _sides(job, own, quiet) as sides:
        load_test = sending.send(own, sides, quiet)
    run = measure.measure(load_test, own.plan, sending.circumstances(own, sides))
    codec.write(run, context.folder / run_folder.RUN)
    return run


def _sides(job: _CalibrationRun, spec: LoadSpec, reporter: ProgressReporter) -> AbstractContextManager[loadtest.Sides]:
    if not job.side_by_side or spec.service is None:
        return sending.sides_of(spec, reporter)
    return nullcontext(
        loadtest.aa_test(
            spec.service,
            spec.target,
            folder=spec.budget_file.path.parent,
            logs=spec.context.folder,
            environ=spec.context.environ,
            seed=crc32(spec.context.run_id.encode()),
        )
    )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
