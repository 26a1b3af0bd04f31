"""What a trend chart shows, decided without drawing: points, lines, the range of the axis and every word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import quantiles
from typing import Literal

from perfgate.model.budget_file import Kind
from perfgate.model.metric import Unit, metric_of
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.model.verdict import CriterionResult, Finding
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts, acceptance, finite
from perfgate.stats.change_points import change_points
from perfgate.text import units

MAX_TITLE_CHARS = 66  # characters
MIN_NAME_CHARS = 16
MAX_LIMIT_FACTOR = 3.5  # a limit further above everything measured is named, not drawn: it would flatten the rest
OUTLIER_FACTOR = 4.0  # earlier values further above everything else are cut off at the edge, for the same reason
MIN_ZERO_BASED_RATIO = 0.18  # of the highest value: a smaller range is not shown from zero,
MIN_RANGE_RATIO = 0.20  # but never a range smaller than this: it would be a picture of noise

_QUANTITIES = {
    Unit.SECONDS: units.DURATION,
    Unit.BYTES: units.SIZE,
    Unit.RATIO: units.RATIO,
    Unit.PER_SECOND: units.RATE,
    Unit.COUNT: units.COUNT,
}


@dataclass(frozen=True, kw_only=True)
class Level:
    """A horizontal line with its name at the right."""

    value: float
    text: str
    kind: Literal["limit", "other limit", "baseline"]


@dataclass(frozen=True, kw_only=True)
class Band:
    """The range of the runs that this run was compared with, from the oldest of them on."""

    low: float
    high: float
    first: int


@dataclass(frozen=True, kw_only=True)
class TrendPicture:
    """All values in the axis's unit. The runs are counted from 0, oldest first; the last one is this run."""

    title: str
    numbers: str  # the end of the title, never cut off
    subtitle: str
    axis: str
    outcome: Outcome
    values: tuple[float, ...]  # NaN where there is none
    labels: tuple[str, ...]  # one per run
    failed: frozenset[int]
    accepted: Mapping[int, str]  # run -> reason
    changed: Mapping[int, str]  # first run of a new level on the baseline branch -> its commit
    levels: tuple[Level, ...]
    band: Band | None
    bottom: float
    top: float
    this: str  # the last run and its value in words: "this run 131 ms"
    cut_off: Mapping[int, str]  # run -> value in words, of those beyond the top


def decide(facts: Facts, finding: Finding) -> TrendPicture:
    """The picture of one finding and the runs before it."""
    runs = facts.line_of_runs
    numbers = _numbers(finding)
    unit, factor = _axis_unit(finding)
    measured = [v if v is not None else nan for v in facts.values(finding.endpoint, finding.metric)]
    values = tuple(value * factor for value in measured)
    levels = tuple(_levels(finding, factor))
    band = _band(facts, finding, values)
    bottom, top = _range(values, levels, band)
    series = (finding.endpoint, finding.metric)
    accepted = {at: reason for at, past in enumerate(runs) if (reason := acceptance(past, *series)) is not None}
    failed = frozenset(at for at, past in enumerate(runs) if series in past.failed and at not in accepted)
    branch = facts.verdict.baseline_branch
    on_branch = [at for at, past in enumerate(runs) if past.run.branch == branch and at not in failed]
    return TrendPicture(
        title=f"{plain(finding.endpoint, max(MIN_NAME_CHARS, MAX_TITLE_CHARS - len(numbers)))}{numbers}",
        numbers=numbers,
        subtitle=_subtitle(facts, finding),
        axis=f"{plain(finding.metric, 30)}{unit}{', not from 0' if bottom > 0 else ''}",
        outcome=finding.outcome,
        values=values,
        labels=tuple(_label(past) for past in runs),
        failed=failed,
        accepted=accepted,
        changed=_changed(runs, values, on_branch),
        levels=levels,
        band=band,
        bottom=bottom,
        top=top,
        this=last_value("this run", finding),
        cut_off={at: words.value(finding.metric, v) for at, v in enumerate(measured) if v * factor > top},
    )


def last_value(run: str, finding: Finding) -> str:
    """The last run and its value in words: "this run 131 ms"."""
    measured = finite(finding.measured)
    return f"{run} {'no data' if measured is None else words.value(finding.metric, measured)}"


def _axis_unit(finding: Finding) -> tuple[str, float]:
    """The unit in which the measured value is said (" in ms"), and what base units are multiplied by."""
    metric = metric_of(finding.metric)
    if not metric:
        return "", 1.0
    limits = (words.limit_value(criterion, finding.baseline) for criterion in finding.criteria)
    text = finite(finding.measured) or max((limit for limit in limits if limit), default=0.0)
    name = units.format_value(metric.unit, text).lstrip("-0123456789. ")
    if not name:
        return "", 1.0
    return " per second" if name == "/s" else f" in {name}", float(1 / _QUANTITIES[metric.unit].factors[name])


def _levels(finding: Finding, factor: float) -> Iterator[Level]:
    """The decisive limit, what else was broken, and the baseline."""
    decisive = words.decisive(finding)
    for criterion in finding.criteria:
        value = words.limit_value(criterion, finding.baseline)
        kind: Literal["limit", "other limit"] = "limit" if criterion is decisive else "other limit"
        if value is not None and (criterion is decisive or words.is_broken(criterion)):
            yield Level(value=value * factor, text=_limit_text(finding, criterion), kind=kind)
    baseline = finite(finding.baseline)
    if baseline is not None:
        yield Level(value=baseline * factor, text=f"baseline {words.value(finding.metric, baseline)}", kind="baseline")


def _limit_text(finding: Finding, criterion: CriterionResult) -> str:
    """ "limit 120 ms", "+10 % is 90 ms"."""
    text = words.limit(finding, criterion)
    if criterion.kind is Kind.ABSOLUTE:
        return text if text.startswith("warn") else f"limit {text}"
    return f"{text} is {words.value(finding.metric, words.limit_value(criterion, finding.baseline))}"


def _band(facts: Facts, finding: Finding, values: Sequence[float]) -> Band | None:
    """The range from the smallest to the largest of the baseline's values, without outliers.

    An outlier is further from the quartiles than 1.5 times their distance (J. Tukey, Exploratory Data Analysis, 1977).
    """
    ids = {past.run.id for past in facts.baseline_runs(finding)}
    places = [at for at, past in enumerate(facts.before) if past.run.id in ids]
    if len(places) < 2:
        return None
    lower, _, upper = quantiles((values[at] for at in places), n=4, method="inclusive")
    reach = 1.5 * (upper - lower)
    usual = [values[at] for at in places if lower - reach <= values[at] <= upper + reach]
    return Band(low=min(usual), high=max(usual), first=places[0])


def _changed(runs: Sequence[PastRun], values: Sequence[float], places: Iterable[int]) -> dict[int, str]:
    """Where the level of those runs changed, as `perfgate trend` says it."""
    measured = [at for at in places if isfinite(values[at])]
    points = change_points([values[at] for at in measured])
    return {measured[point]: plain(runs[measured[point]].run.commit)[:7] for point in points}


def _range(values: Sequence[float], levels: Sequence[Level], band: Band | None) -> tuple[float, float]:
    """The range of the axis: from zero, unless that would flatten everything; a single outlier of the past does not
    count."""
    core = [value for value in values[-1:] if isfinite(value)]
    core += [level.value for level in levels if level.kind == "baseline"]
    core += [edge for edge in (band.low, band.high) if edge <= OUTLIER_FACTOR * max(core)] if band and core else []
    usual = core or [value for value in values if isfinite(value)]
    highest = max(usual, default=0.0)
    core += [level.value for level in levels if level.value <= MAX_LIMIT_FACTOR * highest or not highest]
    edge = OUTLIER_FACTOR * max(core, default=highest)
    shown = core + [value for value in values if isfinite(value) and (value <= edge or not edge)]
    high, low = max(shown, default=1.0) or 1.0, min(shown, default=0.0)
    span = max(high - low, MIN_RANGE_RATIO * high)
    if high - low >= MIN_ZERO_BASED_RATIO * high or len(shown) < 2:
        return 0.0, high * 1.15
    return max(0.0, low - 0.5 * span), high + 0.4 * span


def _numbers(finding: Finding) -> str:
    """ " p95: 131 ms, limit 120 ms, baseline 82 ms"."""
    measured = finite(finding.measured)
    parts = ["not measured" if measured is None else words.value(finding.metric, measured)]
    decisive = words.decisive(finding)
    if decisive:
        text = words.limit(finding, decisive)
        parts.append(text if text.startswith("warn") else f"limit {text}")
    if finite(finding.baseline) is not None:
        parts.append(f"baseline {words.value(finding.metric, finding.baseline)}")
    return f" {plain(finding.metric, 30)}: {', '.join(parts)}"


def _subtitle(facts: Facts, finding: Finding) -> str:
    """Which commit, compared with what, and what is not drawn."""
    compared = "no earlier runs" if not facts.before else "no baseline yet"
    if facts.run.arms:
        compared = f"A/B: beside {words.arm(facts.run.arms[0])}"
    elif finite(finding.baseline) is not None:
        branch = facts.verdict.baseline_branch
        compared = f"baseline: {words.runs(finding.baseline_runs)}{f' of {plain(branch, 30)}' if branch else ''}"
    return f"{words.revision(facts.run)}  ·  {compared}{left_out(facts.apart)}"


def left_out(number: int) -> str:
    """How many runs are not drawn; empty for none."""
    return f"  ·  not drawn: {number:,} of other load or kind" if number else ""


def _label(past: PastRun) -> str:
    """The short commit over the day."""
    commit = plain(past.run.commit)[:7] if past.run.commit else words.NOTHING
    return f"{commit}\n{words.day(past.run.started)}"
