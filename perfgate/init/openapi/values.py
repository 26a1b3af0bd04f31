"""Values that keep to a schema: its example, default or first allowed value where that fits, else one made for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perfgate.init.openapi.formats import EXAMPLES
from perfgate.init.openapi.patterns import matching
from perfgate.init.openapi.references import References
from perfgate.init.openapi.validity import is_valid, types_of
from perfgate.init.proposal import Json

MAX_DEPTH = 12
Schema = Mapping[str, Json]


class NoValueError(ValueError):
    """No value was found that keeps to the schema."""


@dataclass(frozen=True)
class ExampleValues:
    """Makes values for the schemas of one document."""

    references: References

    def fitting(self, node: Json, examples: Iterator[Json] = iter(())) -> Json:  # noqa: B008 - an empty iterator
        """The first of the examples that keeps to the schema, else one made for it. Raises NoValueError."""
        for example in examples:
            if is_valid(example, node, self.references):
                return example
        return self.make(node)

    def make(self, node: Json, depth: int = 0) -> Json:
        """A value for the schema. Raises NoValueError."""
        if depth > MAX_DEPTH:
            raise NoValueError("its schema is nested without an end")
        schema = self.references.resolve(node)
        for candidate in self._candidates(schema, depth):
            if is_valid(candidate, schema, self.references):
                return candidate
        raise NoValueError("no value for its schema could be made")

    def _candidates(self, schema: Schema, depth: int) -> Iterator[Json]:
        yield from stated_values(schema)
        if isinstance(schema.get("enum"), list):
            yield from schema["enum"]
        merged = self._merged(schema)
        for key in ("oneOf", "anyOf"):
            branches = merged.get(key)
            for branch in branches if isinstance(branches, list) else ():
                for value in self._of_branch(merged, key, branch, depth):
                    yield from _discriminated(value, merged, branch)
        if merged is not schema:
            yield from stated_values(merged)
        types = types_of(merged) or (_guessed(merged),)
        for name in types:
            try:
                yield from self._of_type(name, merged, depth)
            except NoValueError:
                continue
        if "null" in types or merged.get("nullable") is True:
            yield None

    def _of_branch(self, merged: Schema, key: str, branch: Json, depth: int) -> Iterator[Json]:
        """Values of the schema with one of its alternatives chosen."""
        rest = {name: value for name, value in merged.items() if name != key}
        try:
            yield self.make(self._merged({"allOf": [rest, branch]}), depth + 1)
        except NoValueError:
            return

    def _merged(self, schema: Schema, depth: int = 0) -> Schema:
        """The schema with those of its `allOf` in it."""
        parts = schema.get("allOf")
        if not isinstance(parts, list) or depth > MAX_DEPTH:
            return schema
        whole: dict[str, Json] = {}
        own = {key: value for key, value in schema.items() if key != "allOf"}
        for part in (*(self._merged(self.references.resolve(part), depth + 1) for part in parts), own):
            for key, value in part.items():
                whole[key] = _joined(key, whole.get(key), value)
        return whole

    def _of_type(self, name: str, schema: Schema, depth: int) -> Iterator[Json]:
        if name == "string":
            yield from _texts(schema)
        elif name in ("integer", "number"):
            yield from _numbers(schema, whole=name == "integer")
        elif name == "boolean":
            yield from (True, False)
        elif name == "array":
            yield self._list(schema, depth)
        elif name == "object":
            yield from self._maps(schema, depth)
        elif name != "null":  # a type that OpenAPI does not have, such as `int`
            yield from (1, "perfgate")

    def _list(self, schema: Schema, depth: int) -> list[Json]:
        least = schema.get("minItems")
        number = least if isinstance(least, int) else 0
        items = schema.get("items", {})
        if not number:
            try:
                return [self.make(items, depth + 1)] if schema.get("maxItems") != 0 else []
            except NoValueError:
                return []
        first = self.make(items, depth + 1)
        if number == 1 or schema.get("uniqueItems") is not True:
            return [first] * number
        others = [value for value in self._several(items, first) if value != first]
        if len(others) < number - 1:
            raise NoValueError("its list needs items that all differ")
        return [first, *others[: number - 1]]

    def _several(self, items: Json, first: Json) -> Iterator[Json]:
        """More values like the first."""
        schema = self.references.resolve(items)
        allowed = schema.get("enum")
        yield from allowed if isinstance(allowed, list) else ()
        for number in range(2, 30):
            other = first + number if isinstance(first, int | float) else f"{first}{number}"
            if is_valid(other, schema, self.references):
                yield other

    def _maps(self, schema: Schema, depth: int) -> Iterator[dict[str, Json]]:
        """Maps with what is required; then, where that is not enough, with all properties."""
        properties = schema.get("properties")
        known = properties if isinstance(properties, dict) else {}
        required = schema.get("required")
        needed = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        least = {name: self.make(known.get(name, {}), depth + 1) for name in needed}
        yield least | self._exemplary(known, least)
        yield least
        for name, inner in known.items():
            if name not in least:
                try:
                    least = {**least, name: self.make(inner, depth + 1)}
                except NoValueError:
                    continue
                yield least
        more = schema.get("additionalProperties")
        yield {**least, "key": self.make(more if isinstance(more, dict) else {}, depth + 1)}

    def _exemplary(self, known: Mapping[str, Json], least: Mapping[str, Json]) -> dict[str, Json]:
        """The optional properties that have an example of their own."""
        shown = {}
        for name, node in known.items():
            schema = self.references.resolve(node)
            if name in least or schema.get("readOnly") is True:
                continue
            for example in stated_values({key: value for key, value in schema.items() if key != "default"}):
                if example is not None and is_valid(example, schema, self.references):
                    shown[name] = example
                    break
        return shown


def _discriminated(value: Json, schema: Schema, branch: Json) -> Iterator[Json]:
    """The value with the name of its alternative, where a discriminator needs one; then as it is."""
    node = schema.get("discriminator")
    discriminator = node if isinstance(node, dict) else {}
    field = discriminator.get("propertyName")
    reference = branch.get("$ref") if isinstance(branch, dict) else None
    if isinstance(value, dict) and isinstance(field, str) and isinstance(reference, str):
        short, mapping = reference.rpartition("/")[2], discriminator.get("mapping")
        names = mapping.items() if isinstance(mapping, dict) else ()
        yield {**value, field: next((name for name, ref in names if ref in (reference, short)), short)}
    yield value


def stated_values(schema: Schema) -> Iterator[Json]:
    """What the schema itself shows: its example, examples, constant and default."""
    for key in ("const", "example"):
        if key in schema:
            yield schema[key]
    if isinstance(schema.get("examples"), list):
        yield from schema["examples"]
    if "default" in schema:
        yield schema["default"]


def _joined(key: str, item: Json, other: Json) -> Json:
    """The value of a key that two schemas have."""
    if isinstance(item, dict) and isinstance(other, dict) and key == "properties":
        return {**item, **other}
    if isinstance(item, list) and isinstance(other, list) and key == "required":
        return list(dict.fromkeys([*item, *other]))
    return other


def _guessed(schema: Schema) -> str:
    """The type of a schema that does not say it."""
    if "properties" in schema or "additionalProperties" in schema or "required" in schema:
        return "object"
    if "items" in schema:
        return "array"
    return "number" if {"minimum", "maximum"} & schema.keys() else "string"


def _texts(schema: Schema) -> Iterator[str]:
    min_length, max_length = (schema.get(key) for key in ("minLength", "maxLength"))
    low = min_length if isinstance(min_length, int) else 0
    high = max_length if isinstance(max_length, int) else 10_000
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        for number in (low, 1):
            if (text := matching(pattern, number)) is not None:
                yield text
    if example := EXAMPLES.get(str(schema.get("format", ""))):
        yield example
    for text in ("perfgate", "1", "https://example.org/"):
        yield (text * (low // len(text) + 1))[: max(low, min(high, len(text)))]
    yield ""


def _numbers(schema: Schema, *, whole: bool) -> Iterator[int | float]:
    low, high, step = (schema.get(key) for key in ("minimum", "maximum", "multipleOf"))
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(step, int | float) and step > 0:
        start = low if isinstance(low, int | float) else step
        yield math.ceil(start / step) * step
    yield 1
    for bound, change in ((low, 0), (low, 1), (above, 1), (high, 0), (high, -1), (below, -1)):
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            yield (math.ceil(bound) if change >= 0 else math.floor(bound)) + change if whole else bound + change / 2
            yield bound
    yield 0
