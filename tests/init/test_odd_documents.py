"""Documents that say odd things: the file is valid all the same, and what cannot be sent is listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfgate import budgets, init

ODD = "Ünï: #1 {x} ${Y} 'q' \"w\"\nline"


def operation(**more: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "it"}}, **more}


def parameter(name: str, place: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "schema": {"type": "string", **schema}}


def body(schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


CASES: dict[str, tuple[dict[str, Any], int]] = {  # paths, and how many operations can be sent
    "names": ({path: {"get": operation(summary=path[1:])} for path in ("/yes", "/null", "/0123", "/" + ODD[:6])}, 4),
    "the same name twice": ({f"/{n}": {"get": operation(summary="it")} for n in range(3)}, 3),
    "odd path": ({"/ä b/{naïve id}/{from}{x.y}": {"get": operation(summary=ODD)}, "no-slash": {"get": operation()}}, 2),
    "query": ({"/a": {"get": operation(parameters=[parameter("q{x}", "query", example="${HOME} {a} &=#ü")])}}, 1),
    "header names": (
        {
            "/a": {"get": operation(parameters=[parameter("X Foo", "header")])},
            "/b": {"get": operation(parameters=[parameter("X-Ü", "header")])},
            "/c": {"get": operation(parameters=[parameter("Content-Length", "header")])},
            "/d": {"get": operation(parameters=[parameter("X-A", "header"), parameter("x-a", "header")])},
            "/e": {"get": operation(parameters=[parameter("X-A", "header", example="a\nb")])},
        },
        2,
    ),
    "braces": ({"/a": {"post": body({"type": "object", "example": {"${A}": "${{b}} }{", "{n}": None}})}}, 1),
    "huge number": ({"/a": {"post": body({"enum": [1e300]})}, "/b": {"post": body({"enum": [1e-300]})}}, 0),
    "form": ({"/a": {"post": body({"required": ['a"b'], "properties": {'a"b': {}}}, "multipart/form-data")}}, 0),
    "endless": ({"/a": {"post": body({"$ref": "#/components/schemas/R"})}, "/b": {"get": operation()}}, 1),
    "to itself": ({"/a": {"post": body({"$ref": "#/components/schemas/L"})}}, 1),
    "lost reference": ({"/a": {"post": body({"$ref": "other.yaml#/X"})}, "/b": {"$ref": "#/nowhere"}}, 1),
    "unknown type": ({"/a/{n}": {"get": operation(parameters=[parameter("n", "path", type="int")])}}, 1),
    "stream": ({"/a": {"get": {"responses": {"200": {"content": {"text/event-stream": {}}}}}}, "/b": {"get": {}}}, 1),
}
SCHEMAS = {
    "R": {"type": "object", "required": ["r"], "properties": {"r": {"$ref": "#/components/schemas/R"}}},
    "L": {"$ref": "#/components/schemas/L"},
}


@pytest.mark.parametrize("case", CASES)
def test_the_file_is_valid_all_the_same(case: str, tmp_path: Path):
    paths, number = CASES[case]
    document = {"openapi": "3.0.0", "info": {}, "paths": paths, "components": {"schemas": SCHEMAS}}
    source = init.source("x.json", json.dumps(document))

    proposal = init.convert(source, init.ProposalOptions(unsafe=True))
    (tmp_path / "budgets.yaml").write_text(init.write(proposal, init.Context(source=ODD)), encoding="utf-8")

    assert len(proposal.endpoints) == number
    operations = sum(method in ("get", "post") for item in paths.values() for method in item)
    assert len(proposal.omissions) == operations - number
    if number:
        budgets.check(tmp_path / "budgets.yaml", {})
