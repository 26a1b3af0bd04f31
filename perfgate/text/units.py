"""Units at the edges: texts such as `300ms` or `+10%` become seconds, bytes and ratios, and back for people; ISO 8601
times become moments.

Everything inside perfgate is in seconds, bytes, ratios (0 to 1) and 1/s; milliseconds, kB and per cent exist only here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from perfgate.model.metric import Unit


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

NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,12})?"
QUANTITY_TEXT = re.compile(rf"({NUMBER}) ?([A-Za-zµμ%/]*)")


def parse(quantity: Quantity, text: str) -> float:
    """The value of `text` in the base unit, at least 0. One space before the unit is allowed. Raises UnitError."""
    match = QUANTITY_TEXT.fullmatch(text.strip())
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
    return f"^{NUMBER} ?({'|'.join(map(re.escape, quantity.factors))})$".replace("(?:", "(")


def range_pattern(quantity: Quantity) -> str:
    """A regular expression of one value, or of two with `..` between them."""
    item = pattern(quantity).removeprefix("^").removesuffix("$")
    return rf"^{item}(\.\.{item})?$"


def _accepted(quantity: Quantity) -> str:
    return f"accepted: {listed(quantity.forms)}"


def listed(forms: tuple[str, ...]) -> str:
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


def parse_moment(text: str) -> datetime:
    """Moment of an ISO 8601 time; one without a zone is in UTC. Raises ValueError."""
    return with_zone(datetime.fromisoformat(text))


def with_zone(moment: datetime) -> datetime:
    """The moment itself; in UTC where it has no zone, whatever this machine's is."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


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
