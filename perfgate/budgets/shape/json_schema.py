"""The published JSON Schema (draft-07, which editors know best) of budget files, and questions about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from perfgate.budgets.shape.file_shape import FileShape
from perfgate.budgets.yaml.document import KeyPath

Schema = Mapping[str, Any]

EXTENSION = "x-"  # begins top-level keys that hold what you like, as in compose files
_LISTS = ("anyOf", "allOf")
_MAPS = ("properties", "definitions")
_ONE = ("items", "additionalProperties")
_DROPPED = ("title", "default")  # pydantic's: titles repeat the key, defaults are its internal None


class _AsWritten(GenerateJsonSchema):
    """Leaves keys, those of examples too, in the order in which they are written."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        return value


@cache
def schema() -> Schema:
    """JSON Schema draft-07 of budget files. It takes 0.2 s to make, and every mistake in a file is looked up in it."""
    made = _draft_7(FileShape.model_json_schema(schema_generator=_AsWritten))
    made["definitions"] = {name: {"title": _title(name), **inner} for name, inner in made["definitions"].items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "perfgate budget file",
        **made,
        "patternProperties": {f"^{EXTENSION}": {"description": "Anything: parts that other keys share by anchors."}},
    }


def _title(definition: str) -> str:
    """What an editor calls it where something else stands: `limits of p95` for `LevelsOf_p95`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", definition.removesuffix("Shape"))
    return spaced.lower().replace("levels of", "limits of").replace("web socket", "websocket")


def known_keys(root: Schema, path: KeyPath) -> Mapping[str, Schema]:
    """What `root` says about the keys of the map at `path`; empty where any key may stand."""
    at = root
    for part in path:
        if isinstance(part, int):
            at = _resolved(root, at, "array").get("items") or {}
        else:
            at = _resolved(root, at, "object")
            at = at.get("properties", {}).get(part) or at.get("additionalProperties") or {}
    properties: Mapping[str, Schema] = _resolved(root, at, "object").get("properties", {})
    return properties


def _draft_7(node: Schema) -> dict[str, Any]:
    """pydantic writes draft 2020-12. A `$ref` of draft-07 hides what stands beside it, hence the `allOf`."""
    changed: dict[str, Any] = {}
    for key, value in node.items():
        name = {"$defs": "definitions", "oneOf": "anyOf"}.get(key, key)
        if name in _DROPPED:
            continue
        if name in _MAPS:
            changed[name] = {key: _draft_7(inner) for key, inner in value.items()}
        elif name in _LISTS:
            changed[name] = [_draft_7(inner) for inner in value]
        elif name in _ONE and isinstance(value, dict):
            changed[name] = _draft_7(value)
        else:
            changed[name] = value.replace("#/$defs/", "#/definitions/") if key == "$ref" else value
    if "$ref" in changed and len(changed) > 1:
        changed["allOf"] = [{"$ref": changed.pop("$ref")}]
    return changed


def _resolved(root: Schema, node: Schema, kind: str) -> Schema:
    """The part of `node` that is about a map (`object`) or a list (`array`), behind references and alternatives."""
    if not isinstance(node, dict):
        return {}
    if reference := node.get("$ref"):
        return _resolved(root, root["definitions"][reference.removeprefix("#/definitions/")], kind)
    if node.get("type") == kind:
        return node
    alternatives = (_resolved(root, inner, kind) for key in _LISTS for inner in node.get(key, ()))
    return next(filter(None, alternatives), {})
