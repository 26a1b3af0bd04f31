"""Warnings about an imported recording: what it lacks, what was left out, why nothing of it is usable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from perfgate.measure.importers.samples import BadLines, Importer, RecordingSource
from perfgate.measure.tallying import Tally
from perfgate.model.budget_file import LoadProfile, Part
from perfgate.model.errors import UsageError
from perfgate.model.metric import Unit
from perfgate.model.plan import Plan
from perfgate.recording.windows import BASE, HEAD
from perfgate.text.plurals import counted
from perfgate.text.units import format_value

MAX_SHOWN_NAMES = 5
MAX_RATE_DIFFERENCE = 0.2  # of the budget file's rate, by which the recorded one may differ


def check_usable(tally: Tally, source: RecordingSource, plan: Plan, skip: float) -> None:
    """Raises UsageError when nothing of it, or half of an A/B test, can be judged."""
    if not tally.counted:
        raise no_match(source, plan, tally.unmatched, has_only_transactions=tally.has_only_transactions)
    if tally.last < 0:
        raise UsageError(f"{source.name} ends {-tally.last:.3g} s before --skip {skip:g}s", code="PG-I004")
    if tally.arms & {BASE, HEAD} and tally.arms != {BASE, HEAD}:
        missing = "some requests have none" if "" in tally.arms else f"all requests are of {next(iter(tally.arms))}"
        raise UsageError(f"{source.name}: an A/B test needs base and head, but {missing}", code="PG-I005")


def no_match(
    source: RecordingSource, plan: Plan, unmatched: Counter[str], *, has_only_transactions: bool = False
) -> UsageError:
    if not unmatched:
        hint = "Did the load tool run to its end, and send anything?"
        return UsageError(f"{source.name}: there are no requests in it", hint=hint, code="PG-I003")
    names = [*(endpoint.name for endpoint in plan.endpoints), *(journey.name for journey in plan.journeys)]
    known = ", ".join([*names, *(page.name for page in plan.pages)])
    content = f"it has {name_requests(unmatched)}"
    cure = "Names must be the same, or method and path."
    if has_only_transactions:
        cure = "These are transactions: make them journeys, or switch off Generate parent sample."
    return UsageError(
        f"{source.name}: no request belongs to an endpoint of {plan.source.name}: {content}",
        hint=f"The budget file has: {known}. {cure}",
        code="PG-I003",
    )


def sample_warnings(
    tally: Tally, importer: Importer, source: RecordingSource, plan: Plan, duration: float
) -> Iterator[str]:
    """Sentences about what the gate would have liked to know."""
    lacks = ", ".join(f"no {what}" for what in importer.lacks)
    blind = "" if BASE in tally.arms else " A slow machine cannot be told from a slow application."
    yield f"Imported from {Path(source.name).name}, which has {lacks}: budgets on that have no data.{blind}"
    unchecked = [
        endpoint.name
        for endpoint in plan.endpoints
        if endpoint.request and any(e.part is not Part.STATUS for e in endpoint.request.expect)
    ]
    if unchecked:
        yield f"Of the expectations only the status was checked: {', '.join(unchecked[:MAX_SHOWN_NAMES])} expect more."
    if tally.unmatched:
        yield f"Not judged, for no endpoint of the budget file is meant: {name_requests(tally.unmatched)}."
    planned, recorded = _rate(plan.load), tally.counted / duration
    alone = BASE not in tally.arms  # an A/B test is compared with itself
    if alone and planned and not plan.journeys and abs(recorded / planned - 1) > MAX_RATE_DIFFERENCE:
        yield (
            f"Recorded were {per_second(recorded)}; `load` in {plan.source.name} says {per_second(planned)}. "
            "Recordings of one budget file are compared with one another: they should be of the same load."
        )


def skipped_lines(bad: BadLines) -> Iterator[str]:
    if bad.number:
        lines = "; ".join(f"line {line}: {what}" for line, what in bad.mistakes[:MAX_SHOWN_NAMES])
        more = "; ..." if bad.number > MAX_SHOWN_NAMES else ""
        yield f"Left out: {bad.number:,} of {bad.lines:,} lines, which are bad. {lines}{more}"


def name_requests(unmatched: Counter[str]) -> str:
    """ "GET /a (1,200 requests), b (3 requests) and 7 more names"."""
    names = [
        f"{_writable(name)} ({counted(number, 'request')})" for name, number in unmatched.most_common(MAX_SHOWN_NAMES)
    ]
    more = len(unmatched) - MAX_SHOWN_NAMES
    return ", ".join(names) + (f" and {counted(more, 'more name')}" if more > 0 else "")


def _writable(name: str) -> str:
    return name.encode(errors="replace").decode()[:100] or "(no name)"


def _rate(load: LoadProfile) -> float:
    """Mean starts per second; 0 when it is not known."""
    length = sum(stage.duration for stage in load.stages)
    return sum(stage.level * stage.duration for stage in load.stages) / length if load.model == "open" else 0.0


def per_second(rate: float) -> str:
    return format_value(Unit.PER_SECOND, rate)
