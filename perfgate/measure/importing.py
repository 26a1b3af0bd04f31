"""Recordings of other tools -> Run: what they hold is counted into windows, and measured like perfgate's own.

An imported run keeps its own definition of latency and says that its load was not perfgate's: imported runs of one
budget file are compared with one another, never with perfgate's own. The load profile of the budget file is taken for
a description of the recorded load, so when it changes, earlier recordings are not compared any more.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import floor
from pathlib import Path

import numpy as np

from perfgate.measure import importers, measuring
from perfgate.measure.importers.samples import (
    BadLines,
    Importer,
    RecordingSource,
    RequestLabel,
    SampleBatch,
    Summary,
    Tolerance,
    useless,
)
from perfgate.measure.matching import CountedAs, application, matcher, page_matcher
from perfgate.measure.measuring import Circumstances
from perfgate.measure.redirects import joined
from perfgate.measure.summarized import Summarized, summarized
from perfgate.measure.tallying import Tally
from perfgate.model.budget_file import LoadProfile, Part
from perfgate.model.errors import UsageError
from perfgate.model.metric import Unit
from perfgate.model.plan import Plan
from perfgate.model.run import Arm, EndpointResult, Generator, LoadTest, Run
from perfgate.recording import handover, windows
from perfgate.recording.windows import BASE, HEAD, Record
from perfgate.text import template
from perfgate.text.notes import note
from perfgate.text.units import format_value

CLOCK = "recording tool's"
SHOWN = 5  # names
ALIKE = 0.2  # the recorded rate may differ so much from the budget file's


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


def read(source: RecordingSource, plan: Plan, how: Reading) -> Recording:
    """Raises UsageError for every mistake in it, RecordError when it cannot be read."""
    format = how.format or importers.format_of(source)
    importer = importers.importer(format)
    bad = BadLines(source=source, tolerance=how.tolerance)
    parts = importer.read(source, bad)
    first = next(parts, None)
    if isinstance(first, Summary):
        return _summary(first, bad, source, plan, replace(how, format=format))
    host = application(plan, _counted(first)) if first else ""
    match = _named(matcher(plan, host), source, plan, how.endpoint)
    tally = Tally(match, how.skip)
    text: datetime | None = None
    whole = (part for part in chain([first] if first else [], parts) if isinstance(part, SampleBatch))
    for samples in joined(whole, match) if importer.has_hops else whole:
        tally.add(samples)
        text = text or samples.started
    bad.check(importer.hint)
    _check(tally, source, plan, how.skip)
    duration = floor(tally.last * 1000) / 1000 + 0.001  # until just after the last start
    began = (how.started or text or how.otherwise).astimezone(UTC) + timedelta(seconds=how.skip)
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
            arm: {name: tuple(texts) for name, texts in matches.items()} for arm, matches in tally.examples.items()
        },
        is_ab=bool(tally.arms & {BASE, HEAD}),
        warnings=(*_warnings(tally, importer, source, plan, duration), *_left_out(bad)),
    )


def _summary(summary: Summary, bad: BadLines, source: RecordingSource, plan: Plan, how: Reading) -> Recording:
    importer = importers.importer(how.format)
    bad.check(importer.hint)
    if how.skip:
        raise UsageError(
            f"--skip: {source.name} is a summary of the whole run; nothing of it can be left out", code="PG-I004"
        )
    matches = summarized(summary, _summary_matcher(summary, source, plan, how.endpoint))
    if not matches.requests:
        raise _nothing(source, plan, matches.unmatched)
    began = (how.started or summary.started or how.otherwise).astimezone(UTC)
    name = Path(source.name).name
    lacks = ", ".join(f"no {what}" for what in importer.lacks)
    warnings = [
        f"Imported from {name}, a summary: its values are held against limits and compared with those of earlier "
        f"imports as they are, without {'diagnosis' if summary.is_of_pages else 'distributions or intervals'}. "
        f"It has {lacks}.",
        "What failed is what the tool counted as failed: expectations of the budget file were not checked.",
        *summary.warnings,
        *matches.warnings,
    ]
    if matches.unmatched:
        warnings.append(f"Not judged, for no endpoint of the budget file is meant: {_names(matches.unmatched)}.")
    return Recording(
        id=f"{began:%Y%m%d-%H%M%S}-{_digest(source, plan.name)}",
        format=how.format,
        latency=summary.latency or importer.latency,
        lacks=tuple(importer.lacks),
        record=Record(),
        summary=matches,
        duration=summary.duration,
        requests=matches.requests,
        by_endpoint={result.name: result.requests for result in matches.results},
        started=began,
        examples={},
        is_ab=False,
        warnings=(*warnings, *_left_out(bad)),
    )


def _summary_matcher(
    summary: Summary, source: RecordingSource, plan: Plan, endpoint: str
) -> Callable[[RequestLabel], CountedAs | None]:
    """Whose the rows are: with `endpoint`, all are that page's. Raises UsageError when it is none."""
    if not summary.is_of_pages:
        host = application(plan, {row.label: row.requests for row in summary.rows})
        return _named(matcher(plan, host), source, plan, endpoint)
    names = [page.name for page in plan.pages]
    if not endpoint:
        return page_matcher(plan)
    if endpoint not in names:
        hint = f"Pages: {', '.join(names)}."
        raise UsageError(f"--endpoint {endpoint}: not a page of {plan.source.name}", hint=hint, code="PG-I004")
    return lambda _: CountedAs(kind="page", name=endpoint)


def _named(
    match: Callable[[RequestLabel], CountedAs | None], source: RecordingSource, plan: Plan, endpoint: str
) -> Callable[[RequestLabel], CountedAs | None]:
    """Requests that a recording does not name are those of `endpoint`, else of the only one there is; with `endpoint`
    all are. Raises UsageError when it is none, and, once asked, when there are several."""
    names = [item.name for item in plan.endpoints]
    if endpoint:
        if endpoint not in names:
            raise UsageError(
                f"--endpoint {endpoint}: not in {plan.source.name}", hint=f"It has: {', '.join(names)}.", code="PG-U007"
            )
        return lambda _: match(RequestLabel(endpoint))

    def found(label: RequestLabel) -> CountedAs | None:
        if any(label):
            return match(label)
        if len(names) != 1:
            raise useless(
                source,
                "it does not say which endpoint was requested",
                hint=f"--endpoint NAME; one of: {', '.join(names)}.",
            )
        return match(RequestLabel(names[0]))

    return found


def _by_endpoint(record: Record) -> dict[str, int]:
    matches: dict[str, int] = {}
    for (_, name, _, _), window in record.windows.items():
        matches[name] = matches.get(name, 0) + window.requests
    return matches


def _left_out(bad: BadLines) -> Iterator[str]:
    if bad.number:
        lines = "; ".join(f"line {line}: {what}" for line, what in bad.mistakes[:SHOWN])
        more = "; ..." if bad.number > SHOWN else ""
        yield f"Left out: {bad.number:,} of {bad.lines:,} lines, which are bad. {lines}{more}"


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
        generator=Generator(),
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
    rate = f", {_per_second(recording.requests / recording.duration)}" if recording.duration else ""
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


def _check(tally: Tally, source: RecordingSource, plan: Plan, skip: float) -> None:
    """Raises UsageError when nothing of it, or half of an A/B test, can be judged."""
    if not tally.counted:
        raise _nothing(source, plan, tally.unmatched)
    if tally.last < 0:
        raise UsageError(f"{source.name} ends {-tally.last:.3g} s before --skip {skip:g}s", code="PG-I004")
    if tally.arms & {BASE, HEAD} and tally.arms != {BASE, HEAD}:
        missing = "some requests have none" if "" in tally.arms else f"all requests are of {next(iter(tally.arms))}"
        raise UsageError(f"{source.name}: an A/B test needs base and head, but {missing}", code="PG-I005")


def _nothing(source: RecordingSource, plan: Plan, unmatched: Counter[str]) -> UsageError:
    names = [*(endpoint.name for endpoint in plan.endpoints), *(journey.name for journey in plan.journeys)]
    known = ", ".join([*names, *(page.name for page in plan.pages)])
    matches = f"it has {_names(unmatched)}" if unmatched else "it has no requests"
    return UsageError(
        f"{source.name}: no request belongs to an endpoint of {plan.source.name}: {matches}",
        hint=f"The budget file has: {known}. Names must be the same, or method and path.",
        code="PG-I003",
    )


def _warnings(tally: Tally, importer: Importer, source: RecordingSource, plan: Plan, duration: float) -> Iterator[str]:
    """What the gate would have liked to know, in words."""
    lacks = ", ".join(f"no {what}" for what in importer.lacks)
    blind = "" if BASE in tally.arms else " A slow machine cannot be told from a slow application."
    yield f"Imported from {Path(source.name).name}, which has {lacks}: budgets on that have no data.{blind}"
    unchecked = [
        endpoint.name
        for endpoint in plan.endpoints
        if endpoint.request and any(e.part is not Part.STATUS for e in endpoint.request.expect)
    ]
    if unchecked:
        yield f"Of the expectations only the status was checked: {', '.join(unchecked[:SHOWN])} expect more."
    if tally.unmatched:
        yield f"Not judged, for no endpoint of the budget file is meant: {_names(tally.unmatched)}."
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


def _names(unmatched: Counter[str]) -> str:
    """ "GET /a (1,200 requests), b (3 requests) and 7 more names"."""
    names = [f"{_writable(name)} ({number:,} requests)" for name, number in unmatched.most_common(SHOWN)]
    more = len(unmatched) - SHOWN
    return ", ".join(names) + (f" and {more:,} more names" if more > 0 else "")


def _writable(name: str) -> str:
    return name.encode(errors="replace").decode()[:100] or "(no name)"


def _without_size(result: EndpointResult) -> EndpointResult:
    """Where no sizes were recorded, they are not 0 but unknown."""
    if result.bytes or result.kind == "page":
        return result
    return replace(result, metrics={name: value for name, value in result.metrics.items() if not name.endswith("size")})
