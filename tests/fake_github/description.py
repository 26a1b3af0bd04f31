"""GitHub's own OpenAPI description (trimmed): which requests there are, and whether requests and answers fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

HERE = Path(__file__).parent
DOTCOM, GHES = "api.github.com", "ghes-3.17"
ALWAYS_POSSIBLE = {
    301,
    307,
    401,
    403,
    404,
    422,
    429,
    500,
    502,
    503,
}  # not listed for every operation, yet any may answer so


@dataclass(frozen=True, kw_only=True)
class Operation:
    id: str
    pattern: re.Pattern[str]
    pointer: str  # of the operation in the description
    definition: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that the description knows. Path and query values have the types the description gives them."""

    operation: Operation
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any


class Description:
    def __init__(self, name: str) -> None:
        self.document = json.loads((HERE / "openapi" / f"{name}.json").read_text(encoding="utf-8"))
        resource = Resource(contents=self.document, specification=DRAFT4)
        self._registry: Registry[Any] = Registry().with_resource("urn:github", resource)
        self._operations = [
            (method.upper(), self._operation(path, method, definition))
            for path, item in sorted(self.document["paths"].items(), key=lambda one: (one[0].count("{"), one[0]))
            for method, definition in item.items()
        ]

    def _operation(self, path: str, method: str, definition: Mapping[str, Any]) -> Operation:
        many = {p["name"] for p in self._parameters(definition) if p.get("x-multi-segment")}
        many |= {"ref"} if path.startswith("/repos/{owner}/{repo}/git/ref") else set()
        parts = re.split(r"(\{\w+\})", path)
        pattern = "".join(
            f"(?P<{part[1:-1]}>{'.+' if part[1:-1] in many else '[^/]+'})" if part.startswith("{") else re.escape(part)
            for part in parts
        )
        escaped = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        return Operation(
            id=definition["operationId"],
            pattern=re.compile(pattern),
            pointer=f"/paths/{escaped}/{method}",
            definition=definition,
        )

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        for known, operation in self._operations:
            if known == method and (found := operation.pattern.fullmatch(path)):
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def example(self, operation: str) -> Any:
        """GitHub's own example of the answer, to be filled with what is true here."""
        definition = next(one.definition for _, one in self._operations if one.id == operation)
        success = next(r for status, r in definition["responses"].items() if status.startswith("2"))
        example = success["content"]["application/json"]["examples"]["default"]
        return self._followed(example)

    def _parameters(self, definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield from (self._followed(parameter) for parameter in definition.get("parameters", ()))

    def _followed(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            kind, name = node["$ref"].removeprefix("#/components/").split("/")
            node = self.document["components"][kind][name]
        return node

    # ------------------------------------------------------------------ what is wrong with ...

    def typed(self, operation: Operation, place: str, given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        """Path or query values with their types, and what is wrong with them."""
        known = {p["name"]: p for p in self._parameters(operation.definition) if p["in"] == place}
        values, wrong = {}, [f"unknown {place} parameter {name}" for name in given if name not in known]
        for name, parameter in known.items():
            if name not in given:
                wrong += [f"{place} parameter {name} is missing"] if parameter.get("required") else []
                continue
            kind = parameter["schema"].get("type")
            text = given[name]
            values[name] = int(text) if kind == "integer" and re.fullmatch(r"-?\d+", text) else text
            wrong += self._errors(parameter["schema"], values[name], f"{place} parameter {name}")
        return values, wrong

    def wrong_body(self, operation: Operation, body: Any) -> list[str]:
        asked = operation.definition.get("requestBody")
        if asked is None:
            return [] if body is None else [f"{operation.id} takes no body"]
        if body is None:
            return [f"{operation.id} needs a body"] if asked.get("required") else []
        schema = asked["content"]["application/json"]["schema"]
        pointer = f"{operation.pointer}/requestBody/content/application~1json/schema"
        names = set(self._property_names(schema))
        unknown = [f"unknown key {key}" for key in body if key not in names] if isinstance(body, dict) and names else []
        return unknown + self._errors({"$ref": f"urn:github#{pointer}"}, body, "body")

    def wrong_answer(self, operation: Operation, status: int, content_type: str, body: Any) -> list[str]:
        responses = operation.definition["responses"]
        if str(status) not in responses:
            if status not in ALWAYS_POSSIBLE:
                return [f"{operation.id} never answers {status}"]
            return self._errors({"$ref": "urn:github#/components/schemas/basic-error"}, body, f"answer {status}")
        response = responses[str(status)]
        pointer = f"{operation.pointer}/responses/{status}"
        if "$ref" in response:
            pointer, response = response["$ref"].removeprefix("#"), self._followed(response)
        if content_type.startswith("application/vnd.github.raw"):
            return []
        content = response.get("content", {})
        if not content:
            return [] if body is None else [f"answer {status} of {operation.id} has no body"]
        kind = "application/json" if "application/json" in content else next(iter(content))
        reference = f"urn:github#{pointer}/content/{kind.replace('/', '~1')}/schema"
        return self._errors({"$ref": reference}, body, f"answer {status} of {operation.id}")

    def _property_names(self, schema: Mapping[str, Any]) -> Iterator[str]:
        schema = self._followed(schema)
        yield from schema.get("properties", {})
        for branch in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
            yield from self._property_names(branch)

    def _errors(self, schema: Mapping[str, Any], value: Any, what: str) -> list[str]:
        reference = schema.get("$ref", "")
        if reference.startswith("#"):
            schema = {"$ref": f"urn:github{reference}"}
        validator = OAS30Validator(schema, registry=self._registry, format_checker=oas30_format_checker)
        return [f"{what}: {error.json_path}: {error.message[-300:]}" for error in validator.iter_errors(value)]


@cache
def description(name: str) -> Description:
    return Description(name)
