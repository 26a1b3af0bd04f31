"""Which charts a report has, drawn into `charts/` of the run folder, and the picture of `perfgate trend`.

Imports matplotlib: import this module late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from perfgate.model.budget_file import Budget
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.outcome import Outcome
from perfgate.model.report import Chart, Drawing
from perfgate.model.run import PastRun
from perfgate.model.verdict import Finding
from perfgate.report.charts import history_trend, overview_chart, trend_chart, trend_picture
from perfgate.report.charts.drawing import DARK, LIGHT, Figure, Theme, png, small, svg
from perfgate.report.escaping import plain, slug
from perfgate.report.facts import Facts

FOLDER = "charts"
MAX_TRENDS = 10
METRIC = "p95"  # drawn of endpoints where nothing is the matter

_FAULTS = (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def write_charts(facts: Facts, folder: Path) -> tuple[tuple[Chart, ...], tuple[str, ...]]:
    """The charts, and a warning for each that could not be drawn: one that fails does not take the others along."""
    charts, warnings = [], []
    for name, paint in _chart_blocks(facts):
        try:
            charts.append(paint(folder / FOLDER))
        except _FAULTS as error:
            warnings.append(_fault(name, error))
    return tuple(chart for chart in charts if chart), tuple(warnings)


def draw(facts: Facts, findings: Sequence[Finding]) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Small ones, one per finding, and a warning for each that could not be drawn."""
    drawings, warnings = [], []
    for finding in findings:
        try:
            drawings.append(_draw(facts, finding))
        except _FAULTS as error:
            warnings.append(_fault(_title(finding), error))
    return tuple(drawings), tuple(warnings)


def _draw(facts: Facts, finding: Finding) -> Drawing:
    picture = trend_picture.decide(facts, finding)
    return Drawing(
        endpoint=finding.endpoint,
        metric=finding.metric,
        text=picture.title,
        name=_name(finding),
        light=small(png(trend_chart.draw(picture, LIGHT))),
        dark=small(png(trend_chart.draw(picture, DARK))),
    )


def _fault(name: str, error: Exception) -> str:
    return f"The chart of {name} could not be drawn: {type(error).__name__}: {plain(str(error), 200)}"


def _title(finding: Finding) -> str:
    return f"{plain(finding.endpoint, 60)} {plain(finding.metric, 40)}"


def _name(finding: Finding) -> str:
    return f"{slug(finding.endpoint)}-{slug(finding.metric)}"


def _chart_blocks(facts: Facts) -> Iterator[tuple[str, Callable[[Path], Chart | None]]]:
    yield "all endpoints", lambda folder: _overview(facts, folder)
    for finding in trends(facts):
        yield _title(finding), _painter(facts, finding)


def draw_trend(
    past_runs: Sequence[PastRun], endpoint: str, metric: str, output: Path, *, budget: Budget | None, dark: bool
) -> None:
    """One metric over the remembered runs (newest first) as a .png or .svg, with the budget's absolute limits.

    Raises UsageError for another kind of picture, RecordError when it cannot be written.
    """
    kinds = {".png": png, ".svg": svg}
    save = kinds.get(output.suffix.lower())
    if save is None:
        raise UsageError(f"{output}: no such kind of picture", hint=f"Known: {', '.join(kinds)}", code="PG-U002")
    picture = history_trend.picture(past_runs, endpoint, metric, budget)
    try:
        output.write_bytes(save(trend_chart.draw(picture, DARK if dark else LIGHT)))
    except OSError as error:
        raise RecordError(f"Cannot write {output}: {error.strerror}", code="PG-R002") from error


def trends(facts: Facts) -> list[Finding]:
    """One finding per endpoint, worst first: its worst, or p95 where all are kept."""
    chosen: dict[str, Finding] = {}
    for finding in facts.findings:
        first = chosen.setdefault(finding.endpoint, finding)
        if first.outcome is Outcome.PASS and first.metric != METRIC and finding.metric == METRIC:
            chosen[finding.endpoint] = finding
    return list(chosen.values())[:MAX_TRENDS]


def _painter(facts: Facts, finding: Finding) -> Callable[[Path], Chart]:
    def paint(folder: Path) -> Chart:
        picture = trend_picture.decide(facts, finding)
        light, dark = _save(folder, _name(finding), lambda theme: trend_chart.draw(picture, theme))
        return Chart(endpoint=finding.endpoint, outcome=finding.outcome, text=picture.title, light=light, dark=dark)

    return paint


def _overview(facts: Facts, folder: Path) -> Chart | None:
    picture = overview_chart.decide(facts)
    if picture is None:
        return None
    light, dark = _save(folder, "overview", lambda theme: overview_chart.draw(picture, theme))
    return Chart(endpoint="", outcome=facts.verdict.outcome, text=picture.title, light=light, dark=dark)


def _save(folder: Path, name: str, draw: Callable[[Theme], Figure]) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    light, dark = folder / f"{name}-light.png", folder / f"{name}-dark.png"
    light.write_bytes(png(draw(LIGHT)))
    dark.write_bytes(png(draw(DARK)))
    return light, dark
