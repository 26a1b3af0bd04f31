"""A run in one part, or in several between which the services are restarted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import floor
from pathlib import Path
from shutil import rmtree

from perfgate.loadtest import locust_process, runner_probe
from perfgate.loadtest.joining import joined
from perfgate.loadtest.locust_process import Options
from perfgate.loadtest.service import running
from perfgate.loadtest.side_by_side import Sides
from perfgate.loadtest.target import check_up
from perfgate.model.budget_file import LoadProfile, Stage
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.plan import Plan
from perfgate.model.run import LoadTest, Progress

SHORTEST = 1.0  # s: windows are whole seconds


def run(
    plan: Plan, folder: Path, scenario: Path | None, options: Options, sides: Sides, *, restarts: int = 0
) -> LoadTest:
    """The plan's load on what `sides` says, whose services run only meanwhile. Every part has a folder of its own.

    KeyboardInterrupt and errors as in `locust_process.run`, and ServiceError and TargetError when something is not up.
    """
    loads = cut(plan.load, 1 + restarts)
    progress = _WholeProgress(options.on_progress, total=sum(seconds(load) for load in loads))
    parts: list[LoadTest] = []
    for number, load in enumerate(loads):
        several = number + 1 if len(loads) > 1 else 0
        place = _part_folder(folder, several) if several else folder
        with running(sides.of_part(several)):
            for target in sides.targets:
                check_up(target, options.environ)
            own = replace(options, part=number, on_progress=progress.of_part())
            load_part = partial(locust_process.run, replace(plan, load=load), place, scenario, own)
            parts.append(runner_probe.beside(load_part, place, own))
        if parts[-1].interrupted or parts[-1].aborted:
            break
    return joined(parts, folder)


def seconds(load: LoadProfile) -> float:
    """How long it takes, with its warm-up."""
    return load.warmup + sum(stage.duration for stage in load.stages)


def _part_folder(folder: Path, number: int) -> Path:
    place = folder / f"part-{number}"
    try:
        rmtree(place, ignore_errors=True)  # of an earlier run in this folder
        place.mkdir()
    except OSError as error:
        raise RecordError(f"Cannot write into the run folder {folder}: {error.strerror}") from error
    return place


class _WholeProgress:
    """One progress over all parts."""

    def __init__(self, tell: Callable[[Progress], None], *, total: float) -> None:
        self._tell, self._total = tell, total
        self._before: Progress | None = None  # at the end of the last part
        self._last: Progress | None = None

    def of_part(self) -> Callable[[Progress], None]:
        self._before = self._last
        return self._update

    def _update(self, part: Progress) -> None:
        self._last = replace(part, total=self._total)
        if before := self._before:
            self._last = replace(
                self._last,
                elapsed=before.elapsed + part.elapsed,
                requests=before.requests + part.requests,
                failures=before.failures + part.failures,
            )
        self._tell(self._last)


def cut(load: LoadProfile, number: int) -> tuple[LoadProfile, ...]:
    """`number` parts of (nearly) the same duration, cut at whole seconds; each has the whole warm-up.

    Raises UsageError when they would be shorter than a second.
    """
    if number == 1:
        return (load,)
    duration = sum(stage.duration for stage in load.stages)
    if duration < number * SHORTEST:
        raise UsageError(f"{number - 1} restarts: {duration:g} s of load cannot be split into {number} parts")
    edges = [0.0, *(float(floor(part * duration / number + 0.5)) for part in range(1, number)), duration]
    return tuple(replace(load, stages=_between(load.stages, start, end)) for start, end in pairwise(edges))


def _between(stages: Sequence[Stage], start: float, end: float) -> tuple[Stage, ...]:
    found, at = [], 0.0
    for stage in stages:
        inside = min(end, at + stage.duration) - max(start, at)
        if inside > 1e-9:
            found.append(replace(stage, duration=inside))
        at += stage.duration
    return tuple(found)
