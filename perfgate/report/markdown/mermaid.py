"""A trend as a Mermaid chart: GitHub and GitLab draw it from text in a comment, in light and dark, without a picture's
address.

`xychart-beta` rather than `xychart`: old versions, which servers still run, know only that name. It has no legend, so
the words above it say what the lines are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

from perfgate.model.outcome import Outcome
from perfgate.report.charts.trend_picture import TrendPicture
from perfgate.report.escaping import plain

MAX_RUNS = 12  # more labels do not fit side by side
WIDTH, HEIGHT = 720, 260  # pixels
EMPTY_BAR_SHARE = 0.05  # of the axis below its floor: Mermaid draws a low plinth for a bar that ends at the floor

# On light and on dark pages alike, as in charts.py; repeated here because that module loads matplotlib.
CALM, BAD, DOUBTFUL, LIMIT, BASELINE = "#8b949e", "#e5534b", "#bf8700", "#d4690a", "#388bfd"

_UNSAFE = re.compile(r"[^\w .,:/()?=+%·–'-]")


def chart(picture: TrendPicture) -> str:
    """The fenced block. Bars: earlier runs, and this one in its own colour; lines: the limit, then the baseline."""
    values = picture.values[-MAX_RUNS:]
    labels = _distinct(picture.labels[-MAX_RUNS:])
    limits = [level.value for level in picture.levels if level.kind == "limit" and level.value <= picture.top]
    baselines = [level.value for level in picture.levels if level.kind == "baseline" and level.value <= picture.top]
    colours = [CALM, BAD if picture.outcome is Outcome.FAIL else DOUBTFUL]
    colours += [LIMIT] * len(limits) + [BASELINE] * len(baselines)
    none = picture.bottom - EMPTY_BAR_SHARE * (picture.top - picture.bottom)
    earlier = [*(_inside(value, picture) for value in values[:-1]), none]
    this = [none] * (len(values) - 1) + [_inside(values[-1], picture)]
    lines = [
        "```mermaid",
        _settings(colours),
        "xychart-beta",
        f"    x-axis [{', '.join(map(_quoted, labels))}]",
        f"    y-axis {_quoted(picture.axis)} {_number(picture.bottom)} --> {_number(picture.top)}",
        *(f"    bar [{_series(series)}]" for series in (earlier, this)),
        *(f"    line [{_series([level] * len(values))}]" for level in (*limits, *baselines)),
        "```",
    ]
    return "\n".join(lines)


def _settings(colours: Sequence[str]) -> str:
    palette = ", ".join(colours)
    return (
        f"%%{{init: {{'xyChart': {{'width': {WIDTH}, 'height': {HEIGHT}}}, "
        f"'themeVariables': {{'xyChart': {{'backgroundColor': 'transparent', 'plotColorPalette': '{palette}'}}}}}}}}%%"
    )


def _inside(value: float, picture: TrendPicture) -> float:
    """Bars may not leave the axis: what is missing stands on its floor, what is too high ends at its top."""
    return min(max(value, picture.bottom), picture.top) if isfinite(value) else picture.bottom


def _series(values: Sequence[float]) -> str:
    return ", ".join(map(_number, values))


def _distinct(labels: Sequence[str]) -> list[str]:
    """The commits; equal names would be one place on the axis."""
    names: list[str] = []
    for label in labels:
        name = _tame(label.split("\n")[0])
        while name in names:
            name += "'"
        names.append(name)
    return names


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _tame(text: str) -> str:
    return _UNSAFE.sub("", plain(text, 40)).strip() or "?"


def _quoted(text: str) -> str:
    return f'"{_tame(text)}"'
