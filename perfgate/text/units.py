"""Units at the edges: texts such as `300ms` or `+10%` become seconds, bytes and ratios, and back for people.

Everything inside perfgate is in seconds, bytes, ratios (0 to 1) and 1/s; milliseconds, kB and per cent exist only here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from perfgate.model.budget_file import Criterion, Kind, Severity
from perfgate.model.metric import Metric, Unit


class UnitError(ValueError):
    """A text is not a quantity. `hint` lists the accepted forms or says what to write instead."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One kind of quantity that people write. Factors are exact, so that `57%` is 0.57 and not 0.5700000000000001."""

    noun: str
    forms: tuple[str, ...]  # examples for messages, the most common first
    factors: Mapping[str, Fraction]  # unit as written -> base unit


DURATION = Quantity(
    noun="a duration",
    forms=("300ms", "1.5s", "2m", "1h", "500us"),
    factors={
        "ms": Fraction(1, 1000),
        "s": Fraction(1),
        "m": Fraction(60),
        "h": Fraction(3600),
        "us": Fraction(1, 10**6),
        "µs": Fraction(1, 10**6),  # micro sign
        "μs": Fraction(1, 10**6),  # Greek mu
    },
)
SIZE = Quantity(
    noun="a size",
    forms=("40kB", "1MB", "512B", "64KiB", "1MiB"),
    factors={
        "B": Fraction(1),
        "kB": Fraction(10**3),
        "MB": Fraction(10**6),
        "GB": Fraction(10**9),
        "KiB": Fraction(2**10),
        "MiB": Fraction(2**20),
        "GiB": Fraction(2**30),
    },
)
RATIO = Quantity(noun="a percentage", forms=("1%", "0.5%"), factors={"%": Fraction(1, 100)})
POINTS = Quantity(noun="a number of percentage points", forms=("0.5pp", "1pp"), factors={"pp": Fraction(1, 100)})
RATE = Quantity(
    noun="a rate",
    forms=("200/s", "600/min"),
    factors={"/s": Fraction(1), "/min": Fraction(1, 60), "/h": Fraction(1, 3600)},
)

COUNT = Quantity(noun="a number", forms=("3", "0.5"), factors={"": Fraction(1)})

_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,12})?"
_QUANTITY = re.compile(rf"({_NUMBER}) ?([A-Za-zµμ%/]*)")
_BARE_NUMBER = re.compile(rf"[+-]?{_NUMBER}")
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
_MOST_RELATIVE = 10.0  # +1000 %: more is a typing error


def parse(quantity: Quantity, text: str) -> float:
    """The value of `text` in the base unit, at least 0. One space before the unit is allowed. Raises UnitError."""
    match = _QUANTITY.fullmatch(text.strip())
    if not match:
        raise UnitError(f"`{text}` is not {quantity.noun}", hint=_accepted(quantity))
    number, unit = match.groups()
    if not unit and "" not in quantity.factors:
        raise UnitError(f"`{text}` has no unit", hint=_accepted(quantity))
    if unit not in quantity.factors:
        raise UnitError(f"`{text}` is not {quantity.noun}: unknown unit `{unit}`", hint=_accepted(quantity))
    return float(Fraction(number) * quantity.factors[unit])


def pattern(quantity: Quantity) -> str:
    """A regular expression (without look-around, as JSON Schema wants it) of what `parse` accepts."""
    return f"^{_NUMBER} ?({'|'.join(map(re.escape, quantity.factors))})$".replace("(?:", "(")


def range_pattern(quantity: Quantity) -> str:
    """A regular expression of one value, or of two with `..` between them."""
    item = pattern(quantity).removeprefix("^").removesuffix("$")
    return rf"^{item}(\.\.{item})?$"


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
    absolute = _list(_ABSOLUTE[metric.unit].forms)
    return f"accepted: {absolute}; relative to the baseline `{sign}10%`, `{sign}{_DIFFERENCE_FORM[metric.unit]}`"


def criteria_pattern(metric: Metric) -> str:
    """A regular expression of budget texts of `metric`, for editors; `parse_criteria` is stricter."""
    absolute = "|".join(map(re.escape, _ABSOLUTE[metric.unit].factors))
    relative = "|".join(["%", *map(re.escape, _DIFFERENCE[metric.unit].factors)])
    item = f"({_NUMBER} ?({absolute})|{re.escape(_sign(metric))}{_NUMBER} ?({relative}))".replace("(?:", "(")
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
    if relative_unit and _QUANTITY.fullmatch(word):
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
    if not difference and amount > _MOST_RELATIVE:
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
        raise UnitError(message, hint=accepted_criteria(metric)) from error


def _sign(metric: Metric) -> str:
    return "-" if metric.higher_is_better else "+"


def _accepted(quantity: Quantity) -> str:
    return f"accepted: {_list(quantity.forms)}"


def _list(forms: tuple[str, ...]) -> str:
    return ", ".join(f"`{form}`" for form in forms)


# ---- for people

_SCALES = {  # largest first: (value from which the unit is used, unit)
    Unit.SECONDS: ((1.0, "s"), (1e-5, "ms"), (0.0, "us")),
    Unit.BYTES: ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (0.0, "B")),
}
_PER_BASE = {"s": 1.0, "ms": 1e3, "us": 1e6, "B": 1.0, "kB": 1e-3, "MB": 1e-6, "GB": 1e-9}


def format_value(unit: Unit, value: float) -> str:
    """`131 ms`, `1.52 s`, `40.1 kB`, `1.2 %`, `198.3/s`: about three significant digits, never 0 unless it is 0."""
    if unit is Unit.RATIO:
        return f"{_digits(value * 100, 3)} %"
    if unit is Unit.PER_SECOND:
        return f"{_digits(value, 4)}/s"
    if unit is Unit.COUNT:
        return _digits(value, 4)
    scales = _SCALES[unit]
    for smallest, name in scales:
        # 0.9996 s is 1 s, not 1000 ms: compare what will be shown
        shown = _digits(value * _PER_BASE[name], 3)
        if abs(float(shown)) >= smallest * _PER_BASE[name] * (1 - 1e-9) and float(shown) != 0:
            return f"{shown} {name}"
    return f"{_digits(value, 3)} {'ms' if unit is Unit.SECONDS else 'B'}"


def format_change(ratio: float) -> str:
    """A relative change: 0.6 is `+60 %`, -0.053 is `-5.3 %`."""
    return f"{_signed(ratio * 100)} %"


def format_difference(unit: Unit, value: float) -> str:
    """A difference in the base unit: `+20 ms`, `-1.2 kB`, `+0.5 pp` (of a ratio)."""
    if unit is Unit.RATIO:
        return f"{_signed(value * 100)} pp"
    if unit is Unit.COUNT:  # `+0` is a limit too
        return ("+" if value >= 0 else "") + format_value(unit, value)
    return ("+" if value > 0 else "") + format_value(unit, value)


def _signed(value: float) -> str:
    """Three digits, but no more than one behind the point: a change is never known better."""
    rounded = round(value, 1) if abs(value) >= 0.05 else 0.0
    return ("+" if rounded > 0 else "") + _digits(rounded, 3)


def _digits(value: float, significant: int) -> str:
    """`significant` digits, but all digits before the point; no trailing zeros behind it."""
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    decimals = max(0, significant - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
