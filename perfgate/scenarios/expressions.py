"""The parts of a request as source: bodies, values, expectations, captures."""

from __future__ import annotations

from typing import Any

from perfgate.model.budget_file import (
    Body,
    BodyKind,
    Capture,
    Endpoint,
    Expectation,
    FilePart,
    Part,
    Request,
    Rows,
    Source,
    SourceKind,
    Test,
)
from perfgate.scenarios.source import Call, Code, quoted, template_tree, texts

DEFAULT_TIMEOUT = 10.0


def endpoint_call(endpoint: Endpoint, request: Request, root: str) -> Call:
    """`Endpoint(...)` with only what differs from the defaults; `root` leads from HERE to the budget file's folder."""
    keywords: dict[str, Any] = {}
    if request.headers:
        keywords["headers"] = {name: texts(value) for name, value in request.headers.items()}
    if request.body is not None:
        keywords |= _body(request.body, root)
    if request.values.sources:
        keywords["values"] = {name: _source(source) for name, source in request.values.sources.items()}
    if request.values.rows is not None:
        keywords["data"] = _rows(request.values.rows, root)
    if request.expect:
        keywords["expect"] = [_expectation(one) for one in request.expect]
    if request.capture:
        keywords["capture"] = {name: _capture(capture) for name, capture in request.capture.items()}
    if request.timeout != DEFAULT_TIMEOUT:
        keywords["timeout"] = request.timeout
    if request.follow_redirects:
        keywords["follow_redirects"] = True
    return Call("Endpoint", [endpoint.name, request.method, texts(request.path)], keywords)


def _body(body: Body, root: str) -> dict[str, Any]:
    if body.kind is BodyKind.GRAPHQL:
        variables = {"variables": template_tree(body.variables)} if body.variables else {}
        return {"graphql": body.content, **variables}
    if body.kind is BodyKind.RAW:
        return {"body": texts(body.content)}
    if body.kind is BodyKind.MULTIPART:
        fields = {
            name: _file(part, root) if isinstance(part, FilePart) else texts(part)
            for name, part in body.content.items()
        }
        return {"multipart": fields}
    return {body.kind.value: template_tree(body.content)}


def _file(part: FilePart, root: str) -> Call:
    return Call("file", [_path(root, part.path), part.filename, part.content_type])


def _rows(rows: Rows, root: str) -> Call:
    return Call("rows", [_path(root, rows.path)], {"once": True} if rows.once else {})


def _path(root: str, path: str) -> Code:
    return Code(f"HERE / {quoted(path if root in ('', '.') else f'{root}/{path}')}")


def _source(source: Source) -> Call:
    if source.kind is SourceKind.CONSTANT:
        return Call("always", source.arguments)
    if source.kind is SourceKind.SEQUENCE and tuple(source.arguments) == (1, 1):
        return Call("sequence")
    return Call(source.kind.value, source.arguments)


def _expectation(expectation: Expectation) -> Call:
    if expectation.part is Part.STATUS:
        return Call("status", expectation.argument)
    if expectation.part is Part.REGEX:
        return Call("regex", [expectation.name or expectation.argument])
    where = {Part.HEADER: "header", Part.JSON: "json_path", Part.TEXT: "text"}[expectation.part]
    named = [expectation.name] if expectation.part is not Part.TEXT else []
    if expectation.test is Test.EQUALS:
        return Call(where, [*named, expectation.argument])
    if expectation.test is Test.EXISTS and expectation.argument is True and named:
        return Call(where, named)
    return Call(where, named, {expectation.test.value: expectation.argument})


def _capture(capture: Capture) -> Any:
    if capture.part is Part.JSON:
        return capture.name
    return Call(f"from_{capture.part.value}", [capture.name])
