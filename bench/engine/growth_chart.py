"""Draws docs/images/engine-growth*.png from the results of the growth bench: python -m bench.engine.growth_chart"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.engine import results
from bench.engine.tables import calm
from perfgate.report.charts.drawing import (
    DARK,
    LIGHT,
    MIN_FONT_POINTS,
    WIDTH_INCHES,
    Figure,
    Theme,
    axes,
    figure,
    png,
    write,
)

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
HEIGHT = 5.0  # inches
BAR = 0.235  # inches from one bar to the next
TITLES = {
    "processes": "Processes (two share a core with the server)",
    "endpoints": "Endpoints",
    "body": "Size of the body",
    "expectations": "What is asked of an answer",
}
PLACES = {"processes": (0.2, 0.95), "endpoints": (0.2, 2.05), "body": (0.2, 3.6), "expectations": (3.8, 0.95)}
LABEL = {0.2: 0.62, 3.8: 1.45}  # room for the labels on the left, by column, in inches


def main() -> None:
    content = results.read("growth")
    for theme, name in ((LIGHT, "engine-growth.png"), (DARK, "engine-growth-dark.png")):
        (IMAGES / name).write_bytes(png(draw(content, theme)))


def draw(content: dict[str, Any], theme: Theme) -> Figure:
    canvas = figure(HEIGHT, theme)
    write(canvas, 0.2, HEIGHT - 0.22, "Requests per second from one core", color=theme.text, size=11.5, bold=True)
    settings = content["settings"]
    subtitle = f"perfgate against nginx, {settings['users']} users in a closed loop; median of calm rounds"
    write(canvas, 0.2, HEIGHT - 0.45, subtitle, color=theme.muted)
    rates = _rates(content["cells"])
    most = max(rate for bars in rates.values() for _, rate in bars)
    for panel, bars in rates.items():
        _panel(canvas, panel, bars, most, theme)
    return canvas


def _rates(cells: dict[str, list[dict[str, Any]]]) -> dict[str, list[tuple[str, float]]]:
    """Per panel: labels and medians."""
    rates: dict[str, list[tuple[str, float]]] = {}
    for name, several in cells.items():
        panel, _, label = name.partition(": ")
        quiet = calm(several)
        if quiet:
            median = statistics.median(one["requests"] / one["seconds"] for one in quiet)
            rates.setdefault(panel, []).append((label, median))
    return rates


def _panel(canvas: Figure, panel: str, bars: Sequence[tuple[str, float]], most: float, theme: Theme) -> None:
    left, top = PLACES[panel]
    write(canvas, left, HEIGHT - top + 0.14, TITLES[panel], color=theme.text, bold=True)
    height = BAR * len(bars)
    width = WIDTH_INCHES / 2 - 0.35 - LABEL[left] - 0.55
    right = WIDTH_INCHES - left - LABEL[left] - width
    plot = axes(canvas, (left + LABEL[left], HEIGHT - top - height, right, top), theme)
    places = [-at for at in range(len(bars))]
    plot.barh(places, [rate for _, rate in bars], height=0.62, color=theme.baseline, linewidth=0)
    plot.set_xlim(0, most)
    plot.set_ylim(-len(bars) + 0.5, 0.5)
    plot.set_xticks([])
    plot.set_yticks(places, [label for label, _ in bars])
    for at, (_, rate) in zip(places, bars, strict=True):
        write(plot, rate + most * 0.02, at, f"{rate:,.0f}", color=theme.text, size=MIN_FONT_POINTS)


if __name__ == "__main__":
    main()
