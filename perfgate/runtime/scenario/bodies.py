"""Bodies of requests, each compiled once into a function of the values: JSON, GraphQL, forms, multipart, text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from perfgate.runtime.scenario.graphql import Body, GraphqlOperation, operation_body
from perfgate.runtime.scenario.json_paths import MISSING
from perfgate.runtime.scenario.texts import HALF_CHARACTERS, LINE_BREAK, Fill, Text, Values, json_filler

BOUNDARY = "perfgate-5f2c1a7e9b3d"


class File(NamedTuple):
    """A file of a multipart body."""

    content: bytes
    filename: str
    content_type: str


def file(path: str | Path, filename: str, content_type: str = "application/octet-stream") -> File:
    """A file to send in a multipart body; read once."""
    return File(Path(path).read_bytes(), filename, content_type)


def body_maker(
    json: Any,
    form: Mapping[str, str] | None,
    multipart: Mapping[str, str | File] | None,
    body: str | None,
    graphql: str | GraphqlOperation | None,
    variables: Mapping[str, Any] | None,
) -> tuple[str, Body | None]:
    """The content type and the maker of the one body given, if any."""
    if json is not MISSING:
        return "application/json", _encoded(json_filler(json), HALF_CHARACTERS)
    if graphql is not None:
        return "application/json", operation_body(graphql, variables or {})
    if form is not None:
        return "application/x-www-form-urlencoded", _encoded(_form_filler(form))
    if multipart is not None:
        return f"multipart/form-data; boundary={BOUNDARY}", _multipart_maker(multipart)
    if body is not None:
        return "", _encoded(Text(body).fill)
    return "", None


def _encoded(fill: Fill, errors: str = "strict") -> Body:
    return lambda values: fill(values).encode(errors=errors)


def _form_filler(form: Mapping[str, str]) -> Fill:
    fields = [(quote_plus(key), Text(str(value))) for key, value in form.items()]
    return lambda values: "&".join(f"{key}={quote_plus(text.fill(values))}" for key, text in fields)


def _multipart_maker(fields: Mapping[str, str | File]) -> Body:
    parts = [
        (_part_head(name, field), field.content if isinstance(field, File) else Text(field))
        for name, field in fields.items()
    ]

    def make(values: Values) -> bytes:
        chunks = []
        for head, content in parts:
            chunks += [head, content if isinstance(content, bytes) else content.fill(values).encode(), b"\r\n"]
        return b"".join([*chunks, f"--{BOUNDARY}--\r\n".encode()])

    return make


def _part_head(name: str, field: str | File) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if isinstance(field, File):
        head += f'; filename="{_quoted(field.filename)}"\r\nContent-Type: {LINE_BREAK.sub("", field.content_type)}'
    return f"{head}\r\n\r\n".encode()


def _quoted(text: str) -> str:
    """Quotes names like browsers do in multipart bodies (WHATWG HTML, multipart/form-data encoding)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
