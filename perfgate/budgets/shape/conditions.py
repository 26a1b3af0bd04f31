"""The shape of a condition: on a text, or on what a JSONPath finds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, Tag, WithJsonSchema

from perfgate.budgets.shape.fields import MAP, TEXT, MapOrText, Maybe, Number, Shape, checked, not_empty, optional
from perfgate.budgets.shape.texts import Pattern, json_path_problem

EXISTS = "exists"
STATUS = "status"  # of the answer, beside JSONPaths


class TextConditionShape(Shape):
    exists: Maybe[bool] = optional("Whether it must be there.", True)
    equals: Maybe[str] = optional("It is exactly this text.", "application/json")
    matches: Maybe[Pattern] = optional("This regular expression is found in it.", "^text/")
    contains: Maybe[str] = optional("This text is found in it.", "json")


class JsonConditionShape(Shape):
    exists: Maybe[bool] = optional("Whether the path must find something.", True)
    equals: Any = optional("The value is this.", 3, "open")
    matches: Maybe[Pattern] = optional("This regular expression is found in the text.", "^[0-9]+$")
    contains: Any = optional("This is an item of the list, or is found in the text.", "tea")
    less_than: Maybe[Number] = optional("The number is less than this.", 100)
    greater_than: Maybe[Number] = optional("The number is greater than this.", 0)


_NOT_A_MAP = WithJsonSchema({"type": ["string", "number", "boolean", "null", "array"]})
TextCondition = Annotated[
    Annotated[TextConditionShape, not_empty("{exists: true}"), Tag(MAP)] | Annotated[str, Tag(TEXT)], MapOrText
]
JsonCondition = Annotated[
    Annotated[JsonConditionShape, not_empty("{exists: true}"), Tag(MAP)] | Annotated[Any, _NOT_A_MAP, Tag(TEXT)],
    MapOrText,
]
Status = Annotated[int, Field(ge=100, le=999)]  # some send 999; RFC 9110, section 15, allows three digits


def _condition_key(key: str) -> str:
    return "" if key == STATUS else json_path_problem(key)


Conditions = Annotated[
    dict[Annotated[str, checked(_condition_key)], JsonCondition], Field(min_length=1)
]  # on JSONPaths, and on `status`
