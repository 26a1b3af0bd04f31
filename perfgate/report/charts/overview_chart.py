"""The overview: a bar per endpoint, its p95 as a share of its limit, so that endpoints of any speed compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfgate.model.outcome import Outcome
from perfgate.report import words
from perfgate.report.charts.drawing import WIDTH_INCHES, Axes, Figure, Theme, axes, figure, fit, write
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts, finite
from perfgate.text.plurals import counted

METRIC = "p95"
MAX_BARS = 30
MAX_BAR_RATIO = 2.0  # times the limit; longer bars are cut off there
MAX_NAME_CHARS = 26  # characters
ROW, LEFT, RIGHT, TOP, BOTTOM = 0.25, 2.35, 1.5, 0.86, 0.15  # inches


@dataclass(frozen=True, kw_only=True)
class Bar:
    name: str
    outcome: Outcome
    share: float  # of the limit
    baseline: float | None  # the same
    numbers: str  # "131 ms of 120 ms"


@dataclass(frozen=True, kw_only=True)
class OverviewPicture:
    title: str
    subtitle: str
    bars: tuple[Bar, ...]  # worst first


def decide(facts: Facts) -> OverviewPicture | None:
    """Returns None when no endpoint has both a measurement and a limit."""
    bars = tuple(_bars(facts))
    if not bars:
        return None
    broken = sum(bar.outcome is Outcome.FAIL for bar in bars)
    shown = bars[:MAX_BARS]
    of = "" if len(shown) == len(bars) else f", the worst {len(shown)} shown"
    count = counted(len(bars), "endpoint")
    return OverviewPicture(
        title=f"{METRIC} of {count} against the limit: {f'{broken} broken' if broken else 'none broken'}",
        subtitle=f"{words.revision(facts.run)}{of}",
        bars=shown,
    )


def _bars(facts: Facts) -> Iterator[Bar]:
    for finding in facts.findings:
        decisive = words.decisive(finding)
        measured = finite(finding.measured)
        if finding.metric != METRIC or decisive is None or measured is None:
            continue
        limit = words.limit_value(decisive, finding.baseline)
        if limit:
            baseline = finite(finding.baseline)
            yield Bar(
                name=plain(finding.endpoint, MAX_NAME_CHARS),
                outcome=finding.outcome,
                share=measured / limit,
                baseline=None if baseline is None else baseline / limit,
                numbers=f"{words.value(METRIC, measured)} of {words.value(METRIC, limit)}",
            )


def draw(picture: OverviewPicture, theme: Theme) -> Figure:
    rows = len(picture.bars)
    height = TOP + rows * ROW + BOTTOM
    canvas = figure(height, theme)
    title = write(canvas, 0.12, height - 0.21, picture.title, color=theme.text, size=11.5, bold=True)
    fit(title, WIDTH_INCHES - 0.24)
    write(canvas, 0.12, height - 0.43, picture.subtitle, color=theme.muted)
    plot = axes(canvas, (LEFT, BOTTOM, RIGHT, TOP), theme)
    plot.set_ylim(rows - 0.5, -0.5)
    plot.set_yticks([])
    longest = max(1.0, *(bar.share for bar in picture.bars), *(bar.baseline or 0.0 for bar in picture.bars))
    plot.set_xlim(0, min(longest, MAX_BAR_RATIO) * 1.02)
    _draw_scale(plot, theme)
    for row, bar in enumerate(picture.bars):
        _draw_bar(plot, row, bar, theme)
    if any(bar.baseline is not None for bar in picture.bars):
        write(canvas, WIDTH_INCHES - 0.15, height - 0.43, "┃ baseline", color=theme.text, side="right")
    return canvas


def _draw_scale(plot: Axes, theme: Theme) -> None:
    shares = [share for share in (0.0, 0.5, 1.0, 1.5, 2.0) if share <= plot.get_xlim()[1]]
    plot.xaxis.tick_top()
    plot.set_xticks(shares, ["limit" if share == 1 else f"{share:.0%}".replace("%", " %") for share in shares])
    plot.grid(axis="x", color=theme.grid, linewidth=0.8)
    plot.axvline(1.0, color=theme.limit, linewidth=1.8, zorder=3, gid="limit")
    limit = plot.get_xticklabels()[shares.index(1.0)]
    limit.set_color(theme.limit)
    limit.set_fontweight("bold")


def _draw_bar(plot: Axes, row: int, bar: Bar, theme: Theme) -> None:
    end = plot.get_xlim()[1]
    inch = end / (WIDTH_INCHES - LEFT - RIGHT)
    color = theme.of(bar.outcome)
    plot.barh(row, min(bar.share, end), height=0.54, color=color, zorder=2)
    if bar.baseline is not None and bar.baseline <= end:
        plot.vlines(bar.baseline, row - 0.42, row + 0.42, color=theme.text, linewidth=1.6, zorder=4)
    write(plot, (0.12 - LEFT) * inch, row, words.MARKS[bar.outcome], color=color, bold=True)
    fit(write(plot, (0.32 - LEFT) * inch, row, bar.name, color=theme.text), LEFT - 0.4)
    cut = " →" if bar.share > end else ""
    text = write(plot, end + 0.1 * inch, row, f"{bar.numbers}{cut}", color=color if cut else theme.text)
    fit(text, RIGHT - 0.15)
