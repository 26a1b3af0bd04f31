"""Shape of an endpoint -> Request, once a file has no mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from perfgate.budgets.convert.data_files import Tables
from perfgate.budgets.convert.expectations import condition_tests
from perfgate.budgets.convert.timeouts import TimeoutLimits
from perfgate.budgets.shape.file_shape import DefaultsShape
from perfgate.budgets.shape.request_shape import (
    UUID,
    CaptureShape,
    EndpointShape,
    ExpectShape,
    FilePartShape,
    SequenceShape,
    SourceShape,
    ValuesShape,
    WithShape,
)
from perfgate.budgets.shape.texts import split_request
from perfgate.model.budget_file import (
    Body,
    BodyKind,
    Capture,
    Expectation,
    FilePart,
    Json,
    Part,
    Request,
    Rows,
    Source,
    SourceKind,
    Test,
    Values,
)


def request(
    endpoint: EndpointShape,
    defaults: DefaultsShape | None,
    timeouts: TimeoutLimits,
    tables: Tables,
    document: Body | None = None,
) -> Request:
    """`document` is the body of a GraphQL endpoint."""
    defaults = defaults or DefaultsShape()
    method, path = split_request(endpoint.request or "")
    follow = defaults.follow_redirects if endpoint.follow_redirects is None else endpoint.follow_redirects
    captures = endpoint.capture or {}
    return Request(
        method=method,
        path=path,
        headers=_headers({**_usual_headers(endpoint), **(defaults.headers or {})}, endpoint.headers or {}),
        body=document or _body(endpoint),
        values=_values(endpoint.with_, tables) if endpoint.with_ else Values(),
        expect=tuple(_expectations(endpoint.expect)) if endpoint.expect else (),
        capture={name: _capture(capture) for name, capture in captures.items()},
        timeout=timeouts.total,
        connect_timeout=timeouts.connect,
        first_byte_timeout=timeouts.first_byte,
        follow_redirects=bool(follow),
    )


def _usual_headers(endpoint: EndpointShape) -> dict[str, str]:
    """Returns the headers of an event stream: what is compressed may come late."""
    return {"Accept": "text/event-stream", "Accept-Encoding": "identity"} if endpoint.events else {}


def _headers(defaults: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Header names have no case: an endpoint's `authorization` replaces the default `Authorization`."""
    text = {name.lower() for name in own}
    return {name: value for name, value in defaults.items() if name.lower() not in text} | dict(own)


def _body(endpoint: EndpointShape) -> Body | None:
    if endpoint.multipart is not None:
        return Body(kind=BodyKind.MULTIPART, content={name: _part(part) for name, part in endpoint.multipart.items()})
    for kind, content in (
        (BodyKind.JSON, endpoint.json_),
        (BodyKind.FORM, endpoint.form),
        (BodyKind.RAW, endpoint.body),
    ):
        if content is not None:
            return Body(kind=kind, content=content)
    return None


def _part(part: FilePartShape | str) -> FilePart | str:
    if isinstance(part, str):
        return part
    name = part.name or PurePath(part.file).name
    return FilePart(path=part.file, filename=name, content_type=part.type or "application/octet-stream")


def _values(values: ValuesShape, tables: Tables) -> Values:
    sources: dict[str, Any] = values.model_extra or {}
    rows = None
    if isinstance(values, WithShape) and values.from_:
        table = tables[values.from_, values.separator or Rows.separator]
        rows = Rows(
            path=values.from_,
            columns=table.columns,
            once=bool(values.once),
            per=values.per or Rows.per,
            separator=values.separator or Rows.separator,
        )
    return Values(sources={name: _source(source) for name, source in sources.items()}, rows=rows)


def _source(source: SourceShape | Json) -> Source:
    if not isinstance(source, SourceShape):
        return Source(kind=SourceKind.UUID) if source == UUID else _make(SourceKind.CONSTANT, source)
    if source.between is not None:
        low, high = source.between
        whole = isinstance(low, int) and isinstance(high, int)
        return _make(SourceKind.BETWEEN, *((low, high) if whole else (float(low), float(high))))
    if source.choice is not None:
        return _make(SourceKind.CHOICE, *source.choice)
    if source.env is not None:
        return _make(SourceKind.ENVIRONMENT, *(text for text in (source.env, source.default) if text is not None))
    if isinstance(source.sequence, SequenceShape):
        start, step = source.sequence.start, source.sequence.step
        return _make(SourceKind.SEQUENCE, 1 if start is None else start, 1 if step is None else step)
    return _make(SourceKind.SEQUENCE, source.sequence, 1)


def _make(kind: SourceKind, *arguments: Json) -> Source:
    return Source(kind=kind, arguments=arguments)


def _expectations(expect: ExpectShape) -> Iterator[Expectation]:
    if expect.status is not None:
        yield Expectation(part=Part.STATUS, test=Test.EQUALS, argument=tuple(expect.status))
    for name, condition in (expect.header or {}).items():
        yield from condition_tests(Part.HEADER, condition, name)
    for path, json_condition in (expect.json_ or {}).items():
        yield from condition_tests(Part.JSON, json_condition, path)
    if expect.text is not None:
        yield from condition_tests(Part.TEXT, expect.text)
    for pattern in expect.regex or ():
        yield Expectation(part=Part.REGEX, test=Test.EXISTS, argument=True, name=pattern)


def _capture(capture: CaptureShape | str) -> Capture:
    if isinstance(capture, str):
        return Capture(part=Part.JSON, name=capture)
    for part, name in (
        (Part.JSON, capture.json_),
        (Part.HEADER, capture.header),
        (Part.REGEX, capture.regex),
    ):
        if name is not None:
            return Capture(part=part, name=name)
    return Capture(part=Part.COOKIE, name=capture.cookie or "")
