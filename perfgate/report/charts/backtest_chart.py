"""The picture of a backtest: every build under tighter and looser limits, and the regressions that are known.

Imports matplotlib: import this module late.
"""

from __future__ import annotations

from pathlib import Path

from perfgate.model.backtest import Backtest, Regression, Step
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.outcome import Outcome
from perfgate.report.charts.drawing import (
    DARK,
    LIGHT,
    WIDTH_INCHES,
    Axes,
    Figure,
    Theme,
    axes,
    figure,
    fit,
    inches_of,
    png,
    svg,
    write,
)
from perfgate.report.escaping import plain
from perfgate.report.terminal.backtest_words import counted, factor_of, subject
from perfgate.report.words import day

ROW_INCHES = 0.36  # inches of a step
LEFT, BOTTOM, RIGHT, TOP = 1.05, 0.74, 1.55, 0.98  # inches around the plot
GAP = 0.12  # of a cell, between cells
PASSED_OPACITY = 0.28  # opacity of what passed: what failed should stand out
MAX_LABELS = 5  # of known regressions, above their builds
LEGEND = (
    (Outcome.FAIL, "would fail"),
    (Outcome.INCONCLUSIVE, "undecided"),
    (Outcome.PASS, "would pass"),
    (Outcome.NO_BASELINE, "no baseline yet"),
)


def save(backtest: Backtest, output: Path, *, dark: bool) -> None:
    """A .png or .svg. Raises UsageError for another kind of picture, RecordError when it cannot be written."""
    kinds = {".png": png, ".svg": svg}
    kind = kinds.get(output.suffix.lower())
    if kind is None:
        raise UsageError(f"{output}: no such kind of picture", hint=f"Known: {', '.join(kinds)}", code="PG-U002")
    try:
        output.write_bytes(kind(draw(backtest, DARK if dark else LIGHT)))
    except OSError as error:
        raise RecordError(f"Cannot write {output}: {error.strerror}", code="PG-R002") from error


def draw(backtest: Backtest, theme: Theme) -> Figure:
    steps = backtest.steps or (_as_is(backtest),)
    height = TOP + BOTTOM + ROW_INCHES * len(steps)
    picture = figure(height, theme)
    title = write(picture, 0.15, height - 0.24, subject(backtest), color=theme.text, size=12, bold=True)
    fit(title, WIDTH_INCHES - 0.3)
    context = f"{counted(backtest)}; below, under tighter and looser relative limits"
    fit(write(picture, 0.15, height - 0.48, context, color=theme.muted), WIDTH_INCHES - 0.3)
    plot = axes(picture, (LEFT, BOTTOM, RIGHT, TOP), theme)
    plot.set_xlim(-0.5, len(backtest.builds) - 0.5)
    plot.set_ylim(len(steps) - 0.5, -0.5)
    plot.set_xticks([])
    plot.set_yticks([])
    for row, step in enumerate(steps):
        _draw_row(plot, row, step, theme)
    _mark_regressions(plot, backtest, theme)
    _write_dates(plot, backtest, len(steps), theme)
    _draw_legend(picture, backtest, theme)
    return picture


def _as_is(backtest: Backtest) -> Step:
    outcomes = tuple(build.outcome for build in backtest.builds)
    failed, undecided = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.INCONCLUSIVE)
    unknown = outcomes.count(Outcome.NO_BASELINE) + outcomes.count(Outcome.NO_DATA)
    passed = len(outcomes) - failed - undecided - unknown
    return Step(
        factor=1.0,
        limit="",
        outcomes=outcomes,
        failed=failed,
        undecided=undecided,
        passed=passed,
        unknown=unknown,
        undecided_budgets=sum(build.undecided for build in backtest.builds),
    )


def _draw_row(plot: Axes, row: int, step: Step, theme: Theme) -> None:
    is_now = step.factor == 1
    strong = theme.text if is_now else theme.muted
    label = plain(step.limit, 14) if step.limit else "as they are" if is_now else f"limits {factor_of(step.factor)}"
    write(plot, -0.9, row, label, color=strong, side="right", size=9.5, bold=is_now)
    for at, outcome in enumerate(step.outcomes):
        clear = outcome in (Outcome.FAIL, Outcome.NO_DATA, Outcome.INCONCLUSIVE)
        plot.bar(
            at,
            1 - 1.6 * GAP,
            width=1 - GAP,
            bottom=row - 0.5 + 0.8 * GAP,
            color=theme.grid if outcome is Outcome.NO_BASELINE else _colour(outcome, theme),
            alpha=1.0 if clear or outcome is Outcome.NO_BASELINE else PASSED_OPACITY,
            linewidth=0,
        )
    context = f"{step.failed} fail" + (f" · {step.undecided} undecided" if step.undecided else "")
    write(plot, len(step.outcomes) - 0.2, row, context, color=strong, size=9.5, bold=is_now)


def _colour(outcome: Outcome, theme: Theme) -> str:
    return theme.good if outcome is Outcome.WARN else theme.of(outcome)


def _mark_regressions(plot: Axes, backtest: Backtest, theme: Theme) -> None:
    """Marks above the builds; the names beside them, as far as there is room."""
    places = {build.run: at for at, build in enumerate(backtest.builds)}
    first: dict[int, Regression] = {}
    for regression in backtest.regressions:
        first.setdefault(places[regression.run], regression)
    edge = -1.0
    for number, (at, item) in enumerate(sorted(first.items())):
        colour = theme.accepted if item.accepted else theme.limit
        write(plot, at, -0.72, "▼", color=colour, side="center", size=8)
        if number >= MAX_LABELS:
            continue
        others = sum(places[other.run] == at for other in backtest.regressions) - 1
        name = plain(f"{item.endpoint or 'everything'} {item.metric}".strip(), 22) + (f" +{others}" if others else "")
        text = write(plot, at, -1.18, name, color=colour, side="center", size=9)
        half = inches_of(text) / 2 / (WIDTH_INCHES - LEFT - RIGHT) * len(backtest.builds)
        if at - half < edge:
            text.remove()
        else:
            edge = at + half + 0.3


def _write_dates(plot: Axes, backtest: Backtest, rows: int, theme: Theme) -> None:
    last = len(backtest.builds) - 1
    for at, side in ((0, "left"), (last, "right")) if last else ((0, "left"),):
        build = backtest.builds[at]
        commit = f" · {plain(build.commit, 60)[:7]}" if build.commit else ""
        write(
            plot,
            at - 0.45 if side == "left" else at + 0.45,
            rows - 0.18,
            day(build.started) + commit,
            color=theme.muted,
            side=side,
        )


def _draw_legend(picture: Figure, backtest: Backtest, theme: Theme) -> None:
    x = 0.15
    for outcome, what in LEGEND:
        colour = theme.series if outcome is Outcome.NO_BASELINE else _colour(outcome, theme)
        x += inches_of(write(picture, x, 0.2, f"■ {what}", color=colour)) + 0.22
    for is_accepted, what in ((True, "accepted regression"), (False, "failed then")):
        if any(regression.accepted is is_accepted for regression in backtest.regressions):
            colour = theme.accepted if is_accepted else theme.limit
            x += inches_of(write(picture, x, 0.2, f"▼ {what}", color=colour)) + 0.22
