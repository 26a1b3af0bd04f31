"""The only door to matplotlib: canvases, the colours of light and dark pages, and PNG bytes.

Figures are made by the object API on the Agg canvas: no pyplot, no display, nothing global. Import this module late:
it takes half a second.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import PIL.Image
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from perfgate.model.outcome import Outcome
from perfgate.report.escaping import shorten

__all__ = [
    "DARK",
    "LIGHT",
    "MIN_FONT_POINTS",
    "WIDTH_INCHES",
    "Axes",
    "Figure",
    "Theme",
    "axes",
    "figure",
    "fit",
    "inches_of",
    "png",
    "small",
    "write",
]

WIDTH_INCHES = 7.2  # inches: shown 720 pixels wide, so that a point is a point of the page
DOTS_PER_INCH = 200  # dots per inch: twice what is shown
MAX_COLOURS = 64  # of a small picture: enough for smooth letters in a handful of colours
MIN_FONT_POINTS = 9.0  # points, the smallest text
_FONT = "DejaVu Sans"  # comes with matplotlib: the same picture on every machine


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours on GitHub's and GitLab's pages."""

    name: str
    background: str
    text: str
    muted: str
    grid: str
    series: str
    baseline: str
    limit: str
    bad: str
    doubtful: str
    good: str
    accepted: str

    def of(self, outcome: Outcome) -> str:
        if outcome in (Outcome.FAIL, Outcome.NO_DATA):
            return self.bad
        if outcome in (Outcome.PASS, Outcome.IMPROVED):
            return self.good
        return self.baseline if outcome is Outcome.NO_BASELINE else self.doubtful


LIGHT = Theme(
    name="light",
    background="#ffffff",
    text="#1f2328",
    muted="#59636e",
    grid="#e4e8ec",
    series="#6e7781",
    baseline="#0969da",
    limit="#bc4c00",
    bad="#cf222e",
    doubtful="#9a6700",
    good="#1a7f37",
    accepted="#8250df",
)
DARK = Theme(
    name="dark",
    background="#0d1117",
    text="#e6edf3",
    muted="#9198a1",
    grid="#232a33",
    series="#8b949e",
    baseline="#58a6ff",
    limit="#f0883e",
    bad="#ff6a62",
    doubtful="#d29922",
    good="#3fb950",
    accepted="#bc8cff",
)


def figure(height: float, theme: Theme) -> Figure:
    """An empty picture of the full width; `height` in inches."""
    picture = Figure(figsize=(WIDTH_INCHES, height), dpi=DOTS_PER_INCH, facecolor=theme.background)
    FigureCanvasAgg(picture)
    return picture


def axes(picture: Figure, box: tuple[float, float, float, float], theme: Theme) -> Axes:
    """A plot without a frame; `box` is its distance in inches from the left, bottom, right and top."""
    width, height = picture.get_size_inches()
    left, bottom, right, top = box
    plot = picture.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height),
        facecolor=theme.background,
    )
    for spine in plot.spines.values():
        spine.set_visible(False)
    plot.set_axisbelow(True)
    plot.tick_params(length=0, pad=5, labelsize=MIN_FONT_POINTS, labelcolor=theme.muted, labelfontfamily=_FONT)
    return plot


def write(
    where: Figure | Axes,
    x: float,
    y: float,
    text: str,
    *,
    color: str,
    size: float = MIN_FONT_POINTS,
    bold: bool = False,
    side: str = "left",
    level: str = "center",
) -> Text:
    """Text as it is: a `$` in a name never becomes a formula. A figure counts in inches, axes in data coordinates."""
    if isinstance(where, Figure):
        width, height = where.get_size_inches()
        x, y = x / width, y / height
    return where.text(
        x,
        y,
        text,
        color=color,
        fontsize=size,
        fontweight="bold" if bold else "normal",
        fontfamily=_FONT,
        horizontalalignment=side,
        verticalalignment=level,
        parse_math=False,
    )


def fit(text: Text, inches: float, keep: str = "") -> None:
    """Makes the text so wide at most: smaller down to the smallest size, then shorter, but for `keep` at its end."""
    wide = inches_of(text)
    if wide > inches:
        text.set_fontsize(max(MIN_FONT_POINTS, float(text.get_fontsize()) * inches / wide))
    name = text.get_text().removesuffix(keep)
    length = len(name)
    while inches_of(text) > inches and length > 1:
        length -= 1
        text.set_text(shorten(name, length) + keep)


def inches_of(text: Text) -> float:
    """In inches."""
    with _any_script():
        return text.get_window_extent().width / DOTS_PER_INCH


def png(picture: Figure) -> bytes:
    return _encode(picture, "png", {"Software": None})


def small(picture: bytes) -> bytes:
    """A PNG with few colours: a third or less of the size, for those that stay in a repository."""
    sink = BytesIO()
    with PIL.Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(MAX_COLOURS).save(sink, "PNG", optimize=True)
    return sink.getvalue()


def svg(picture: Figure) -> bytes:
    return _encode(picture, "svg", {"Date": None})


def _encode(picture: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    sink = BytesIO()
    with _any_script():
        picture.savefig(sink, format=kind, metadata=metadata)
    return sink.getvalue()


@contextmanager
def _any_script() -> Iterator[None]:
    """Names may be in any script: an empty box for a character that the font has not is no fault to complain of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        yield
