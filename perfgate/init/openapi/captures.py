"""Where ids come from: a list endpoint whose answers hold what the path of another needs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfgate.init import naming
from perfgate.init.openapi.operations import Operation
from perfgate.init.openapi.references import References
from perfgate.init.openapi.validity import types_of
from perfgate.init.proposal import Json

LISTS = ("items", "data", "results", "value", "values", "list", "entries", "records", "content")
HOLE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, kw_only=True)
class Link:
    """The path prefix whose last part is an id, and the JSONPath by which the list in front of it gives one."""

    list_path: str
    json_path: str


def links(operations: Sequence[Operation], references: References) -> dict[str, Link]:
    """Links by path prefix, such as `/items/{id}`: to the list that shows its ids."""
    lists = {operation.path.rstrip("/") or "/": operation for operation in operations if operation.method == "GET"}
    by_prefix: dict[str, Link] = {}
    for prefix in dict.fromkeys(prefix for operation in operations for prefix in prefixes(operation.path)):
        before, _, last = prefix.rpartition("/")
        source = lists.get(before)
        hole = HOLE.fullmatch(last)
        if source is None or hole is None:
            continue
        if json_path := _json_path(source, hole[1], before, references):
            by_prefix[prefix] = Link(list_path=source.path, json_path=json_path)
    return by_prefix


def prefixes(path: str) -> list[str]:
    """The beginnings of a path that end with a parameter: of `/a/{x}/b/{y}` they are `/a/{x}` and the whole."""
    parts = path.split("/")
    return ["/".join(parts[: index + 1]) for index, part in enumerate(parts) if HOLE.search(part)]


def _json_path(operation: Operation, name: str, before: str, references: References) -> str:
    """Where the answer of a list has the first id, empty where its schema does not show it."""
    schema = _answer(operation, references)
    if "array" in types_of(schema) or "items" in schema:
        field = _id_field(references.resolve(schema.get("items")), name, before, references)
        return f"$[0].{field}" if field else ""
    properties = _properties(schema, references)
    resource = before.rpartition("/")[2]
    for key in sorted(properties, key=lambda key: (key not in (resource, *LISTS), key)):
        inner = references.resolve(properties[key])
        if "array" in types_of(inner) and re.fullmatch(r"[A-Za-z_]\w*", key):
            field = _id_field(references.resolve(inner.get("items")), name, before, references)
            if field and (key in (resource, *LISTS) or len(properties) == 1):
                return f"$.{key}[0].{field}"
    return ""


def _answer(operation: Operation, references: References) -> Mapping[str, Json]:
    """The schema of the JSON that a success has."""
    status = next((key for key in ("200", "2XX", "default") if key in operation.responses), "")
    response = references.resolve(operation.responses.get(status))
    if "schema" in response:  # of Swagger 2
        return references.resolve(response["schema"])
    content = response.get("content")
    medias = content if isinstance(content, dict) else {}
    media = next((value for key, value in medias.items() if "json" in key or key == "*/*"), None)
    return references.resolve(references.resolve(media).get("schema"))


def _properties(schema: Mapping[str, Json], references: References, depth: int = 0) -> dict[str, Json]:
    own = schema.get("properties")
    properties = dict(own) if isinstance(own, dict) else {}
    parts = schema.get("allOf")
    if isinstance(parts, list) and depth < 5:
        for part in parts:
            properties |= _properties(references.resolve(part), references, depth + 1)
    return properties


def _id_field(item: Mapping[str, Json], name: str, before: str, references: References) -> str:
    """The property of an item that the parameter `name` means: of that name, or `id` for `itemId`."""
    properties = _properties(item, references)
    resource = naming.singular(before.rpartition("/")[2])
    spelled = {_plain(key): key for key in properties}
    for candidate in (name, _without(name, resource)):
        key = spelled.get(_plain(candidate))
        if key and re.fullmatch(r"[A-Za-z_]\w*", key) and _is_scalar(references.resolve(properties[key])):
            return key
    return ""


def _is_scalar(schema: Mapping[str, Json]) -> bool:
    return not types_of(schema) or bool({"string", "integer", "number"} & set(types_of(schema)))


def _without(name: str, resource: str) -> str:
    """The name without the resource in front: of `item_id` in `/items` it is `id`."""
    plain, front = _plain(name), _plain(resource)
    return plain.removeprefix(front) if front and plain != front else plain


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
