"""Whether a value keeps to a schema: the part of JSON Schema that OpenAPI documents use.

It sorts out the examples of a document that do not fit its own schemas. What it does not know, it lets pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeGuard

from perfgate.init.openapi.formats import fits_format
from perfgate.init.openapi.references import References
from perfgate.init.proposal import Json

MAX_DEPTH = 30
Schema = Mapping[str, Json]


def is_valid(value: Json, node: Json, references: References, depth: int = 0) -> bool:
    """Whether `value` keeps to the schema `node`."""
    if node is False or depth > MAX_DEPTH:
        return False
    schema = references.resolve(node)
    if value is None and schema.get("nullable") is True:
        return True
    return (
        _has_type(value, schema)
        and _is_listed(value, schema)
        and _keeps_bounds(value, schema)
        and _keeps_text(value, schema)
        and _keeps_parts(value, schema, references, depth + 1)
        and _keeps_combinations(value, schema, references, depth + 1)
    )


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that a schema allows; empty for any."""
    written = schema.get("type")
    names = written if isinstance(written, list) else [written]
    return tuple(name for name in names if isinstance(name, str))


def _has_type(value: Json, schema: Schema) -> bool:
    types = types_of(schema)
    return not types or any(_is_of(value, name) for name in types)


def _is_of(value: Json, name: str) -> bool:
    if name == "null":
        return value is None
    if name == "integer":
        return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value % 1 == 0))
    if name == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    kind = {"string": str, "boolean": bool, "array": list, "object": dict}.get(name)
    return kind is None or isinstance(value, kind)


def _is_listed(value: Json, schema: Schema) -> bool:
    allowed = schema.get("enum")
    if isinstance(allowed, list) and not any(_is_same(value, item) for item in allowed):
        return False
    return "const" not in schema or _is_same(value, schema["const"])


def _is_same(item: Json, other: Json) -> bool:
    return item == other and isinstance(item, bool) == isinstance(other, bool)


def _keeps_bounds(value: Json, schema: Schema) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf")
    return not (
        (_is_number(low) and (value < low or (above is True and value == low)))
        or (_is_number(high) and (value > high or (below is True and value == high)))
        or (_is_number(above) and value <= above)
        or (_is_number(below) and value >= below)
        or (_is_number(step) and step > 0 and abs(value / step - round(value / step)) > 1e-9)
    )


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _keeps_text(value: Json, schema: Schema) -> bool:
    if not isinstance(value, str):
        return True
    if not _keeps_count(len(value), schema, "minLength", "maxLength"):
        return False
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            if not re.search(pattern, value):
                return False
        except (re.error, OverflowError, RecursionError):
            return False  # nobody can say whether it fits
    return fits_format(value, str(schema.get("format", "")))


def _keeps_count(number: int, schema: Schema, minimum_key: str, maximum_key: str) -> bool:
    low, high = schema.get(minimum_key), schema.get(maximum_key)
    return not ((_is_number(low) and number < low) or (_is_number(high) and number > high))


def _keeps_parts(value: Json, schema: Schema, references: References, depth: int) -> bool:
    if isinstance(value, list):
        return _keeps_items(value, schema, references, depth)
    return _keeps_properties(value, schema, references, depth) if isinstance(value, dict) else True


def _keeps_items(value: list[Json], schema: Schema, references: References, depth: int) -> bool:
    if not _keeps_count(len(value), schema, "minItems", "maxItems"):
        return False
    if schema.get("uniqueItems") is True and any(item in value[:index] for index, item in enumerate(value)):
        return False
    first = schema.get("prefixItems")
    prefix = first if isinstance(first, list) else []
    rest = [(item, schema["items"]) for item in value[len(prefix) :]] if "items" in schema else []
    return all(is_valid(item, inner, references, depth) for item, inner in (*zip(value, prefix, strict=False), *rest))


def _keeps_properties(value: dict[str, Json], schema: Schema, references: References, depth: int) -> bool:
    required, properties = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and any(name not in value for name in required):
        return False
    if not _keeps_count(len(value), schema, "minProperties", "maxProperties"):
        return False
    known = properties if isinstance(properties, dict) else {}
    more = schema.get("additionalProperties", True)
    for name, item in value.items():
        if name in known:
            if not is_valid(item, known[name], references, depth):
                return False
        elif "patternProperties" not in schema and (
            more is False or (isinstance(more, dict) and not is_valid(item, more, references, depth))
        ):
            return False
    return True


def _keeps_combinations(value: Json, schema: Schema, references: References, depth: int) -> bool:
    every, some, item = (
        schema[key] if isinstance(schema.get(key), list) else [] for key in ("allOf", "anyOf", "oneOf")
    )
    if not all(is_valid(value, inner, references, depth) for inner in every):
        return False
    if some and not any(is_valid(value, inner, references, depth) for inner in some):
        return False
    if item and sum(is_valid(value, inner, references, depth) for inner in item) != 1:
        return False
    return "not" not in schema or not is_valid(value, schema["not"], references, depth)
