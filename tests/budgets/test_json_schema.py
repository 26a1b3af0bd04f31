"""The JSON Schema for editors: complete, right about valid files, and as strict as `read` about keys."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from perfgate import budgets
from perfgate.budgets.shape.json_schema import known_keys
from perfgate.model.metric import METRICS

VALID = sorted((Path(__file__).parent / "valid").glob("*.yaml"))
SCHEMA = budgets.schema()


def properties(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of the schema, with its path."""
    if isinstance(node, dict):
        for key, inner in node.items():
            if key == "properties":
                yield from ((f"{path}/{name}", schema) for name, schema in inner.items())
            if key != "examples":
                yield from properties(inner, f"{path}/{key}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from properties(inner, f"{path}/{index}")


def errors(data: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(SCHEMA).iter_errors(data)]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_it_is_a_draft_7_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert not {"$defs", "prefixItems", "oneOf"} & set(_keywords(SCHEMA))


def _keywords(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield key
            if key not in ("examples", "properties"):
                yield from _keywords(inner)
            elif key == "properties":
                for schema in inner.values():
                    yield from _keywords(schema)
    elif isinstance(node, list):
        for inner in node:
            yield from _keywords(inner)


@pytest.mark.parametrize(("path", "schema"), list(properties(SCHEMA)))
def test_every_property_is_explained_with_valid_examples(path: str, schema: dict[str, Any]) -> None:
    assert schema["description"].endswith(".")
    assert schema["examples"]
    validator = Draft7Validator({"definitions": SCHEMA["definitions"], **schema})
    for example in schema["examples"]:
        assert list(validator.iter_errors(example)) == []


def test_no_object_takes_unknown_keys() -> None:
    for name, definition in SCHEMA["definitions"].items():
        assert definition["type"] == "object"
        assert definition["additionalProperties"] is False or name in ("WithShape", "ValuesShape")
    assert SCHEMA["additionalProperties"] is False


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_files(path: Path, folder: Path) -> None:
    assert errors(load(path)) == []
    copied = folder / path.name
    copied.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert budgets.read(copied, {"API_TOKEN": "x"}).endpoints


def test_the_valid_files_use_every_key() -> None:
    used = {key for path in VALID for key in _keys(load(path))}
    assert {path.rsplit("/", 1)[1] for path, _ in properties(SCHEMA)} - used == set()


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        yield from data
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _keys(inner)


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("service",),
        ("load",),
        ("load", "stages", 0),
        ("load", "abort"),
        ("tls",),
        ("defaults",),
        ("defaults", "timeout"),
        ("defaults", "budget"),
        ("endpoints", "search"),
        ("endpoints", "search", "expect"),
        ("endpoints", "search", "expect", "header", "y"),
        ("endpoints", "search", "expect", "json", "$.total"),
        ("endpoints", "search", "budget"),
        ("endpoints", "search", "budget", "p95"),
        ("endpoints", "search", "with", "number"),
        ("endpoints", "log in", "capture", "also"),
        ("endpoints", "upload", "multipart", "photo"),
        ("journeys", "buy"),
        ("journeys", "buy", "steps", 1),
        ("journeys", "buy", "budget"),
        ("gate",),
        ("gate", "baseline"),
        ("gate", "floor"),
    ],
)
def test_unknown_keys(path: tuple[str | int, ...]) -> None:
    data = copy.deepcopy(load(Path(__file__).parent / "valid" / "everything.yaml"))
    inner: Any = data
    for part in path:
        inner = inner[part]
    inner["unknown_key"] = "x"
    assert errors(data)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("version", 2),
        ("target", 7),
        ("load", {"rate": 200, "duration": "30s"}),
        ("load", {"rate": "200", "duration": "30s"}),
        ("endpoints", {"a": {"request": "/", "budget": {"p95": "300"}}}),
        ("endpoints", {"a": {"request": "/", "budget": {"p95": "300ms, +10%"}}}),
        ("endpoints", {"a": {"request": "/", "budget": {"p95": "-10%"}}}),
        ("endpoints", {"a": {"request": "/", "timeout": 10}}),
        ("endpoints", {"a": {"request": "/", "timeout": {"total": 10}}}),
        ("defaults", {"timeout": {"connect": "1"}}),
        ("load", {"users": 1, "duration": "30s", "abort": {"errors": "50%"}}),
        ("load", {"users": 1, "duration": "30s", "abort": {"errors": "50", "for": "10s"}}),
        ("tls", {"insecure": "yes"}),
        ("client", "quick"),
        ("endpoints", {"a": None}),
        ("gate", {"inconclusive": "maybe"}),
        ("name", "a/b"),
        ("name", None),
    ],
)
def test_wrong_values(change: str, value: object) -> None:
    assert errors({**load(Path(__file__).parent / "valid" / "small.yaml"), change: value})


def test_what_is_required() -> None:
    assert SCHEMA["required"] == ["version", "target"]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("load", "stages", 0), {"rate", "users", "for"}),
        (("load", "abort"), {"errors", "for"}),
        (("endpoints", "any", "timeout"), {"total", "connect", "first_byte"}),
        (("endpoints", "any", "budget"), {name for name, metric in METRICS.items() if "endpoint" in metric.kinds}),
        (("pages", "any", "budget"), {name for name, metric in METRICS.items() if "page" in metric.kinds}),
        (("journeys", "any", 2), {"think"}),
        (("journeys", "any", "steps", 2), {"think"}),
        (("endpoints", "any", "with", "x"), {"between", "choice", "sequence", "env", "default"}),
        (("endpoints", "any", "json"), set()),
        (("allow", 0, "x"), set()),
    ],
)
def test_known_keys(path: tuple[str | int, ...], keys: set[str]) -> None:
    assert set(known_keys(SCHEMA, path)) == keys


def test_an_editor_calls_parts_of_the_schema_by_names_that_people_know():
    titles = [definition["title"] for definition in SCHEMA["definitions"].values()]

    assert {"limits of p95", "endpoint", "load", "websocket"} <= set(titles)
    assert not any("shape" in title or "_" in title for title in titles)
