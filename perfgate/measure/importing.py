"""Recordings of other tools -> Run: what they hold is counted into windows, and measured like perfgate's own.

An imported run keeps its own definition of latency and says that its load was not perfgate's: imported runs of one
budget file are compared with one another, never with perfgate's own. The load profile of the budget file is taken for
a description of the recorded load, so when it changes, earlier recordings are not compared any more.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import floor
from pathlib import Path

import numpy as np

from perfgate.measure import import_warnings, importers, measuring
from perfgate.measure.importers.samples import (
    BadLines,
    Importer,
    RecordingSource,
    RequestLabel,
    SampleBatch,
    Summary,
    Tolerance,
    ToolReport,
    useless,
)
from perfgate.measure.matching import (
    Matcher,
    application,
    matcher,
    matching_transactions,
    summary_matcher,
    unnamed_matcher,
)
from perfgate.measure.measuring import Circumstances
from perfgate.measure.redirects import joined
from perfgate.measure.summarized import Summarized, problem_of, summarized
from perfgate.measure.tallying import Tally
from perfgate.model.errors import UsageError
from perfgate.model.plan import Plan
from perfgate.model.run import Arm, EndpointResult, Generator, LoadTest, Run
from perfgate.recording import handover, windows
from perfgate.recording.windows import BASE, HEAD, Record
from perfgate.text import template
from perfgate.text.notes import note

CLOCK = "recording tool's"
MAX_EARLIER_S = 1.0  # s by which a request may begin before that of the first row and count from there


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording in memory, checked and counted. `duration` in seconds, 0 where a summary does not tell it. The same
    recording has the same id, so that no history counts it twice."""

    id: str
    format: str
    latency: str
    lacks: tuple[str, ...]
    record: Record
    summary: Summarized | None = None  # in place of a record
    duration: float
    requests: int
    by_endpoint: Mapping[str, int]
    started: datetime
    examples: Mapping[str, Mapping[str, tuple[str, ...]]]  # of failures, by arm and endpoint
    is_ab: bool
    generator: Generator
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a recording is read. `skip`: seconds at the beginning that are warm-up. `started`: when it began, whatever it
    says itself; `otherwise`: when, if it does not say so. `endpoint`: whose all its requests are."""

    format: str = ""  # as it looks
    skip: float = 0.0
    started: datetime | None = None
    otherwise: datetime
    endpoint: str = ""
    tolerance: Tolerance = field(default_factory=Tolerance)


def _parts(
    importer: Importer, source: RecordingSource, bad: BadLines, reports: list[ToolReport]
) -> Iterator[SampleBatch | Summary]:
    """Everything that an importer reads; what the tool says of its run goes into `reports`. Raises UsageError for
    values that it does not expect."""
    try:
        for part in importer.read(source, bad):
            if isinstance(part, ToolReport):
                reports.append(part)
            else:
                yield part
    except (ValueError, ArithmeticError, OSError, csv.Error) as error:
        raise useless(source, f"a value in it cannot be read: {str(error)[:120]}", hint=importer.hint) from error


def read(source: RecordingSource, plan: Plan, how: Reading) -> Recording:
    """Raises UsageError for every mistake in it, RecordError when it cannot be read."""
    format = importers.format_of(source, how.format)
    importer = importers.importer(format)
    bad = BadLines(source=source, tolerance=how.tolerance)
    reports: list[ToolReport] = []
    parts = _parts(importer, source, bad, reports)
    first = next(parts, None)
    if isinstance(first, Summary):
        return _summary(first, bad, source, plan, replace(how, format=format))
    host = application(plan, _counted(first)) if isinstance(first, SampleBatch) else ""
    match = unnamed_matcher(matcher(plan, host), source, plan, how.endpoint)

    def tallied(parts: Iterable[SampleBatch | Summary], match: Matcher, before: float = 0.0) -> tuple[Tally, _Begins]:
        batches = (part for part in parts if isinstance(part, SampleBatch))
        return _tallied(joined(batches, match) if importer.has_hops else batches, Tally(match, how.skip), before)

    tally, begins = tallied(chain([first] if first else [], parts), match)
    shift = -begins.earliest if begins.earliest < -MAX_EARLIER_S else 0.0  # rows not in the order of time
    are_endpoints = tally.has_only_transactions and bool(tally.unmatched)
    if shift or are_endpoints:  # once more, from the earliest on
        bad = replace(bad, lines=0, number=0, mistakes=[])
        tally, _ = tallied(
            _parts(importer, source, bad, reports), matching_transactions(match) if are_endpoints else match, shift
        )
    started = begins.started and begins.started - timedelta(seconds=shift)
    bad.check(importer.hint)
    import_warnings.check_usable(tally, source, plan, how.skip)
    duration = floor(tally.last * 1000) / 1000 + 0.001  # until just after the last start
    began = (how.started or started or how.otherwise).astimezone(UTC) + timedelta(seconds=how.skip)
    return Recording(
        id=f"{began:%Y%m%d-%H%M%S}-{_digest(source, plan.name)}",
        format=format,
        latency=importer.latency,
        lacks=tuple(importer.lacks),
        record=tally.record,
        duration=duration,
        requests=tally.counted,
        by_endpoint=_by_endpoint(tally.record),
        started=began,
        examples={
            arm: {name: tuple(texts) for name, texts in texts_of.items()} for arm, texts_of in tally.examples.items()
        },
        is_ab=bool(tally.arms & {BASE, HEAD}),
        generator=reports[-1].generator if reports else Generator(),
        warnings=(
            *import_warnings.sample_warnings(tally, importer, source, plan, duration),
            *(reports[-1].warnings if reports else ()),
            *import_warnings.skipped_lines(bad),
        ),
    )


def _summary(summary: Summary, bad: BadLines, source: RecordingSource, plan: Plan, how: Reading) -> Recording:
    importer = importers.importer(how.format)
    bad.check(importer.hint)
    if problem := problem_of(summary):
        raise useless(source, problem, hint=f"Is it whole, and as the tool wrote it? {importer.hint}")
    if how.skip:
        raise UsageError(
            f"--skip: {source.name} is a summary of the whole run; nothing of it can be left out", code="PG-I004"
        )
    summed = summarized(summary, summary_matcher(summary, source, plan, how.endpoint))
    if not summed.requests:
        raise import_warnings.no_match(source, plan, summed.unmatched)
    began = (how.started or summary.started or how.otherwise).astimezone(UTC)
    name = Path(source.name).name
    lacks = ", ".join(f"no {what}" for what in importer.lacks)
    warnings = [
        f"Imported from {name}, a summary: its values are held against limits and compared with those of earlier "
        f"imports as they are, without {'diagnosis' if summary.is_of_pages else 'distributions or intervals'}. "
        f"It has {lacks}.",
        "What failed is what the tool counted as failed: expectations of the budget file were not checked.",
        *summary.report.warnings,
        *summed.warnings,
    ]
    if summed.unmatched:
        names = import_warnings.name_requests(summed.unmatched)
        warnings.append(f"Not judged, for no endpoint of the budget file is meant: {names}.")
    return Recording(
        id=f"{began:%Y%m%d-%H%M%S}-{_digest(source, plan.name)}",
        format=how.format,
        latency=summary.latency or importer.latency,
        lacks=tuple(importer.lacks),
        record=Record(),
        summary=summed,
        duration=summary.duration,
        requests=summed.requests,
        by_endpoint={result.name: result.requests for result in summed.results},
        started=began,
        examples={},
        is_ab=False,
        generator=summary.report.generator,
        warnings=(*warnings, *import_warnings.skipped_lines(bad)),
    )


@dataclass(frozen=True, kw_only=True)
class _Begins:
    """When a recording begins. `started`: its first row; `earliest`: its earliest, in s after that."""

    started: datetime | None
    earliest: float


def _tallied(parts: Iterable[SampleBatch], tally: Tally, before: float = 0.0) -> tuple[Tally, _Begins]:
    """Counts the parts. `before`: seconds before the first row that are the beginning."""
    started: datetime | None = None
    earliest = 0.0
    for samples in parts:
        if not samples.phase and len(samples.began):
            earliest = min(earliest, float(samples.began.min()))
        tally.add(replace(samples, began=np.maximum(samples.began + before, 0.0)))
        started = started or samples.started
    return tally, _Begins(started=started, earliest=earliest)


def _by_endpoint(record: Record) -> dict[str, int]:
    requests: dict[str, int] = {}
    for (_, name, _, _), window in record.windows.items():
        requests[name] = requests.get(name, 0) + window.requests
    return requests


def _counted(samples: SampleBatch) -> dict[RequestLabel, int]:
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
        generator=recording.generator,
        failure_examples=recording.examples.get(head, {}),
        base_examples=recording.examples.get(BASE, {}),
        warnings=tuple(note("PG-I010", text) for text in recording.warnings),
    )
    sides = (Arm(name="base", target=circumstances.target), Arm(name="head", target=circumstances.target))
    arms = sides if recording.is_ab else ()
    run = measuring.measure(load_test, plan, replace(circumstances, clock=CLOCK, arms=arms))
    if recording.summary:
        results = {result.name: result for result in recording.summary.results}
        known = tuple(results.pop(endpoint.name, endpoint) for endpoint in run.endpoints)
        run = replace(run, endpoints=(*known, *(result for result in results.values() if result.kind == "page")))
    rate = f", {import_warnings.per_second(recording.requests / recording.duration)}" if recording.duration else ""
    return replace(
        run,
        conditions=replace(
            run.conditions,
            load_digest=f"imported-{plan.digests.load}",
            load=f"recorded elsewhere{rate}",
            latency=recording.latency,
            rates={},  # of the plan, not of the recording
        ),
        endpoints=tuple(_without_size(endpoint) for endpoint in run.endpoints),
        arms=tuple(
            replace(arm, endpoints=tuple(_without_size(endpoint) for endpoint in arm.endpoints)) for arm in run.arms
        ),
    )


def target(plan: Plan) -> str:
    """Which application the budget file is about, as far as it says so without the environment."""
    try:
        return template.expand(plan.target, {})
    except template.TemplateError:
        return "recorded elsewhere"


def _digest(source: RecordingSource, name: str) -> str:
    with source.opened() as stream:
        digest = hashlib.sha256()
        while part := stream.read(1 << 20):
            digest.update(part)
    digest.update(name.encode(errors="replace"))
    return digest.hexdigest()[:8]


def _without_size(result: EndpointResult) -> EndpointResult:
    """Where no sizes were recorded, they are not 0 but unknown."""
    if result.bytes or result.kind == "page":
        return result
    return replace(result, metrics={name: value for name, value in result.metrics.items() if not name.endswith("size")})
