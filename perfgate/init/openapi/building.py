"""An operation as an endpoint: its path with values, query, headers, credentials and body."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.init import naming, templating
from perfgate.init.openapi.bodies import Sent, request_body
from perfgate.init.openapi.captures import HOLE
from perfgate.init.openapi.operations import Operation, Parameter
from perfgate.init.openapi.security import Credentials
from perfgate.init.openapi.serializing import as_text, encoded, in_path, in_query
from perfgate.init.openapi.values import ExampleValues, NoValueError
from perfgate.init.proposal import Endpoint, Json

NOT_A_PARAMETER = ("accept", "content-type", "authorization")  # header parameters of these names say nothing
OWN_HEADERS = ("content-length", "transfer-encoding", "host", "connection")  # that the client sets itself
MAX_NAME_CHARS = 60


def build(
    operation: Operation, name: str, values: ExampleValues, captured: Mapping[str, str], access: Credentials
) -> Endpoint:
    """The endpoint. `captured` has the names of values, by path prefix, that an earlier step captures.

    Raises NoValueError naming the part for which no valid value could be made.
    """
    path, drawn = _path(operation, values, captured)
    pairs: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for parameter in operation.parameters:
        if parameter.place == "path" or not _is_wanted(parameter):
            continue
        value = _value(parameter, values)
        if parameter.place == "query":
            pairs += in_query(parameter, value)
        elif parameter.place == "header" and parameter.name.lower() not in NOT_A_PARAMETER:
            headers |= _header(parameter, value)
        elif parameter.place == "cookie":
            cookies.append(f"{parameter.name}={templating.literal(_one_line(in_path(parameter, value)))}")
    pairs += [(encoded(key), hole) for key, hole in access.query.items()]
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    body = request_body(operation.bodies, values) if operation.method not in ("GET", "HEAD") else None
    return Endpoint(
        name=name,
        method=operation.method,
        path=path + templating.query(pairs),
        headers=templating.merged_headers(headers, _content_type(body), access.headers),
        body_key=body.key if body else "",
        body=body.value if body else None,
        values=drawn,
        comment=_comment(operation),
    )


def name_of(operation: Operation, uses: Mapping[str, int]) -> str:
    """The operation's own name where it is short enough and no other has it, else its method and path. `wanted` has
    how many operations have each name."""
    fits = 0 < len(operation.name) <= MAX_NAME_CHARS and uses[operation.name] == 1
    return operation.name if fits else naming.of_request(operation.method, operation.path)


def _comment(operation: Operation) -> str:
    return "deprecated, says the document" if operation.deprecated else ""


def _content_type(body: Sent | None) -> dict[str, str]:
    return {"Content-Type": body.content_type} if body and body.content_type else {}


def _is_wanted(parameter: Parameter) -> bool:
    """Whether it is required, or has an example of its own; with the rest the server has its defaults."""
    return parameter.required or bool(parameter.examples)


def _value(parameter: Parameter, values: ExampleValues) -> Json:
    try:
        return values.fitting(parameter.schema, iter(parameter.examples))
    except NoValueError as error:
        raise NoValueError(f"its {parameter.place} parameter `{parameter.name}`: {error}") from error


def _path(operation: Operation, values: ExampleValues, captured: Mapping[str, str]) -> tuple[str, dict[str, Json]]:
    """The path as a template, and what stands under `with` for it."""
    known = {parameter.name: parameter for parameter in operation.parameters if parameter.place == "path"}
    drawn: dict[str, Json] = {}
    written: list[str] = []
    segments = operation.path.partition("?")[0].partition("#")[0].split("/")
    for index, segment in enumerate(segments):
        prefix = "/".join(segments[: index + 1])
        text, end = "", 0
        for hole in HOLE.finditer(segment):
            parameter = known.get(hole[1], _undescribed(hole[1]))
            name = captured.get(prefix, "")
            if not name:
                name = naming.value_name(hole[1])
                drawn[name] = _path_value(parameter, values)
            text += templating.path_text(segment[end : hole.start()]) + _lead(parameter) + f"{{{name}}}"
            end = hole.end()
        written.append(text + templating.path_text(segment[end:]))
    path = "/".join(written)
    return path if path.startswith("/") else f"/{path}", drawn


def _undescribed(name: str) -> Parameter:
    return Parameter(name=name, place="path", required=True, schema={"type": "string"}, style="simple", explode=False)


def _lead(parameter: Parameter) -> str:
    return {"label": ".", "matrix": f";{parameter.name}="}.get(parameter.style, "")


def _path_value(parameter: Parameter, values: ExampleValues) -> Json:
    value = _value(parameter, values)
    plain = value if isinstance(value, int | float) and not isinstance(value, bool) else in_path(parameter, value)
    if not as_text(plain):
        raise NoValueError(f"its path parameter `{parameter.name}` would be empty")
    return plain


def _header(parameter: Parameter, value: Json) -> dict[str, str]:
    """Empty for a header that the client sets itself. Raises NoValueError for what is no header."""
    if parameter.name.lower() in OWN_HEADERS:
        return {}
    if not templating.is_header_name(parameter.name):
        raise NoValueError(f"its header parameter `{parameter.name}`: no header can be called so")
    return {parameter.name: templating.literal(_one_line(in_path(parameter, value)))}


def _one_line(text: str) -> str:
    """A header's value. Raises NoValueError where it cannot be one."""
    if any(character in text for character in "\r\n\0") or not text.isascii():
        raise NoValueError("a header cannot hold its value")
    return text.strip()
