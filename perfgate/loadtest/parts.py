"""A run in one part, or in several between which the services are restarted; prolonged while that would help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor
from pathlib import Path
from shutil import rmtree

from perfgate.loadtest.locust import locust_process, runner_probe
from perfgate.loadtest.locust.joining import merge
from perfgate.loadtest.locust.locust_process import Options
from perfgate.loadtest.service.handshake import TlsCheck, tls_check
from perfgate.loadtest.service.memory_watch import MemoryWatch
from perfgate.loadtest.service.reflection import check_reflection
from perfgate.loadtest.service.sides import Sides
from perfgate.loadtest.service.starting import Services, running
from perfgate.loadtest.service.target import check_plain, check_up
from perfgate.model.budget_file import LoadProfile, Stage
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.plan import Plan
from perfgate.model.run import LoadTest, Progress
from perfgate.recording import windows

MIN_PART_S = 1.0  # s: windows are whole seconds
MIN_LAST_LOOK_RATIO = 1.5  # that the last look is after the one before it
ROUNDING_ERROR = 1e-9  # of a quotient of times


@dataclass(frozen=True, kw_only=True)
class InterimLooks:
    """When a run is looked at: after the whole load was sent so many `times` in all, ascending. It goes on to the next
    look until `decided` says yes of what there is."""

    times: tuple[int, ...] = (1,)
    decided: Callable[[LoadTest], bool] = lambda _: True


ONE_LOOK = InterimLooks()


def run(
    plan: Plan,
    folder: Path,
    options: Options,
    sides: Sides,
    *,
    restarts: int = 0,
    looks: InterimLooks = ONE_LOOK,
) -> LoadTest:
    """The plan's load on what `sides` says, whose services run only meanwhile. Every part has a folder of its own.

    KeyboardInterrupt and errors as in `start_locust`; ServiceError and TargetError when something is not up.
    """
    loads = cut(plan.load, 1 + restarts)
    several = len(loads) > 1 or len(looks.times) > 1
    progress = _WholeProgress(options.on_progress)
    parts: list[LoadTest] = []
    for times in looks.times:
        more = loads * times
        for load in more[len(parts) :]:
            progress.add(seconds(load))
        for load in more[len(parts) :]:
            place = _part_folder(folder, len(parts) + 1) if several else folder
            first = parts[-1].numbers if parts else 0
            own = replace(options, part=len(parts), first_number=first, on_progress=progress.of_part())
            parts.append(_part(replace(plan, load=load), place, own, sides, of_several=several))
            if parts[-1].interrupted or parts[-1].aborted:
                return _whole(parts, folder, sides)
        if times == looks.times[-1] or looks.decided(_whole(parts, folder, sides)):
            break
    return _whole(parts, folder, sides)


def _part(plan: Plan, place: Path, options: Options, sides: Sides, *, of_several: bool) -> LoadTest:
    def load_part() -> LoadTest:
        with (
            locust_process.start_locust(plan, place, options) as send,
            running(sides.of_part(options.part + 1 if of_several else 0), options.secrets) as services,
        ):
            for target in sides.targets:
                check_up(target, options.environ, tls_check(plan))
                if any(endpoint.grpc and not endpoint.grpc.proto for endpoint in plan.endpoints):
                    check_reflection(target, options.environ, TlsCheck(tls=plan.tls, folder=plan.source.parent))
            watch = MemoryWatch(services, sides) if options.should_watch_memory else None
            with options.beside():
                load_test = send(lambda: _check_and_sample(services, watch))
            plain = [target for target in sides.targets if target.startswith("http:")]
            if plain and load_test.failure_examples and not _any_success(load_test):
                for target in plain:
                    check_plain(target, options.environ)
            return replace(load_test, memory=watch.since(load_test.began)) if watch else load_test

    return runner_probe.beside(load_part, place, options)


def _any_success(load_test: LoadTest) -> bool:
    return any(window.successes for window in windows.read(load_test.windows).windows.values())


def _check_and_sample(services: Services, watch: MemoryWatch | None) -> None:
    services.check_alive()
    if watch:
        watch.sample()


def _whole(parts: Sequence[LoadTest], folder: Path, sides: Sides) -> LoadTest:
    whole = merge(parts, folder)
    return whole if sides.starts else replace(whole, restarts=0)


def look_times(load: LoadProfile, *, restarts: int, extend: float) -> tuple[int, ...]:
    """How often the load was sent in all at each look: the whole load again, then as often again as it was sent so far,
    as long as the time lasts: `load.longest` seconds of measured time, or `extend` more with warm-ups. A last look that
    would be less than half as late again takes the place of the one before it: every look costs power. Once, where
    nothing is sent."""
    if not load.stages:
        return (1,)
    if load.longest:
        last_look = floor(load.longest / sum(stage.duration for stage in load.stages) + ROUNDING_ERROR)
    else:
        last_look = 1 + floor(extend / (seconds(load) + restarts * load.warmup))
    times = [1]
    while times[-1] < last_look:
        following = 2 * times[-1]
        times.append(following if last_look >= MIN_LAST_LOOK_RATIO * following else last_look)
    return tuple(times)


def seconds(load: LoadProfile) -> float:
    """How long it takes, with its warm-up."""
    return load.warmup + sum(stage.duration for stage in load.stages)


def _part_folder(folder: Path, number: int) -> Path:
    place = folder / f"part-{number}"
    try:
        rmtree(place, ignore_errors=True)  # of an earlier run in this folder
        place.mkdir()
    except OSError as error:
        raise RecordError(f"Cannot write into the run folder {folder}: {error.strerror}", code="PG-R002") from error
    return place


class _WholeProgress:
    """One progress over all parts."""

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self._tell, self._total = report, 0.0
        self._before: Progress | None = None  # at the end of the last part
        self._last: Progress | None = None

    def add(self, seconds: float) -> None:
        self._total += seconds

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
    if duration < number * MIN_PART_S:
        raise UsageError(
            f"{number - 1} restarts: {duration:g} s of load cannot be split into {number} parts", code="PG-L004"
        )
    edges = [0.0, *(float(floor(part * duration / number + 0.5)) for part in range(1, number)), duration]
    return tuple(replace(load, stages=_between(load.stages, start, end)) for start, end in pairwise(edges))


def _between(stages: Sequence[Stage], start: float, end: float) -> tuple[Stage, ...]:
    cut_stages, at = [], 0.0
    for stage in stages:
        inside = min(end, at + stage.duration) - max(start, at)
        if inside > 1e-9:
            cut_stages.append(replace(stage, duration=inside))
        at += stage.duration
    return tuple(cut_stages)
