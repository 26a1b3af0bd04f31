"""The parts of a request as source: texts, bodies, values, expectations, captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import Any

from perfgate.model.budget_file import (
    Body,
    BodyKind,
    Capture,
    Expectation,
    FilePart,
    Part,
    Request,
    Rows,
    Source,
    SourceKind,
    Test,
    Tls,
)
from perfgate.scenarios.source import Call, Code, Joined, number, pattern
from perfgate.text import template

HERE = "HERE"  # in a scenario's source: its folder
HEADERS = "HEADERS"  # and the headers that most of its requests have in common
ENV, URL_ENV = "env", "url_env"  # how a scenario reads an environment variable; the latter percent-encodes it

Headers = Mapping[str, str]


def endpoint_call(name: str, request: Request, *, root: str, common: Headers, tables: Mapping[Rows, str]) -> Call:
    """`Endpoint(...)` with only what differs from the defaults. `root` leads from HERE to the budget file's folder;
    `common` is what HEADERS holds, and `tables` are variables that hold rows."""
    keywords: dict[str, Any] = {}
    if request.headers:
        keywords["headers"] = _headers(request.headers, common)
    if request.body is not None:
        keywords |= _body(request.body, root)
    if request.values.sources:
        keywords["values"] = {key: _source(source) for key, source in request.values.sources.items()}
    if request.values.rows is not None:
        rows = request.values.rows
        keywords["data"] = Code(tables[rows]) if rows in tables else rows_call(rows, root)
    if request.expect:
        keywords["expect"] = [expectation_call(item) for item in request.expect]
    if request.capture:
        keywords["capture"] = {key: _capture(capture) for key, capture in request.capture.items()}
    if request.timeout != Request.timeout:
        keywords["timeout"] = number(request.timeout)
    if request.connect_timeout is not None:
        keywords["connect_timeout"] = number(request.connect_timeout)
    if request.first_byte_timeout is not None:
        keywords["first_byte_timeout"] = number(request.first_byte_timeout)
    if request.follow_redirects:
        keywords["follow_redirects"] = True
    return Call("Endpoint", [name, request.method, text(request.path, URL_ENV)], keywords)


def common_headers(requests: Collection[Request]) -> Headers:
    """The headers that stand in front of those of more than half of the requests; none for a single request."""
    common = Counter(tuple(request.headers.items()) for request in requests)
    for items, _ in common.most_common():
        headers = dict(items)
        users = sum(_begins_with(request.headers, headers) for request in requests)
        if headers and users > 1 and users > len(requests) / 2:
            return headers
    return {}


def _begins_with(headers: Headers, common: Headers) -> bool:
    return list(headers.items())[: len(common)] == list(common.items())


def _headers(headers: Headers, common: Headers) -> Any:
    if not common or not _begins_with(headers, common):
        return texts(headers)
    own = {name: value for name, value in headers.items() if name not in common}
    return Joined("|", [Code(HEADERS), texts(own)]) if own else Code(HEADERS)


def text(written: str, read: str = ENV) -> Any:
    """A text with `{x}` and `${X}` as source: holes stay in the literal, variables become reads of the environment."""
    operands: list[Any] = []
    literal = ""
    for part in template.parse(written):
        if isinstance(part, template.Variable):
            operands += [literal] if literal else []
            operands.append(environment(part, read))
            literal = ""
        elif isinstance(part, template.Value):
            literal += f"{{{part.name}}}"
        else:
            literal += part.text.replace("{", "{{").replace("}", "}}")
    operands += [literal] if literal or not operands else []
    return operands[0] if len(operands) == 1 else Joined("+", operands)


def environment(part: template.Variable, read: str = ENV) -> Call:
    return Call(read, [part.name] if part.default is None else [part.name, part.default])


def texts(value: Any) -> Any:
    """JSON in which every string is such a text."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {key: texts(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [texts(inner) for inner in value]
    return value


def _body(body: Body, root: str) -> dict[str, Any]:
    if body.kind is BodyKind.GRAPHQL:
        document = Call("operation", [body.content, body.operation], {"persisted": True} if body.persisted else {})
        return {"graphql": document if body.operation or body.persisted else body.content} | (
            {"variables": texts(body.variables)} if body.variables else {}
        )
    if body.kind is BodyKind.RAW:
        return {"body": text(body.content)}
    if body.kind is BodyKind.MULTIPART:
        fields = {
            name: _file(part, root) if isinstance(part, FilePart) else text(part) for name, part in body.content.items()
        }
        return {"multipart": fields}
    return {body.kind.value: texts(body.content)}


def _file(part: FilePart, root: str) -> Call:
    return Call("file", [file_path(root, part.path), part.filename, part.content_type])


def rows_call(rows: Rows, root: str) -> Call:
    keywords: dict[str, Any] = {"once": True} if rows.once else {}
    if rows.per != Rows.per:
        keywords["per"] = rows.per
    if rows.separator != Rows.separator:
        keywords["separator"] = rows.separator
    return Call("rows", [file_path(root, rows.path)], keywords)


def file_path(root: str, path: str) -> Joined:
    """An absolute path stands alone: `HERE / "/etc/ca.pem"` is that file."""
    return Joined("/", [Code(HERE), path if root == "." or PurePath(path).is_absolute() else f"{root}/{path}"])


def trust_call(tls: Tls, root: str) -> Call:
    """`TlsConfig(...)` with only what differs from the defaults."""
    files = {"ca": tls.ca, "certificate": tls.certificate, "key": tls.key}
    keywords: dict[str, Any] = {name: file_path(root, path) for name, path in files.items() if path}
    keywords |= {"insecure": True} if tls.insecure else {}
    return Call("TlsConfig", [], keywords | ({"server_name": tls.server_name} if tls.server_name else {}))


def _source(source: Source) -> Call:
    if source.kind is SourceKind.CONSTANT:
        return Call("always", source.arguments)
    if source.kind is SourceKind.SEQUENCE:
        start, step = source.arguments
        return Call("sequence", source.arguments if step != 1 else [start] if start != 1 else [])
    return Call(source.kind.value, source.arguments)


def expectation_call(expectation: Expectation) -> Call:
    if expectation.part is Part.STATUS:
        return Call("status", expectation.argument)
    if expectation.part is Part.REGEX:
        return Call("regex", [pattern(expectation.name)])
    where = {Part.HEADER: "header", Part.JSON: "json_path", Part.TEXT: "text"}[expectation.part]
    named = [expectation.name] if expectation.part is not Part.TEXT else []
    if expectation.test is Test.EQUALS:
        return Call(where, [*named, expectation.argument])
    if expectation.test is Test.EXISTS and expectation.argument is True and named:
        return Call(where, named)
    argument = pattern(expectation.argument) if expectation.test is Test.MATCHES else expectation.argument
    return Call(where, named, {expectation.test.value: argument})


def _capture(capture: Capture) -> Any:
    if capture.part is Part.JSON:
        return capture.name
    return Call(f"from_{capture.part.value}", [pattern(capture.name) if capture.part is Part.REGEX else capture.name])
