"""Parameters as they stand in a URL, header or cookie: OpenAPI's styles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from perfgate.init.openapi.operations import Parameter
from perfgate.init.proposal import Json


def as_text(value: Json) -> str:
    """A single value as a text: `true`, `7`, and what is nested as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def in_query(parameter: Parameter, value: Json) -> Iterator[tuple[str, str]]:
    """The pairs of name and value that a query parameter becomes, percent-encoded."""
    name = encoded(parameter.name)
    if parameter.as_json:
        yield name, encoded(as_text(value))
    elif isinstance(value, dict):
        yield from _map_in_query(parameter, name, value)
    elif isinstance(value, list):
        yield from _list_in_query(parameter, name, value)
    else:
        yield name, encoded(as_text(value))


def _map_in_query(parameter: Parameter, name: str, value: dict[str, Json]) -> Iterator[tuple[str, str]]:
    if parameter.style == "deepObject":
        for key, item in value.items():
            yield from _deep(f"{name}[{encoded(key)}]", item)
    elif parameter.explode:
        for key, item in value.items():
            yield encoded(key), encoded(as_text(item))
    else:
        yield name, ",".join(encoded(as_text(part)) for pair in value.items() for part in pair)


def _deep(name: str, value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _deep(f"{name}[{encoded(key)}]", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _deep(f"{name}[{index}]", item)
    else:
        yield name, encoded(as_text(value))


def _list_in_query(parameter: Parameter, name: str, value: list[Json]) -> Iterator[tuple[str, str]]:
    items = [encoded(as_text(item)) for item in value]
    separator = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}.get(parameter.style, ",")
    if parameter.style == "deepObject":
        yield from ((f"{name}[{index}]", item) for index, item in enumerate(items))
    elif parameter.explode:
        yield from ((name, item) for item in items)
    elif items:
        yield name, separator.join(items)


def in_path(parameter: Parameter, value: Json) -> str:
    """The text of a path parameter, before it is percent-encoded."""
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    if isinstance(value, dict):
        if parameter.explode:
            return ",".join(f"{key}={as_text(item)}" for key, item in value.items())
        return ",".join(as_text(part) for pair in value.items() for part in pair)
    return as_text(value)


def encoded(text: str) -> str:
    """The text as a part of a query string, without any character that separates parts."""
    return quote(text, safe="-._~:@!$()*/", errors="replace")
