"""The picture of a calibration: per endpoint, the smallest rise of p95 that is found, by the length of a run.

Imports matplotlib: import this module late.
"""

from __future__ import annotations

from pathlib import Path

from perfgate.model.calibration import Calibration, Mode, Noise
from perfgate.model.errors import RecordError
from perfgate.model.metric import Unit
from perfgate.report.charts.drawing import DARK, LIGHT, Axes, Figure, Theme, axes, figure, fit, inches_of, png, write
from perfgate.report.escaping import plain
from perfgate.report.terminal.calibration_words import MODES, change, modes, spread
from perfgate.text.units import format_change, format_value

FOLDER = "charts"
METRIC = "p95"
MAX_ROWS = 16
ROW_INCHES = 0.56  # inches of an endpoint
LEFT, BOTTOM, RIGHT, TOP = 2.05, 0.62, 0.30, 0.86  # inches around the plot
MAX_DRAWN_RISE = 1.5  # rises above this are drawn at the edge: nobody wants to hear of so large a limit
SIZES = (34.0, 24.0, 15.0, 9.0)  # of the dots, from now to ten times as long
NUMBER_ROOM_FACTOR = 1.22  # times the largest rise: its number goes beside it
LANE_HEIGHT = 0.17  # of a row, between the two ways to compare


def paint(calibration: Calibration, folder: Path) -> tuple[Path, Path]:
    """calibrate-light.png and calibrate-dark.png in `charts/`. Raises RecordError when they cannot be written."""
    paths = []
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        for theme in (LIGHT, DARK):
            path = folder / FOLDER / f"calibrate-{theme.name}.png"
            path.write_bytes(draw(calibration, theme))
            paths.append(path)
    except OSError as error:
        raise RecordError(f"Cannot write into {folder}: {error.strerror}", code="PG-R002") from error
    return paths[0], paths[1]


def draw(calibration: Calibration, theme: Theme) -> bytes:
    rows = shown(calibration)
    picture = figure(TOP + BOTTOM + ROW_INCHES * len(rows), theme)
    plot = axes(picture, (LEFT, BOTTOM, RIGHT, TOP), theme)
    edge = _edge(calibration, rows)
    _draw_scale(plot, edge, len(rows), theme)
    for row, noise in enumerate(rows):
        _draw_row(plot, row, noise, calibration, edge, theme)
    _draw_limit(plot, calibration, edge, len(rows), theme)
    height = float(picture.get_size_inches()[1])
    title = write(
        picture,
        0.15,
        height - 0.26,
        f"{plain(calibration.name, 40)}: the smallest rise of {rows[0].metric} that is found",
        color=theme.text,
        size=12.5,
        bold=True,
    )
    fit(title, 6.9)
    seconds = format_value(Unit.SECONDS, calibration.duration)
    context = f"four times in five, as {calibration.runs} runs of unchanged code say, {seconds} each"
    write(picture, 0.15, height - 0.50, context, color=theme.muted)
    _draw_legend(picture, calibration, theme)
    return png(picture)


def shown(calibration: Calibration) -> list[Noise]:
    """Returns those of p95, worst first."""
    rows = [item for item in calibration.noise if item.metric == METRIC] or list(calibration.noise)
    return sorted(rows, key=lambda row: -(row.reaches[0].of(calibration.proposal.mode) or 0.0))[:MAX_ROWS]


def _edge(calibration: Calibration, rows: list[Noise]) -> float:
    changes = [reach.of(mode) or 0.0 for row in rows for reach in row.reaches for mode in modes(calibration)]
    limit = calibration.proposal.limits.get(rows[0].metric, 0.0)
    return NUMBER_ROOM_FACTOR * min(MAX_DRAWN_RISE, max(*changes, 1.1 * limit, 0.05))


def _draw_scale(plot: Axes, edge: float, rows: int, theme: Theme) -> None:
    plot.set_xlim(0, edge)
    plot.set_ylim(rows - 0.4, -0.6)
    plot.set_yticks([])
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if edge / step <= 7 or step == 0.5)
    ticks = [number * step for number in range(int(edge / step) + 1)]
    plot.set_xticks(ticks, [format_change(tick) if tick else "0" for tick in ticks])
    plot.grid(axis="x", color=theme.grid, linewidth=0.8)


def _colour(mode: Mode, theme: Theme) -> str:
    return theme.baseline if mode == "history" else theme.good


def _draw_row(plot: Axes, row: int, noise: Noise, calibration: Calibration, edge: float, theme: Theme) -> None:
    name = write(plot, -0.02 * edge, row - 0.1, plain(noise.endpoint, 40), color=theme.text, side="right", size=10)
    fit(name, LEFT - 0.3)
    context = f"varies {spread(noise.between)}" + (f", own {spread(noise.own)}" if noise.own is not None else "")
    fit(write(plot, -0.02 * edge, row + 0.2, context, color=theme.muted, side="right"), LEFT - 0.3)
    both = len(modes(calibration)) > 1
    for number, mode in enumerate(modes(calibration)):
        lane = row + (LANE_HEIGHT * (2 * number - 1) if both else 0.0)
        pairs = [(reach.of(mode), size) for reach, size in zip(noise.reaches, SIZES, strict=False)]
        dots = [(min(reach, MAX_DRAWN_RISE), size) for reach, size in pairs if reach is not None]
        if not dots:
            continue
        colour = _colour(mode, theme)
        plot.plot([dots[0][0], dots[-1][0]], [lane, lane], color=colour, linewidth=1.6, alpha=0.45)
        plot.scatter([x for x, _ in dots], [lane] * len(dots), s=[size for _, size in dots], color=colour, zorder=3)
        first = pairs[0][0]
        if first is not None:
            write(plot, dots[0][0] + 0.018 * edge, lane, change(first), color=colour)


def _draw_limit(plot: Axes, calibration: Calibration, edge: float, rows: int, theme: Theme) -> None:
    limit = calibration.proposal.limits.get(METRIC)
    if limit is None or limit > edge:
        return
    plot.plot([limit, limit], [-0.6, rows - 0.4], color=theme.limit, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    text = f"proposed limit {format_change(limit)}"
    side = "right" if limit > 0.7 * edge else "left"
    shift = -0.01 * edge if side == "right" else 0.01 * edge
    write(plot, limit + shift, -0.52, text, color=theme.limit, side=side)


def _draw_legend(picture: Figure, calibration: Calibration, theme: Theme) -> None:
    """Below the axis: which dot is which."""
    times = [format_value(Unit.SECONDS, reach.duration) for reach in calibration.noise[0].reaches]
    x = 0.15
    for mode in modes(calibration):
        x += inches_of(write(picture, x, 0.17, f"● {MODES[mode]}", color=_colour(mode, theme))) + 0.25
    write(picture, x, 0.17, f"large dot: {times[0]}; smaller ones: {', '.join(times[1:])}", color=theme.muted)
