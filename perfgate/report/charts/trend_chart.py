"""Draws a `TrendPicture`: one metric of one endpoint over the runs, with its limit and its baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from perfgate.report.charts.drawing import WIDTH_INCHES, Axes, Figure, Theme, axes, figure, fit, write
from perfgate.report.charts.trend_picture import TrendPicture
from perfgate.report.escaping import plain
from perfgate.report.words import MARKS

HEIGHT_INCHES = 3.2  # inches
LEFT, BOTTOM, RIGHT, TOP = 0.62, 0.52, 1.42, 0.84
LINE = 13.5 / 72 / (HEIGHT_INCHES - BOTTOM - TOP)  # height of a line of text as a share of the plot
MAX_LABELS = 7  # of runs below the axis
MAX_DOTTED_RUNS = 60  # runs; above, earlier ones are a line without dots
MAX_REASON_CHARS = 32  # characters beside a mark
CHARACTER_INCHES = 0.075  # inches, about
WIDTH_OF_PLOT = WIDTH_INCHES - LEFT - RIGHT


def draw(picture: TrendPicture, theme: Theme) -> Figure:
    canvas = figure(HEIGHT_INCHES, theme)
    _draw_head(canvas, picture, theme)
    plot = axes(canvas, (LEFT, BOTTOM, RIGHT, TOP), theme)
    _draw_scales(canvas, plot, picture, theme)
    _draw_changes(plot, picture, theme)
    _draw_levels(plot, picture, theme)
    _draw_earlier_runs(plot, picture, theme)
    _draw_marks(plot, picture, theme)
    _draw_this_run(plot, picture, theme)
    _write_right_labels(plot, picture, theme)
    return canvas


def _draw_head(canvas: Figure, picture: TrendPicture, theme: Theme) -> None:
    color = theme.of(picture.outcome)
    write(canvas, 0.12, HEIGHT_INCHES - 0.21, MARKS[picture.outcome], color=color, size=12, bold=True)
    title = write(canvas, 0.32, HEIGHT_INCHES - 0.21, picture.title, color=theme.text, size=11.5, bold=True)
    fit(title, WIDTH_INCHES - 0.42, keep=picture.numbers)
    subtitle = write(canvas, 0.32, HEIGHT_INCHES - 0.43, picture.subtitle, color=theme.muted)
    fit(subtitle, WIDTH_INCHES - 0.42, keep="".join(picture.subtitle.rpartition("  ·  ")[1:]))


def _draw_scales(canvas: Figure, plot: Axes, picture: TrendPicture, theme: Theme) -> None:
    last = len(picture.values) - 1
    room = max(last, 1)
    plot.set_xlim(-0.04 * room, last + 0.03 * room)
    plot.set_ylim(picture.bottom, picture.top)
    plot.locator_params(axis="y", nbins=5)
    plot.yaxis.set_major_formatter("{x:,g}")
    plot.grid(axis="y", color=theme.grid, linewidth=0.8)
    write(canvas, 0.12, HEIGHT_INCHES - TOP + 0.17, picture.axis, color=theme.muted)
    places = _places(last)
    plot.set_xticks(places, [picture.labels[at] for at in places])
    for at, label in zip(places, plot.get_xticklabels(), strict=True):
        label.set_parse_math(False)
        label.set_linespacing(1.25)
        if at == last:
            label.set_color(theme.text)
            label.set_fontweight("bold")


def _places(last: int) -> list[int]:
    """Which runs are labelled: this one, and back from it in equal steps."""
    step = max(1, -(-last // (MAX_LABELS - 1)))
    return sorted(range(last, -1, -step))


def _draw_levels(plot: Axes, picture: TrendPicture, theme: Theme) -> None:
    last = len(picture.values) - 1
    edge = plot.get_xlim()[1]
    if picture.band:
        band = picture.band
        plot.fill_between((band.first - 0.4, edge), band.low, band.high, color=theme.baseline, alpha=0.16, linewidth=0)
    for level in picture.levels:
        if level.value > picture.top:
            continue
        if level.kind == "baseline":
            start = picture.band.first - 0.4 if picture.band else last - 0.5
            plot.plot(
                (start, edge), (level.value,) * 2, color=theme.baseline, linewidth=1.2, dashes=(4, 2), gid="baseline"
            )
        else:
            width = 1.8 if level.kind == "limit" else 0.9
            plot.axhline(level.value, color=theme.limit, linewidth=width, gid=level.kind)


def _draw_changes(plot: Axes, picture: TrendPicture, theme: Theme) -> None:
    """Where a level begins: a thin line between the runs, the commit over it."""
    for at, commit in picture.changed.items():
        plot.axvline(at - 0.5, color=theme.muted, linewidth=0.8, dashes=(1, 2), zorder=1, gid="changed")
        label = write(plot, at - 0.5, 1 + 0.35 * LINE, commit, color=theme.muted, size=8.5, side="center")
        label.set_transform(plot.get_xaxis_transform())


def _draw_earlier_runs(plot: Axes, picture: TrendPicture, theme: Theme) -> None:
    values = [value if value <= picture.top else nan for value in picture.values]
    dots = "o" if len(values) <= MAX_DOTTED_RUNS else ""
    plot.plot(
        range(len(values)),
        values,
        color=theme.series,
        linewidth=1.1,
        marker=dots,
        markersize=4,
        clip_on=False,
        gid="runs",
    )


def _draw_marks(plot: Axes, picture: TrendPicture, theme: Theme) -> None:
    """Failed and accepted runs, and values beyond the top, by shape and colour; the newest of each kind by name."""
    earlier = range(len(picture.values) - 1)
    failed = [at for at in earlier if at in picture.failed]
    accepted = [at for at in earlier if at in picture.accepted]
    rest = [at for at in earlier if at in picture.cut_off and at not in picture.failed and at not in picture.accepted]
    kinds = (
        (failed, "failed", "X", theme.bad),
        (accepted, "accepted", "D", theme.accepted),
        (rest, "", "^", theme.series),
    )
    for runs, name, marker, color in kinds:
        shown = [at for at in runs if isfinite(picture.values[at])]
        if not shown:
            continue
        heights = [min(picture.values[at], picture.top) for at in shown]
        plot.plot(
            shown,
            heights,
            linestyle="none",
            marker=marker,
            markersize=8 if marker == "X" else 6.5,
            color=color,
            markeredgecolor=theme.background,
            markeredgewidth=0.8,
            clip_on=False,
            zorder=4,
            gid=name or "cut off",
        )
        newest = shown[-1]
        if name == "accepted":
            name = f"accepted: {plain(picture.accepted[newest], MAX_REASON_CHARS)}"
        beyond = f"{picture.cut_off[newest]} ↑" if newest in picture.cut_off else ""
        _write_beside(plot, picture, newest, " ".join(filter(None, (name, beyond))), color, theme)


def _write_beside(plot: Axes, picture: TrendPicture, at: int, text: str, color: str, theme: Theme) -> None:
    """Names a marker above it or, where a line is in the way, below it; at its side near the top."""
    left, right = plot.get_xlim()
    span = picture.top - picture.bottom
    across = (at - left) / (right - left)
    height = (min(picture.values[at], picture.top) - picture.bottom) / span
    wide = len(text) * CHARACTER_INCHES / WIDTH_OF_PLOT
    lines = [(level.value - picture.bottom) / span for level in picture.levels]
    crossed = any(abs(line - height - LINE) < 0.6 * LINE for line in lines)
    if height > 0.8 or crossed:
        step = 0.09 / WIDTH_OF_PLOT * (right - left)
        side, x = ("left", at + step) if across < min(0.7, 1 - wide) else ("right", at - step)
        place = height if height > 0.8 else height - LINE
    else:
        half = max(0.12, wide / 2)
        side, x = "left" if across < half else "right" if across > 1 - half else "center", float(at)
        place = height + LINE
    label = write(plot, x, picture.bottom + place * span, text, color=color, side=side)
    label.set_bbox({"facecolor": theme.background, "edgecolor": "none", "alpha": 0.75, "pad": 0.8})
    label.set_zorder(5)


def _draw_this_run(plot: Axes, picture: TrendPicture, theme: Theme) -> None:
    last = len(picture.values) - 1
    if isfinite(picture.values[last]):
        marker = "X" if last in picture.failed else "o"
        plot.plot(
            [last],
            [picture.values[last]],
            marker=marker,
            markersize=11 if marker == "X" else 9,
            color=theme.of(picture.outcome),
            markeredgecolor=theme.background,
            markeredgewidth=1.0,
            clip_on=False,
            zorder=6,
            gid="this run",
        )


@dataclass(frozen=True, kw_only=True)
class _MarkLabel:
    """`height` is the share of the plot's height at which its line or point lies."""

    height: float
    text: str
    color: str
    bold: bool = False


def _write_right_labels(plot: Axes, picture: TrendPicture, theme: Theme) -> None:
    """Every line is named where it ends; names that would overlap are moved apart and tied to their lines."""
    labels = sorted(_names(picture, theme), key=lambda label: label.height)
    places = spread([label.height for label in labels], LINE)
    across = plot.get_yaxis_transform()
    right = plot.get_xlim()[1]
    for label, place in zip(labels, places, strict=True):
        plot.plot(
            (1.0, 1 + 0.09 / WIDTH_OF_PLOT),
            [picture.bottom + h * (picture.top - picture.bottom) for h in (label.height, place)],
            transform=across,
            color=label.color,
            linewidth=0.8,
            clip_on=False,
        )
        text = write(plot, right, place, label.text, color=label.color, size=9.5, bold=label.bold)
        text.set_transform(plot.transAxes)
        text.set_x(1 + 0.12 / WIDTH_OF_PLOT)


def _names(picture: TrendPicture, theme: Theme) -> list[_MarkLabel]:
    span = picture.top - picture.bottom
    names = []
    for level in picture.levels:
        beyond = level.value > picture.top
        height = 1.0 if beyond else (level.value - picture.bottom) / span
        color = theme.baseline if level.kind == "baseline" else theme.limit
        names.append(_MarkLabel(height=height, text=f"{level.text}{' ↑' if beyond else ''}", color=color))
    last = picture.values[-1]
    height = (last - picture.bottom) / span if isfinite(last) else 0.0
    names.append(_MarkLabel(height=height, text=picture.this, color=theme.of(picture.outcome), bold=True))
    return names


def spread(expected: Sequence[float], gap: float) -> list[float]:
    """The places nearest to `wanted` (ascending, 0 to 1) that are at least `gap` apart and within 0 to 1.

    Isotonic least squares by pooling adjacent violators, on the places less the room that the ones below take.
    """
    pools: list[list[float]] = []
    for at, place in enumerate(expected):
        pools.append([place - at * gap])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    highest = 1.0 - (len(expected) - 1) * gap
    bare = [min(max(_mean(pool), 0.0), highest) for pool in pools for _ in pool]
    return [place + at * gap for at, place in enumerate(bare)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
