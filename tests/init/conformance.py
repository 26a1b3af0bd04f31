"""Whether the requests of a proposal keep to the document they come from: by a library that perfgate does not use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import openapi_schema_validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4, DRAFT202012

from perfgate.init.openapi.operations import Operation, Parameter, operations
from perfgate.init.openapi.references import References
from perfgate.init.proposal import Endpoint, FileProposal

HERE = "urn:document"


class Judge:
    """Judges values by the schemas of one document."""

    def __init__(self, document: Any) -> None:
        self.document, self.references = document, References(document)
        newer = str(document.get("openapi", "")).startswith("3.1")
        self._kind: Any = openapi_schema_validator.OAS31Validator if newer else openapi_schema_validator.OAS30Validator
        resource = Resource.from_contents(absolute(document), default_specification=DRAFT202012 if newer else DRAFT4)
        self._registry = Registry().with_resource(HERE, resource)

    def problems(self, schema: Any, value: Any) -> list[str]:
        if schema is None:  # some documents leave it out: then everything is right
            return []
        validator = self._kind(absolute(schema), registry=self._registry, format_checker=self._kind.FORMAT_CHECKER)
        return [error.message for error in validator.iter_errors(value)]

    def type_of(self, schema: Any) -> Any:
        return self.references.resolve(schema).get("type")


def absolute(node: Any) -> Any:
    """With references that lead into the document, wherever the schema stands."""
    text = json.dumps(_without_discriminators(node))
    return json.loads(text.replace('"$ref": "#/', f'"$ref": "{HERE}#/'))


def _without_discriminators(node: Any) -> Any:
    """Some name files that are not there; `oneOf` says what they say."""
    if isinstance(node, list):
        return [_without_discriminators(item) for item in node]
    if not isinstance(node, dict):
        return node
    is_named = isinstance(node.get("discriminator"), dict)
    return {
        key: _without_discriminators(item) for key, item in node.items() if not (is_named and key == "discriminator")
    }


def problems(document: Any, proposal: FileProposal) -> list[str]:
    """What is wrong with the requests, one line each. An endpoint that no operation is like is a problem too."""
    judge = Judge(document)
    by_key: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations(document, judge.references):
        by_key.setdefault((operation.method, _shape(operation.path)), []).append(operation)
    found = []
    for endpoint in proposal.endpoints:
        alike = by_key.get((endpoint.method, unquote(_shape(endpoint.path))), [])
        attempts = [list(_of_endpoint(judge, operation, endpoint)) for operation in alike]
        best = min(attempts, key=len, default=["no operation has its method and path"])
        found += [f"{endpoint.request}: {problem}" for problem in best]
    return found


def _shape(path: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", path.partition("?")[0].partition("#")[0])


def _of_endpoint(judge: Judge, operation: Operation, endpoint: Endpoint) -> Iterator[str]:
    path, _, query = endpoint.path.partition("?")
    parameters = {(one.name, one.place): one for one in operation.parameters}
    for hole, name in zip(re.findall(r"\{(\w+)\}", path), re.findall(r"\{([^{}]+)\}", operation.path), strict=False):
        parameter = parameters.get((name, "path"))
        if parameter and hole in endpoint.values and judge.type_of(parameter.schema) not in ("array", "object"):
            value = _read(judge, parameter.schema, str(endpoint.values[hole]))
            yield from (f"{name}: {problem}" for problem in judge.problems(parameter.schema, value))
    sent: dict[str, list[str]] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        sent.setdefault(unquote(name), []).append(unquote(value))
    for parameter in parameters.values():
        if parameter.place == "query":
            yield from _of_query(judge, parameter, sent)
        elif _is_needed_header(parameter) and parameter.name not in endpoint.headers:
            yield f"the header {parameter.name} is missing"
    yield from _of_body(judge, operation, endpoint)


def _is_needed_header(parameter: Parameter) -> bool:
    ignored = ("accept", "content-type", "authorization")
    return parameter.place == "header" and parameter.required and parameter.name.lower() not in ignored


def _of_query(judge: Judge, parameter: Parameter, sent: dict[str, list[str]]) -> Iterator[str]:
    kind = judge.type_of(parameter.schema)
    values = sent.get(parameter.name)
    if kind == "object" or parameter.as_json:
        return
    if values is None:
        if parameter.required and kind != "array":
            yield f"{parameter.name} is missing"
        return
    if kind == "array":
        items = judge.references.resolve(parameter.schema).get("items", {})
        parts = values if parameter.explode else values[0].split(",")
        value: Any = [_read(judge, items, part) for part in parts]
    else:
        value = _read(judge, parameter.schema, values[0])
    yield from (f"{parameter.name}: {problem}" for problem in judge.problems(parameter.schema, value))


def _read(judge: Judge, schema: Any, text: str) -> Any:
    """The value that a text in a URL stands for: of a schema without a type, whatever fits it."""
    kind = judge.type_of(schema)
    if kind == "string":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if kind is None and judge.problems(schema, value) else value


def _of_body(judge: Judge, operation: Operation, endpoint: Endpoint) -> Iterator[str]:
    if endpoint.body_key == "json":
        schema = next(body.schema for body in operation.bodies if "json" in body.media_type or "*" in body.media_type)
        yield from judge.problems(schema, _without_doubled_braces(endpoint.body))
    elif endpoint.body_key in ("form", "multipart"):
        schema = next(body.schema for body in operation.bodies if "form" in body.media_type)
        missing = set(judge.references.resolve(schema).get("required", [])) - set(endpoint.body)
        yield from (f"the field {name} is missing" for name in sorted(missing))
    elif not endpoint.body_key and any(body.required for body in operation.bodies):
        yield "the body is missing"


def _without_doubled_braces(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_doubled_braces(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_doubled_braces(item) for item in value]
    return value.replace("{{", "{").replace("}}", "}") if isinstance(value, str) else value
