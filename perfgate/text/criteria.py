"""Criteria as people write them: `300ms +10%` becomes an absolute and a relative limit in the metric's unit."""

from __future__ import annotations

import re

from perfgate.model.budget_file import Criterion, Kind, Severity
from perfgate.model.metric import Metric, Unit
from perfgate.text.units import (
    COUNT,
    DURATION,
    NUMBER,
    POINTS,
    QUANTITY_TEXT,
    RATE,
    RATIO,
    SIZE,
    Quantity,
    UnitError,
    listed,
    parse,
)

_JOINED = re.compile(r"([0-9.]+[A-Za-z%]+)([+-][0-9.]+[A-Za-z%]+)")  # 300ms+10%
_BARE_NUMBER = re.compile(rf"[+-]?{NUMBER}")
_BARE_UNIT = re.compile(r"[A-Za-zµμ%/]+")

_ABSOLUTE = {Unit.SECONDS: DURATION, Unit.BYTES: SIZE, Unit.RATIO: RATIO, Unit.PER_SECOND: RATE, Unit.COUNT: COUNT}
_DIFFERENCE = {Unit.SECONDS: DURATION, Unit.BYTES: SIZE, Unit.RATIO: POINTS, Unit.PER_SECOND: RATE, Unit.COUNT: COUNT}
_DIFFERENCE_FORM = {
    Unit.SECONDS: "20ms",
    Unit.BYTES: "5kB",
    Unit.RATIO: "0.5pp",
    Unit.PER_SECOND: "5/s",
    Unit.COUNT: "1",
}
_MAX_RELATIVE = 10.0  # +1000 %: more is a typing error


def parse_criteria(text: str, metric: Metric, severity: Severity = Severity.FAIL) -> tuple[Criterion, ...]:
    """The criteria of a budget text such as `300ms +10%`: at most one absolute and one relative. Raises UnitError."""
    if "," in text:
        raise UnitError(f"`{text}` has a comma", hint="separate criteria with a space: `300ms +10%`")
    criteria: list[Criterion] = []
    for word in _words(text):
        criterion = _criterion(word, metric, severity)
        for other in criteria:
            if other.kind is criterion.kind:
                raise UnitError(
                    f"two {criterion.kind} criteria, `{other.text}` and `{word}`",
                    hint="one absolute and one relative at most; two levels are written `{fail: 120ms, warn: 100ms}`",
                )
        criteria.append(criterion)
    if not criteria:
        raise UnitError("no criterion", hint=accepted_criteria(metric))
    return tuple(criteria)


def accepted_criteria(metric: Metric) -> str:
    """The accepted forms of a criterion on `metric`, for messages."""
    sign = _sign(metric)
    absolute = listed(_ABSOLUTE[metric.unit].forms)
    return f"accepted: {absolute}; relative to the baseline `{sign}10%`, `{sign}{_DIFFERENCE_FORM[metric.unit]}`"


def criteria_pattern(metric: Metric) -> str:
    """A regular expression of budget texts of `metric`, for editors; `parse_criteria` is stricter."""
    absolute = "|".join(map(re.escape, _ABSOLUTE[metric.unit].factors))
    relative = "|".join(["%", *map(re.escape, _DIFFERENCE[metric.unit].factors)])
    item = f"({NUMBER} ?({absolute})|{re.escape(_sign(metric))}{NUMBER} ?({relative}))".replace("(?:", "(")
    return f"^{item}( +{item})?$"


def _words(text: str) -> list[str]:
    """Criteria as written; `300 ms` is one word."""
    words: list[str] = []
    for word in text.split():
        if words and _BARE_UNIT.fullmatch(word) and _BARE_NUMBER.fullmatch(words[-1]):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _criterion(word: str, metric: Metric, severity: Severity) -> Criterion:
    if word[0] not in "+-":
        return Criterion(kind=Kind.ABSOLUTE, limit=_absolute(word, metric), text=word, severity=severity)
    if word[0] != _sign(metric):
        better, move = ("higher", "fall") if metric.higher_is_better else ("lower", "rise")
        raise UnitError(
            f"`{word}`: {better} {metric.name} is better, so only a {move} can be limited",
            hint=f"write `{_sign(metric)}{word[1:]}`",
        )
    difference = not word.endswith("%")
    amount = _relative(word, metric, difference=difference)
    return Criterion(
        kind=Kind.RELATIVE,
        limit=-amount if metric.higher_is_better else amount,
        text=word,
        severity=severity,
        difference=difference,
    )


def _absolute(word: str, metric: Metric) -> float:
    relative_unit = word.endswith("pp") or (word.endswith("%") and metric.unit is not Unit.RATIO)
    if relative_unit and QUANTITY_TEXT.fullmatch(word):
        raise UnitError(f"`{word}` is relative to the baseline and needs a sign", hint=f"write `{_sign(metric)}{word}`")
    limit = _limit(_ABSOLUTE[metric.unit], word, metric)
    if metric.unit is Unit.RATIO and limit > 1:
        raise UnitError(f"`{word}` is more than 100%", hint=accepted_criteria(metric))
    if limit == 0 and metric.unit in (Unit.SECONDS, Unit.PER_SECOND):
        raise UnitError(f"`{word}` limits nothing: {metric.name} is always above 0", hint="give a limit above 0")
    return limit


def _relative(word: str, metric: Metric, *, difference: bool) -> float:
    quantity = _DIFFERENCE[metric.unit] if difference else RATIO
    amount = _limit(quantity, word[1:], metric, word)
    if not difference and metric.higher_is_better and amount >= 1:
        raise UnitError(f"`{word}`: {metric.name} cannot fall by 100% or more", hint="give a limit below 100%")
    if not difference and amount > _MAX_RELATIVE:
        raise UnitError(f"`{word}` is more than 1000%", hint="give an absolute limit instead")
    if difference and metric.unit is Unit.RATIO and amount > 1:
        raise UnitError(f"`{word}` is more than 100 percentage points", hint=accepted_criteria(metric))
    return amount


def _limit(quantity: Quantity, text: str, metric: Metric, word: str = "") -> float:
    """`parse`, with the accepted forms of a criterion on `metric` in the error."""
    try:
        return parse(quantity, text)
    except UnitError as error:
        message = f"`{word or text}` is not a limit on {metric.name}"
        if _BARE_NUMBER.fullmatch(text):
            message = f"`{word or text}` has no unit"
        raise UnitError(message, hint=_hint(text, metric)) from error


def _hint(text: str, metric: Metric) -> str:
    if joined := _JOINED.fullmatch(text):
        return f"put a space between the two: `{joined[1]} {joined[2]}`"
    if text.startswith(("<", ">", "=")):
        return f"leave `{text[0]}` out: a limit is the {'lowest' if metric.higher_is_better else 'highest'} good value"
    return accepted_criteria(metric)


def _sign(metric: Metric) -> str:
    return "-" if metric.higher_is_better else "+"
