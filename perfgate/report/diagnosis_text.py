"""The diagnosis in words: one line first, then the evidence. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from perfgate.model.diagnosis import Cause, Diagnosed, Diagnosis, LayerChange
from perfgate.model.metric import Unit
from perfgate.report import fact_text, trace_text
from perfgate.report.escaping import code, plain, prose
from perfgate.text.units import format_difference, format_value

Quote = Callable[[str], str]
NAMED = 2  # layers in the first line
SMALL = 0.1  # of the difference: layers with less are not named first
MAX_TEXT_CHARS = 300
WHERE = {"environment": "not the code", "confirmed": "confirmed", "likely": "likely", "unexplained": "not explained"}


def first_line(matches: Diagnosed, quote: Quote = plain) -> str:
    """`search` p95 +180 ms: database +170 ms, 103 queries per request instead of 3."""
    cause = matches.causes[0] if matches.causes else None
    parts = (
        [_named(matches)] if matches.layers and (cause is None or cause.code not in ("environment", "healthy")) else []
    )
    if cause:
        whose = "the runner, not the code: " if cause.code == "environment" else ""
        parts.append(f"{whose}{cause.sentence}")
    change = f" {format_difference(Unit.SECONDS, matches.difference)}" if matches.difference is not None else ""
    return f"{quote(matches.endpoint)} {plain(matches.metric)}{change}: {', '.join(filter(None, parts))}"


def _named(matches: Diagnosed) -> str:
    """The layers that make most of the difference; without a base, of the time."""
    if matches.difference is None:
        named = sorted(matches.layers, key=lambda layer: -layer.now)[:NAMED]
        return ", ".join(f"{layer_name(item)} {format_value(Unit.SECONDS, item.now)}" for item in named)
    least, sign = SMALL * abs(matches.difference), 1 if matches.difference >= 0 else -1
    named = [layer for layer in matches.layers if layer.change is not None and layer.change * sign >= least]
    cause = matches.causes[0].layer if matches.causes else ""
    named = sorted(named, key=lambda layer: layer.layer != cause)[:NAMED]  # first the layer that the cause is in
    return ", ".join(f"{layer_name(item)} {format_difference(Unit.SECONDS, item.change or 0.0)}" for item in named)


def layer_name(item: LayerChange) -> str:
    return "not attributed" if item.layer == "unattributed" else item.layer


def lines(diagnosis: Diagnosis | None) -> Iterator[tuple[str, str]]:
    """For the terminal: each first line, and what to do ("" where there is nothing)."""
    for matches in diagnosis.findings if diagnosis else ():
        cause = matches.causes[0] if matches.causes else None
        sure = (
            f" ({WHERE[cause.confidence]}: {cause.code})"
            if cause and cause.code not in ("healthy", "environment")
            else ""
        )
        yield plain(first_line(matches) + sure, MAX_TEXT_CHARS), plain(cause.remedy, MAX_TEXT_CHARS) if cause else ""


def tables(diagnosis: Diagnosis) -> Iterator[str]:
    """For the terminal: the layers of each endpoint, in columns."""
    for matches in diagnosis.findings:
        rows = [("layer", "base", "head", "change", "95 %"), *map(layer_row, matches.layers)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        yield "\n".join(
            "  ".join([row[0].ljust(widths[0]), *(cell.rjust(widths[at]) for at, cell in enumerate(row) if at)])
            for row in rows
        )


def markdown_lines(diagnosis: Diagnosis | None) -> list[str]:
    """First lines for a comment: safe Markdown."""
    result = []
    for matches in diagnosis.findings if diagnosis else ():
        _, _, rest = first_line(matches, lambda _: "").partition(" ")
        remedy = matches.causes[0].remedy if matches.causes and matches.causes[0].code != "healthy" else ""
        text = f"{code(matches.endpoint)} {prose(rest)}"
        result.append(f"{text}. {prose(remedy)}" if remedy else text)
    return result


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One endpoint's table and causes; all texts are safe Markdown."""

    endpoint: str
    rows: tuple[tuple[str, ...], ...]
    causes: tuple[str, ...]
    counts: tuple[tuple[str, ...], ...]
    note: str
    traces: tuple[str, ...] = ()


def evidence(diagnosis: Diagnosis | None) -> list[Evidence]:
    return [
        Evidence(
            endpoint=code(matches.endpoint),
            rows=tuple(layer_row(layer) for layer in matches.layers),
            causes=(
                *(_cause(cause) for cause in matches.causes),
                *(f"profile: {prose(text)}" for text in functions(matches)),
            ),
            counts=tuple((prose(name), *values) for name, *values in fact_text.counts(matches)),
            note=prose(note(matches, diagnosis)),
            traces=tuple(trace_text.markdown(matches.traces)),
        )
        for matches in (diagnosis.findings if diagnosis else ())
    ]


def functions(matches: Diagnosed) -> list[str]:
    """What a profile shows and no cause has said."""
    said = [text for cause in matches.causes for text in (cause.sentence, *cause.evidence)]
    return [text for text in matches.functions if not any(text in other for other in said)]


def layer_row(item: LayerChange) -> tuple[str, ...]:
    before = format_value(Unit.SECONDS, item.baseline) if item.baseline is not None else "–"
    change = format_difference(Unit.SECONDS, item.change) if item.change is not None else "–"
    ends = item.interval if item.change is not None else None
    interval = f"{' to '.join(format_difference(Unit.SECONDS, end) for end in ends)}" if ends else "–"
    return layer_name(item), before, format_value(Unit.SECONDS, item.now), change, interval


def _cause(item: Cause) -> str:
    text = [f"**{WHERE[item.confidence]}: {item.code}** {_quoted(item.sentence)}", *map(_quoted, item.evidence)]
    return "; ".join(text)


def _quoted(text: str) -> str:
    """Safe Markdown in which what stands between backticks is code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return prose(text)
    return " ".join(code(piece) if at % 2 else prose(piece) for at, piece in enumerate(pieces) if piece.strip())


def note(matches: Diagnosed, diagnosis: Diagnosis | None) -> str:
    """Where the numbers are from."""
    beside = f" of the base and {matches.samples}" if matches.baseline_samples else ""
    number = matches.baseline_samples or matches.samples
    text = f"From {number}{beside} requests of a second pass, which is not judged"
    if diagnosis and diagnosis.control:
        text += f"; control, which did not fail: {diagnosis.control}"
    if matches.clipped:
        text += f"; in {matches.clipped} the server told of more time than there was"
    return f"{text}."


def doubts(diagnosis: Diagnosis | None) -> Sequence[str]:
    return diagnosis.warnings if diagnosis else ()
