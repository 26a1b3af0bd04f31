"""What the shapes of a budget file are made of: optional keys, quantities with units, and mistakes in our own words.

Shapes check only what one value can tell by itself; whatever concerns two values is in the `check_*` modules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

from perfgate.text import units
from perfgate.text.units import Quantity, UnitError

T = TypeVar("T")

PROBLEM = "problem"  # the type of pydantic errors that carry our own words
UNREADABLE = "PG-B010"  # the code of a value that has not one of the accepted forms

# Tags of the alternatives of a union; odd on purpose: pydantic mixes them with the keys in its errors.
TEXT, MAP, LIST = "<text>", "<map>", "<list>"

TO = ".."  # between the two ends of a range


def problem(message: str, hint: str = "", *, code: str = UNREADABLE) -> PydanticCustomError:
    """A mistake in our own words; `wording` puts the key in front."""
    return PydanticCustomError(PROBLEM, "{message}", {"message": message, "hint": hint, "code": code})


class Shape(BaseModel):
    """A map of the budget file with known keys."""

    model_config = ConfigDict(strict=True, extra="forbid")


class _NeverNull:
    """Makes `T | None` mean "T, or the key is absent": an empty value is a mistake."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        schema = handler(source)
        inner: core_schema.CoreSchema = schema["schema"] if schema["type"] == "nullable" else schema
        return inner


Maybe = Annotated[T | None, _NeverNull()]


def optional(description: str, *examples: Any, alias: str | None = None) -> Any:
    """A key that may be absent. Every key has a description and an example: editors show them."""
    return Field(default=None, description=description, examples=list(examples), alias=alias)


def required(description: str, *examples: Any, alias: str | None = None) -> Any:
    return Field(description=description, examples=list(examples), alias=alias)


def by_type(value: Any) -> str:
    """Which alternative of a union is meant, told by the value's type alone, so that its mistakes are to the point."""
    if isinstance(value, dict):
        return MAP
    return LIST if isinstance(value, list) else TEXT


MapOrText = Discriminator(lambda value: MAP if by_type(value) == MAP else TEXT)
ListOrText = Discriminator(lambda value: LIST if by_type(value) == LIST else TEXT)
MapOrList = Discriminator(lambda value: MAP if by_type(value) == MAP else LIST)


def checked(check: Callable[[Any], str]) -> AfterValidator:
    """`check` tells what is wrong with a value and, on a second line, what to do; or nothing."""

    def validate(value: Any) -> Any:
        if wrong := check(value):
            message, _, hint = wrong.partition("\n")
            raise problem(message, hint)
        return value

    return AfterValidator(validate)


def not_empty(example: str) -> AfterValidator:
    """A map without keys is a mistake."""
    return checked(lambda value: "" if value.model_fields_set else f"says nothing\nfor example `{example}`")


def at_most(limit: float, shown: str) -> AfterValidator:
    """`shown` is the limit with its unit."""
    return checked(lambda value: "" if value <= limit else f"must be at most {shown}")


def _parse(kind: Quantity, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise problem(f"must be {kind.noun}", f"accepted: {', '.join(f'`{form}`' for form in kind.forms)}")
    try:
        return units.parse(kind, str(value))
    except UnitError as error:
        raise problem(error.message, error.hint) from error


def _quantity(kind: Quantity) -> BeforeValidator:
    """Text with a unit -> base unit."""
    return BeforeValidator(lambda value: _parse(kind, value))


def _duration_range(value: object) -> tuple[float, float]:
    """ "30s" -> (30, 30), "20s..3m" -> (20, 180)."""
    first, is_range, last = value.partition(TO) if isinstance(value, str) else (value, "", "")
    shortest = _parse(units.DURATION, first)
    longest = _parse(units.DURATION, last) if is_range else shortest
    if shortest <= 0:
        raise problem("must be more than 0")
    if longest < shortest:
        raise problem("ends before it begins", f"the shorter time comes first: `{last}..{first}`")
    if is_range and longest < 2 * shortest:
        raise problem(
            "leaves no room to go on: the whole load is sent again", "at least twice the shorter time: `20s..40s`"
        )
    return shortest, longest


def _schema(kind: Quantity) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": units.pattern(kind)})


def _rise(value: object) -> float:
    """ "+20%" -> 0.2."""
    if not (isinstance(value, str) and value.startswith("+") and value.endswith("%")):
        raise problem("must be a rise in per cent", "for example `+20%`")
    try:
        return units.parse(units.RATIO, value[1:])
    except UnitError as error:
        raise problem(error.message, error.hint) from error


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise problem("must be a number")
    return value


Duration = Annotated[float, _quantity(units.DURATION), _schema(units.DURATION)]
PositiveDuration = Annotated[float, Field(gt=0), _quantity(units.DURATION), _schema(units.DURATION)]
DurationRange = Annotated[
    tuple[float, float],
    BeforeValidator(_duration_range),
    WithJsonSchema({"type": "string", "pattern": units.range_pattern(units.DURATION)}),
]
PositiveRate = Annotated[float, Field(gt=0), _quantity(units.RATE), _schema(units.RATE)]
PositiveRatio = Annotated[float, Field(gt=0), at_most(1, "100%"), _quantity(units.RATIO), _schema(units.RATIO)]
Excess = Annotated[float, Field(gt=0), at_most(10, "1000%"), _quantity(units.RATIO), _schema(units.RATIO)]
Points = Annotated[float, at_most(1, "100pp"), _quantity(units.POINTS), _schema(units.POINTS)]
Rise = Annotated[
    float, Field(gt=0), BeforeValidator(_rise), WithJsonSchema({"type": "string", "pattern": r"^\+[0-9.]+%$"})
]
Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Number = Annotated[int | float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
