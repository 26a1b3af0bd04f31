"""Recordings of other tools -> Run: what they hold is counted into windows, and measured like perfgate's own.

An imported run keeps its own definition of latency and says that its load was not perfgate's: imported runs of one
budget file are compared with one another, never with perfgate's own. The load profile of the budget file is taken for
a description of the recorded load, so when it changes, earlier recordings are not compared any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import floor
from pathlib import Path

import numpy as np

from perfgate import handover, template, windows
from perfgate.measure import importers, measuring
from perfgate.measure.importers.samples import Importer, Label, Samples, Source
from perfgate.measure.matching import application, matcher
from perfgate.measure.measuring import Circumstances
from perfgate.measure.redirects import joined
from perfgate.measure.tallying import Tally
from perfgate.model.budget_file import LoadProfile, Part
from perfgate.model.errors import UsageError
from perfgate.model.metric import Unit
from perfgate.model.plan import Plan
from perfgate.model.run import Arm, EndpointResult, Generator, LoadTest, Run
from perfgate.units import format_value
from perfgate.windows import BASE, HEAD, Record

CLOCK = "recording tool's"
SHOWN = 5  # names
ALIKE = 0.2  # the recorded rate may differ so much from the budget file's


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording in memory, checked and counted. `duration` in seconds. The same recording has the same id, so that
    no history counts it twice."""

    id: str
    format: str
    latency: str
    record: Record
    duration: float
    requests: int
    started: datetime
    examples: Mapping[str, Mapping[str, tuple[str, ...]]]  # of failures, by arm and endpoint
    is_ab: bool
    warnings: tuple[str, ...]


def read(
    source: Source,
    plan: Plan,
    *,
    format: str = "",
    skip: float = 0.0,
    started: datetime | None = None,
    otherwise: datetime,
) -> Recording:
    """`skip`: seconds at the beginning that are warm-up. `started`: when it began, whatever it says itself; `otherwise`
    the same, if it does not say so.

    Raises UsageError for every mistake in it, RecordError when it cannot be read.
    """
    format = format or importers.format_of(source)
    importer = importers.importer(format)
    parts = importer.read(source)
    first = next(parts, None)
    match = matcher(plan, application(plan, _counted(first)) if first else "")
    tally = Tally(match, skip)
    said: datetime | None = None
    whole = chain([first] if first else [], parts)
    for samples in joined(whole, match) if importer.has_hops else whole:
        tally.add(samples)
        said = said or samples.started
    _check(tally, source, plan, skip)
    duration = floor(tally.last * 1000) / 1000 + 0.001  # until just after the last start
    began = (started or said or otherwise).astimezone(UTC) + timedelta(seconds=skip)
    return Recording(
        id=f"{began:%Y%m%d-%H%M%S}-{_digest(source, plan.name)}",
        format=format,
        latency=importer.latency,
        record=tally.record,
        duration=duration,
        requests=tally.counted,
        started=began,
        examples={arm: {name: tuple(texts) for name, texts in found.items()} for arm, found in tally.examples.items()},
        is_ab=bool(tally.arms & {BASE, HEAD}),
        warnings=tuple(_warnings(tally, importer, source, plan, duration)),
    )


def _counted(samples: Samples) -> dict[Label, int]:
    numbers = np.bincount(samples.label, minlength=len(samples.labels)).tolist()
    return dict(zip(samples.labels, numbers, strict=True))


def to_run(recording: Recording, plan: Plan, folder: Path, circumstances: Circumstances) -> Run:
    """Writes the windows into the run folder and measures them. Raises RecordError."""
    path = folder / handover.WINDOWS
    windows.write(path, recording.record, duration=recording.duration)
    head = HEAD if recording.is_ab else ""
    load_test = LoadTest(
        folder=folder,
        windows=path,
        started=recording.started.isoformat(timespec="milliseconds"),
        duration=recording.duration,
        generator=Generator(),
        failure_examples=recording.examples.get(head, {}),
        base_examples=recording.examples.get(BASE, {}),
        warnings=recording.warnings,
    )
    sides = (Arm(name="base", target=circumstances.target), Arm(name="head", target=circumstances.target))
    arms = sides if recording.is_ab else ()
    run = measuring.measure(load_test, plan, replace(circumstances, clock=CLOCK, arms=arms))
    return replace(
        run,
        conditions=replace(
            run.conditions,
            load_digest=f"imported-{plan.digests.load}",
            load=f"recorded elsewhere, {_per_second(recording.requests / recording.duration)}",
            latency=recording.latency,
            rates={},  # of the plan, not of the recording
        ),
        endpoints=tuple(_without_size(one) for one in run.endpoints),
        arms=tuple(replace(arm, endpoints=tuple(_without_size(one) for one in arm.endpoints)) for arm in run.arms),
    )


def target(plan: Plan) -> str:
    """Which application the budget file is about, as far as it says so without the environment."""
    try:
        return template.expand(plan.target, {})
    except template.TemplateError:
        return "recorded elsewhere"


def _digest(source: Source, name: str) -> str:
    with source.opened() as stream:
        digest = hashlib.sha256()
        while part := stream.read(1 << 20):
            digest.update(part)
    digest.update(name.encode(errors="replace"))
    return digest.hexdigest()[:8]


def _check(tally: Tally, source: Source, plan: Plan, skip: float) -> None:
    """Raises UsageError when nothing of it, or half of an A/B test, can be judged."""
    known = ", ".join([*(one.name for one in plan.endpoints), *(one.name for one in plan.journeys)])
    if not tally.counted:
        found = f"it has {_names(tally)}" if tally.unmatched else "it has no requests"
        raise UsageError(
            f"{source.name}: no request belongs to an endpoint of {plan.source.name}: {found}",
            hint=f"The budget file has: {known}. Names must be the same, or method and path.",
        )
    if tally.last < 0:
        raise UsageError(f"{source.name} ends {-tally.last:.3g} s before --skip {skip:g}s")
    if tally.arms & {BASE, HEAD} and tally.arms != {BASE, HEAD}:
        missing = "some requests have none" if "" in tally.arms else f"all requests are of {next(iter(tally.arms))}"
        raise UsageError(f"{source.name}: an A/B test needs base and head, but {missing}")


def _warnings(tally: Tally, importer: Importer, source: Source, plan: Plan, duration: float) -> Iterator[str]:
    """What the gate would have liked to know, in words."""
    lacks = ", ".join(f"no {what}" for what in importer.lacks)
    blind = "" if BASE in tally.arms else " A slow machine cannot be told from a slow application."
    yield f"Imported from {Path(source.name).name}, which has {lacks}: budgets on that have no data.{blind}"
    unchecked = [
        one.name for one in plan.endpoints if one.request and any(e.part is not Part.STATUS for e in one.request.expect)
    ]
    if unchecked:
        yield f"Of the expectations only the status was checked: {', '.join(unchecked[:SHOWN])} expect more."
    if tally.unmatched:
        yield f"Not judged, for no endpoint of the budget file is meant: {_names(tally)}."
    planned, recorded = _rate(plan.load), tally.counted / duration
    alone = BASE not in tally.arms  # an A/B test is compared with itself
    if alone and planned and not plan.journeys and abs(recorded / planned - 1) > ALIKE:
        yield (
            f"Recorded were {_per_second(recorded)}; `load` in {plan.source.name} says {_per_second(planned)}. "
            "Recordings of one budget file are compared with one another: they should be of the same load."
        )


def _rate(load: LoadProfile) -> float:
    """Mean starts per second; 0 when it is not known."""
    length = sum(stage.duration for stage in load.stages)
    return sum(stage.level * stage.duration for stage in load.stages) / length if load.model == "open" else 0.0


def _per_second(rate: float) -> str:
    return format_value(Unit.PER_SECOND, rate)


def _names(tally: Tally) -> str:
    """ "GET /a (1,200 requests), b (3 requests) and 7 more names"."""
    names = [f"{_writable(name)} ({number:,} requests)" for name, number in tally.unmatched.most_common(SHOWN)]
    more = len(tally.unmatched) - SHOWN
    return ", ".join(names) + (f" and {more:,} more names" if more > 0 else "")


def _writable(name: str) -> str:
    return name.encode(errors="replace").decode()[:100] or "(no name)"


def _without_size(result: EndpointResult) -> EndpointResult:
    """Where no sizes were recorded, they are not 0 but unknown."""
    if result.bytes:
        return result
    return replace(result, metrics={name: value for name, value in result.metrics.items() if not name.endswith("size")})
