"""A backtest told: on the terminal and in Markdown, the same tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from perfgate.model.backtest import Backtest, Breach, BudgetRecord, Build, Regression, Step
from perfgate.model.metric import Unit, metric_of
from perfgate.model.outcome import Outcome
from perfgate.report import words
from perfgate.report.escaping import plain, prose
from perfgate.report.terminal.finding_table import MAX_NAME_CHARS, STYLES, grid
from perfgate.text import plurals
from perfgate.text.plurals import and_more
from perfgate.text.units import format_difference

MAX_NAMED_BUDGETS = 3  # broken budgets of a build
FOUND = {
    Outcome.FAIL: "found",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.NO_BASELINE: "not compared",
    Outcome.NO_DATA: "not measured",
}
MISSED = "missed"
WHOLE = "everything"
FAILED_COLUMN = 3  # the column of a budget's failures

Cell = tuple[str, Outcome | None]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table: title, columns (heading, "left" or "right"), and rows of texts with the outcome that colours them."""

    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def show(backtest: Backtest, console: Console, *, accepted: bool) -> None:
    console.print(Text(headline(backtest), style="bold"))
    for line in lines(backtest, accepted=accepted):
        console.print(Text(line))
    for item in grids(backtest, accepted=accepted):
        console.print()
        console.print(Text(item.title, style="bold"))
        table = grid(*item.columns)
        for row in item.rows:
            table.add_row(*(Text(plain(text, MAX_NAME_CHARS), style=STYLES[of] if of else "") for text, of in row))
        console.print(table)


def markdown(backtest: Backtest, *, accepted: bool) -> str:
    parts = [f"**{prose(headline(backtest))}**", *(prose(line) for line in lines(backtest, accepted=accepted))]
    for item in grids(backtest, accepted=accepted):
        heads = [heading for heading, _ in item.columns]
        sides = ["--:" if side == "right" else "---" for _, side in item.columns]
        rows = [[prose(text) for text, _ in row] for row in item.rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, sides, *rows))
        parts.append(f"### {item.title}\n\n{table}")
    return "\n\n".join(parts) + "\n"


def headline(backtest: Backtest) -> str:
    """ "shop: 30 builds judged again: 3 would have failed, 21 passed, 1 undecided"."""
    return f"{subject(backtest)}: {counted(backtest)}"


def subject(backtest: Backtest) -> str:
    return f"{plain(backtest.name, 60)}: {plurals.counted(len(backtest.builds), 'build')} judged again"


def counted(backtest: Backtest) -> str:
    outcomes = [build.outcome for build in backtest.builds]
    failed, undecided = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.INCONCLUSIVE)
    without, broken = outcomes.count(Outcome.NO_BASELINE), outcomes.count(Outcome.NO_DATA)
    passed = len(outcomes) - failed - undecided - without - broken
    others = ((undecided, "undecided"), (without, "without a baseline"), (broken, "without data"))
    rest = "".join(f", {count} {what}" for count, what in others if count)
    return f"{failed} would have failed, {passed} passed{rest}"


def lines(backtest: Backtest, *, accepted: bool) -> Iterator[str]:
    of_branch = f" of {plain(backtest.branch, 40)}" if backtest.branch else ""
    yield f"By the budgets as they are now, each beside the runs{of_branch} before it. No load was sent."
    if backtest.regressions:
        failed = sum(regression.outcome is Outcome.FAIL for regression in backtest.regressions)
        more = "" if accepted else "; `--accepted` lists them"
        counted = f"{failed} of {len(backtest.regressions)} found{more}."
        yield f"Known regressions (accepted, or failed when they were measured): {counted}"
    elif accepted:
        yield "No known regressions: nothing was accepted, and nothing failed when it was measured."


def grids(backtest: Backtest, *, accepted: bool) -> Iterator[Grid]:
    if broken := [build for build in backtest.builds if build.breaches]:
        yield Grid(
            title="Builds that would have failed",
            columns=_columns("build, commit, then, would have failed"),
            rows=tuple(_build_row(build) for build in broken),
        )
    if accepted and backtest.regressions:
        yield Grid(
            title="Known regressions",
            columns=_columns("build, commit, what", "change", "now, limits, accepted"),
            rows=tuple(_regression_row(regression, backtest) for regression in backtest.regressions),
        )
    if backtest.steps:
        yield _ladder(backtest)
    yield Grid(
        title="Builds by budget (detectable: the median of what they could have shown)",
        columns=_columns("endpoint, metric, limit", "failed, undecided, kept, not compared, detectable"),
        rows=tuple(_budget_row(budget) for budget in backtest.budgets),
    )


def _columns(*headings: str) -> tuple[tuple[str, str], ...]:
    """Headings at the left, then some at the right, and so on in turn."""
    sides = ("left", "right", "left")
    return tuple((heading, side) for side, some in zip(sides, headings, strict=False) for heading in some.split(", "))


def _build_row(build: Build) -> tuple[Cell, ...]:
    context = ", ".join(_breach(breach) for breach in build.breaches[:MAX_NAMED_BUDGETS])
    rest = and_more(len(build.breaches), MAX_NAMED_BUDGETS)
    then = (f"{words.MARKS[build.then]} {words.word(build.then)}", build.then)
    return (
        (f"{_when(build.started)} {build.run}", None),
        (build.commit[:7] or words.NOTHING, None),
        then,
        (context + rest, None),
    )


def _breach(item: Breach) -> str:
    """ "search p95 41 ms, +42 % (limit +10%)"."""
    change = "" if item.change is None else f", {words.change(item.change)}"
    return f"{item.endpoint} {item.metric} {words.value(item.metric, item.measured)}{change} (limit {item.limit})"


def _regression_row(item: Regression, backtest: Backtest) -> tuple[Cell, ...]:
    what = f"{item.endpoint or WHOLE} {item.metric}".strip()
    now = (FOUND.get(item.outcome, MISSED), item.outcome if item.outcome in FOUND else Outcome.WARN)
    factors = f"up to {factor_of(max(item.factors))}" if item.factors else "with none"
    steps = factors if backtest.steps else words.NOTHING
    why = (item.reason or "yes") if item.accepted else "no"
    build = f"{_when(item.started)} {item.run}"
    first = (build, None), (item.commit[:7] or words.NOTHING, None), (what, None), (words.change(item.change), None)
    return (*first, now, (steps, None), (why, None))


def factor_of(factor: float) -> str:
    return f"x{factor:g}"


def limits_of(step: Step) -> str:
    """ "x0.5: +7.5%", or "x0.5" where limits differ."""
    return f"{factor_of(step.factor)}: {plain(step.limit, 20)}" if step.limit else factor_of(step.factor)


def _ladder(backtest: Backtest) -> Grid:
    numbers_of = "fail, pass, undecided, undecided budgets, known found"
    rows = []
    for step in backtest.steps:
        known = [regression for regression in backtest.regressions if step.factor in regression.factors]
        as_is = " (now)" if step.factor == 1 else ""
        numbers = (step.failed, step.passed, step.undecided, step.undecided_budgets)
        share = f"{len(known)} of {len(backtest.regressions)}" if backtest.regressions else words.NOTHING
        cells = (limits_of(step) + as_is, *map(str, numbers), share)
        rows.append(tuple((text, None) for text in cells))
    return Grid(
        title="What tighter and looser limits would have done",
        columns=_columns("limits", numbers_of),
        rows=tuple(rows),
    )


def _budget_row(item: BudgetRecord) -> tuple[Cell, ...]:
    numbers: Sequence[int] = (item.failed, item.undecided, item.kept, item.unknown)
    texts = (item.endpoint, item.metric, " ".join(item.limits) or words.NOTHING, *map(str, numbers), sees_from(item))
    colours = {FAILED_COLUMN: Outcome.FAIL} if item.failed else {}
    return tuple((text, colours.get(at)) for at, text in enumerate(texts))


def sees_from(item: BudgetRecord) -> str:
    """ "+12 %", of errors "+0.8 pp"; of what should not fall, "-12 %"."""
    metric = metric_of(item.metric)
    if item.detectable is None or metric is None:
        return words.NOTHING
    if metric.unit is Unit.RATIO:
        return format_difference(metric.unit, item.detectable)
    return words.change(round(-item.detectable if metric.higher_is_better else item.detectable, 2))


def _when(started: str) -> str:
    return words.day(started)
