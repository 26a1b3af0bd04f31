"""Values of a script: JSON, `Unknown` for what only a run can say, and what is computed of them."""

from __future__ import annotations

import json
import math
import operator
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Json = Any
ENVIRONMENT = re.compile(r"\$\{[A-Za-z_]\w*\}")
MAX_CHARS = 1_000_000  # of a text
MAX_NUMBER = 1e100


@dataclass(frozen=True)
class Unknown:
    """What only a run can say. `why` ends a sentence: "`id` is made while it runs"."""

    why: str


class NotConstantError(ValueError):
    """An expression whose value only a run can say."""


class JsonText(str):
    """The text that JSON.stringify makes."""


class DrawnText(str):
    """The place of a value that is drawn anew for each iteration."""


@dataclass(frozen=True)
class RandomNumber:
    """A number that `Math.random()` makes: anything from `low` to `high`, both included where they are whole."""

    low: float
    high: float

    @property
    def source(self) -> Json:
        """What stands under `with`."""
        return {"between": [self.low, self.high]}


def known(value: Json) -> Json:
    """The value. Raises NotConstantError where it, or something in it, is unknown."""
    if isinstance(value, Unknown):
        raise NotConstantError(value.why)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        known(item)
    return value


def text_of(value: Json) -> str:
    """The value as JavaScript writes it into a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | RandomNumber):
        raise NotConstantError("no text stands in a text")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return "undefined" if value is None else json.dumps(value)


class Environment(dict[str, Json]):
    """`__ENV`, each of whose members is a variable."""


def part_of(value: Json, name: Json) -> Json:
    if isinstance(value, Environment):
        return f"${{{name}}}" if re.fullmatch(r"[A-Za-z_]\w*", str(name)) else Unknown(f"`__ENV[{name}]` has no name")
    if isinstance(value, dict) and name in value:
        return value[name]
    if isinstance(value, list) and isinstance(name, int) and 0 <= name < len(value):
        return value[name]
    if name == "length" and isinstance(value, list):
        return len(value)
    return value if isinstance(value, Unknown) else Unknown(f"`{name}` is made while it runs")


def added(first: Json, second: Json) -> Json:
    if isinstance(first, str) or isinstance(second, str):
        if any(isinstance(item, DrawnText) for item in (first, second)) and any(
            isinstance(item, int | float) for item in (first, second)
        ):
            raise NotConstantError("it computes with a random value")
        text = text_of(first) + text_of(second)
        if len(text) > MAX_CHARS:
            raise NotConstantError("it is too long")
        return text
    return computed("+", first, second)


def computed(sign: str, first: Json, second: Json) -> Json:
    if isinstance(first, RandomNumber) and not isinstance(second, RandomNumber) and sign != "%":
        return _spread(computed(sign, first.low, second), computed(sign, first.high, second))
    if isinstance(second, RandomNumber) and not isinstance(first, RandomNumber) and sign in ("+", "-", "*"):
        return _spread(computed(sign, first, second.low), computed(sign, first, second.high))
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in (first, second)):
        raise NotConstantError("it is computed while it runs")
    try:
        number = _OPERATIONS[sign](first, second)
        if abs(number) < MAX_NUMBER:
            return number
    except (ZeroDivisionError, OverflowError):
        pass
    raise NotConstantError("it is no number")


def _spread(first: float, second: float) -> RandomNumber:
    return RandomNumber(min(first, second), max(first, second))


def _floor(value: Json) -> Json:
    """Math.floor: of a random number below its upper end."""
    if isinstance(value, RandomNumber):
        return RandomNumber(math.floor(value.low), max(math.floor(value.low), math.ceil(value.high) - 1))
    return math.floor(_number(value))


def _rounded(value: Json) -> Json:
    """Math.round: halves go up."""
    return _floor(computed("+", value if isinstance(value, RandomNumber) else _number(value), 0.5))


def _ceiling(value: Json) -> Json:
    """Math.ceil."""
    return computed(
        "-", 0, _floor(computed("-", 0, value)) if isinstance(value, RandomNumber) else -math.ceil(_number(value))
    )


def _number(value: Json) -> Json:
    try:
        return float(value) if not isinstance(value, str) or "." in value else int(value)
    except (TypeError, ValueError, OverflowError):
        raise NotConstantError("it is no number") from None


def _base64(value: Json) -> str:
    if not isinstance(value, str) or ENVIRONMENT.search(value):
        raise NotConstantError("it is encoded while it runs")
    return b64encode(value.encode(errors="replace")).decode()


_OPERATIONS: Mapping[str, Callable[[Json, Json], Json]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
OF_NUMBERS = ("floor", "ceil", "round", "parseInt")  # functions that leave a random number one
FUNCTIONS: Mapping[str, Callable[[Json], Json]] = {
    "stringify": lambda value: JsonText(json.dumps(value)),
    "encodeURIComponent": lambda value: quote(text_of(value), safe="-_.!~*'()${}"),
    "encodeURI": lambda value: quote(text_of(value), safe="-_.!~*'();/?:@&=+$,#{}"),
    "String": text_of,
    "Number": _number,
    "parseInt": lambda value: _floor(value) if isinstance(value, RandomNumber) else _number(value),
    "parseFloat": _number,
    "floor": _floor,
    "ceil": _ceiling,
    "round": _rounded,
    "b64encode": _base64,
}
