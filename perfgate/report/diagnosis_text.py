"""The diagnosis in words: one line first, then the evidence. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from perfgate.model.diagnosis import Cause, Diagnosed, Diagnosis, LayerChange
from perfgate.model.metric import Unit
from perfgate.report.escaping import code, plain, prose
from perfgate.text.units import format_difference, format_value

Quote = Callable[[str], str]
NAMED = 2  # layers in the first line
SMALL = 0.1  # of the difference: layers with less are not named first
LONGEST = 300
WHERE = {"environment": "not the code", "confirmed": "confirmed", "likely": "likely", "unexplained": "not explained"}


def first_line(found: Diagnosed, quote: Quote = plain) -> str:
    """`search` p95 +180 ms: database +170 ms, 103 queries per request instead of 3."""
    cause = found.causes[0] if found.causes else None
    parts = [_named(found)] if found.layers and (cause is None or cause.code not in ("environment", "healthy")) else []
    if cause:
        parts.append(cause.sentence)
    change = f" {format_difference(Unit.SECONDS, found.difference)}" if found.difference is not None else ""
    return f"{quote(found.endpoint)} {plain(found.metric)}{change}: {', '.join(filter(None, parts))}"


def _named(found: Diagnosed) -> str:
    """The layers that make most of the difference; without a base, of the time."""
    if found.difference is None:
        named = sorted(found.layers, key=lambda one: -one.now)[:NAMED]
        return ", ".join(f"{layer_name(one)} {format_value(Unit.SECONDS, one.now)}" for one in named)
    least = SMALL * abs(found.difference)
    named = [one for one in found.layers if one.change is not None and abs(one.change) >= least][:NAMED]
    return ", ".join(f"{layer_name(one)} {format_difference(Unit.SECONDS, one.change or 0.0)}" for one in named)


def layer_name(one: LayerChange) -> str:
    return "not attributed" if one.layer == "unattributed" else one.layer


def lines(diagnosis: Diagnosis | None) -> Iterator[tuple[str, str]]:
    """For the terminal: each first line, and what to do ("" where there is nothing)."""
    for found in diagnosis.findings if diagnosis else ():
        cause = found.causes[0] if found.causes else None
        sure = f" ({WHERE[cause.confidence]})" if cause and cause.code != "healthy" else ""
        yield plain(first_line(found) + sure, LONGEST), plain(cause.remedy, LONGEST) if cause else ""


def tables(diagnosis: Diagnosis) -> Iterator[str]:
    """For the terminal: the layers of each endpoint, in columns."""
    for found in diagnosis.findings:
        rows = [("layer", "base", "head", "change", "95 %"), *map(layer_row, found.layers)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        yield "\n".join(
            "  ".join([row[0].ljust(widths[0]), *(cell.rjust(widths[at]) for at, cell in enumerate(row) if at)])
            for row in rows
        )


def markdown_lines(diagnosis: Diagnosis | None) -> list[str]:
    """First lines for a comment: safe Markdown."""
    result = []
    for found in diagnosis.findings if diagnosis else ():
        _, _, rest = first_line(found, lambda _: "").partition(" ")
        remedy = found.causes[0].remedy if found.causes and found.causes[0].code != "healthy" else ""
        said = f"{code(found.endpoint)} {prose(rest)}"
        result.append(f"{said}. {prose(remedy)}" if remedy else said)
    return result


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One endpoint's table and causes; all texts are safe Markdown."""

    endpoint: str
    rows: tuple[tuple[str, ...], ...]
    causes: tuple[str, ...]
    counts: tuple[tuple[str, ...], ...]
    note: str


def evidence(diagnosis: Diagnosis | None) -> list[Evidence]:
    return [
        Evidence(
            endpoint=code(found.endpoint),
            rows=tuple(layer_row(one) for one in found.layers),
            causes=tuple(_cause(one) for one in found.causes),
            counts=tuple(counts(found)),
            note=prose(note(found, diagnosis)),
        )
        for found in (diagnosis.findings if diagnosis else ())
    ]


def layer_row(one: LayerChange) -> tuple[str, ...]:
    before = format_value(Unit.SECONDS, one.baseline) if one.baseline is not None else "–"
    change = format_difference(Unit.SECONDS, one.change) if one.change is not None else "–"
    ends = one.interval if one.change is not None else None
    interval = f"{' to '.join(format_difference(Unit.SECONDS, end) for end in ends)}" if ends else "–"
    return layer_name(one), before, format_value(Unit.SECONDS, one.now), change, interval


def _cause(one: Cause) -> str:
    said = [f"**{WHERE[one.confidence]}: {one.code}** {prose(one.sentence)}", *map(prose, one.evidence)]
    return "; ".join(said)


_UNITS = {
    "alone": Unit.SECONDS,
    "loaded": Unit.SECONDS,
    "canary_idle": Unit.SECONDS,
    "canary_loaded": Unit.SECONDS,
    "query_seconds": Unit.SECONDS,
    "cache_call_seconds": Unit.SECONDS,
    "external_seconds": Unit.SECONDS,
    "cpu": Unit.SECONDS,
    "size": Unit.BYTES,
    "decoded": Unit.BYTES,
    "memory": Unit.BYTES,
    "compressed": Unit.RATIO,
    "cached": Unit.RATIO,
    "cacheable": Unit.RATIO,
    "cache_hits": Unit.RATIO,
}


def counts(found: Diagnosed) -> Iterator[tuple[str, str, str]]:
    """What was seen per request: name, base, head."""
    for name, (before, now) in found.facts.items():
        yield name.replace("_", " "), _value(name, before), _value(name, now)


def _value(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    unit = _UNITS.get(name)
    return format_value(unit, value) if unit else f"{value:.4g}"


def note(found: Diagnosed, diagnosis: Diagnosis | None) -> str:
    """Where the numbers are from."""
    beside = f" of the base and {found.samples}" if found.baseline_samples else ""
    number = found.baseline_samples or found.samples
    said = f"From {number}{beside} requests of a second pass, which is not judged"
    if diagnosis and diagnosis.control:
        said += f"; control: {diagnosis.control}"
    if found.clipped:
        said += f"; in {found.clipped} the server told of more time than there was"
    return f"{said}."


def doubts(diagnosis: Diagnosis | None) -> Sequence[str]:
    return diagnosis.warnings if diagnosis else ()
