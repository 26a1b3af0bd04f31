"""Stacked bars of report.html: the layers of base and head, drawn as SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from perfgate.model.diagnosis import ALL_LAYERS, Diagnosed, Diagnosis
from perfgate.model.metric import Unit
from perfgate.report import diagnosis_text, trace_text
from perfgate.report.escaping import plain
from perfgate.text.units import format_value

WIDTH, HEIGHT, GAP, LABEL, TOTAL = 760, 26, 8, 60, 80  # pixels
COLOURS = (
    "#4e79a7",
    "#a0cbe8",
    "#59a14f",
    "#e15759",
    "#f28e2b",
    "#b07aa1",
    "#edc948",
    "#76b7b2",
    "#9c755f",
    "#bab0ac",
    "#d37295",
    "#8cd17d",
    "#d4a6c8",
)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One endpoint's diagnosis for the page. `bars` is SVG; all else is plain text."""

    title: str
    bars: str
    legend: tuple[tuple[str, str], ...]  # colour, layer
    rows: tuple[tuple[str, ...], ...]
    causes: tuple[tuple[str, str, str, tuple[str, ...], str], ...]  # code, confidence, sentence, evidence, remedy
    counts: tuple[tuple[str, str, str], ...]
    note: str
    traces: trace_text.TracePanel | None = None
    functions: tuple[str, ...] = ()
    profiles: tuple[tuple[str, str], ...] = ()  # side, path beside the page


PROFILE = re.compile(r"diagnose/profile-\d{1,3}-(base|head)\.speedscope\.json")


def panels(diagnosis: Diagnosis | None) -> list[Panel]:
    return [
        Panel(
            title=plain(diagnosis_text.first_line(finding), diagnosis_text.MAX_TEXT_CHARS),
            bars=bars(finding),
            legend=tuple((_colour(layer.layer), diagnosis_text.layer_name(layer)) for layer in finding.layers),
            rows=tuple(diagnosis_text.layer_row(layer) for layer in finding.layers),
            causes=tuple(
                (
                    cause.code,
                    diagnosis_text.WHERE[cause.confidence],
                    plain(cause.sentence, 300),
                    tuple(plain(text, 300) for text in cause.evidence),
                    plain(cause.remedy, 400),
                )
                for cause in finding.causes
            ),
            counts=tuple(diagnosis_text.counts(finding)),
            note=plain(diagnosis_text.note(finding, diagnosis), 300),
            traces=trace_text.panel(finding.traces),
            functions=tuple(plain(text, 300) for text in finding.functions),
            profiles=tuple((side, path) for side, path in finding.profiles.items() if PROFILE.fullmatch(path)),
        )
        for finding in (diagnosis.findings if diagnosis else ())
    ]


def bars(finding: Diagnosed) -> str:
    """Base over head, or head alone, on one scale. Empty without layers."""
    sides = [("head", [(layer.layer, layer.now) for layer in finding.layers])]
    if finding.difference is not None:
        sides.insert(0, ("base", [(layer.layer, layer.baseline or 0.0) for layer in finding.layers]))
    longest = max((sum(value for _, value in parts) for _, parts in sides), default=0.0)
    if not longest:
        return ""
    height = len(sides) * (HEIGHT + GAP)
    body = "".join(_bar(name, parts, longest, at) for at, (name, parts) in enumerate(sides))
    label = escape(plain(f"Layers of {finding.endpoint} {finding.metric}"))
    return f'<svg viewBox="0 0 {WIDTH} {height}" width="100%" role="img" aria-label="{label}">{body}</svg>'


def _bar(name: str, parts: Sequence[tuple[str, float]], longest: float, at: int) -> str:
    y = at * (HEIGHT + GAP)
    middle = y + HEIGHT * 0.68
    pieces = "".join(_pieces(parts, longest, y))
    whole = sum(value for _, value in parts)
    end = LABEL + whole / longest * (WIDTH - LABEL - TOTAL) + 6
    return (
        f'<text x="0" y="{middle:.1f}" fill="currentColor" font-size="14">{name}</text>{pieces}'
        f'<text x="{end:.1f}" y="{middle:.1f}" fill="currentColor" font-size="14">'
        f"{format_value(Unit.SECONDS, whole)}</text>"
    )


def _pieces(parts: Sequence[tuple[str, float]], longest: float, y: int) -> Iterator[str]:
    x = float(LABEL)
    for layer, value in parts:
        width = value / longest * (WIDTH - LABEL - TOTAL)
        title = f"<title>{layer} {format_value(Unit.SECONDS, value)}</title>"
        yield f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{HEIGHT}" fill="{_colour(layer)}">{title}</rect>'
        x += width


def _colour(layer: str) -> str:
    return COLOURS[[str(item) for item in ALL_LAYERS].index(layer)]
