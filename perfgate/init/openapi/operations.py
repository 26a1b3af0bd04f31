"""The operations of an OpenAPI 3.0 or 3.1 or Swagger 2 document, in one shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from perfgate.init.openapi.references import References
from perfgate.init.proposal import Json

METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace")
OF_PARAMETER = ("name", "in", "required", "description", "collectionFormat", "allowEmptyValue", "x-example")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter in a path, query, header or cookie. `style` is OpenAPI 3's, whichever version the document has."""

    name: str
    place: str
    required: bool
    schema: Json
    style: str
    explode: bool
    examples: tuple[Json, ...] = ()
    as_json: bool = False


@dataclass(frozen=True, kw_only=True)
class BodySchema:
    """A request body: one of the media types that the operation takes."""

    media_type: str
    schema: Json
    examples: tuple[Json, ...] = ()
    required: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)  # one is itself, and a key of maps
class Operation:
    method: str  # in upper case
    path: str  # as in the document
    name: str
    deprecated: bool = False
    parameters: tuple[Parameter, ...] = ()
    bodies: tuple[BodySchema, ...] = ()
    security: tuple[Sequence[str], ...] = ()  # alternatives; an empty one means that none is needed
    responses: Mapping[str, Json] = field(default_factory=dict)


def is_swagger(document: Mapping[str, Json]) -> bool:
    """Whether the document is of version 2."""
    return str(document.get("swagger", "")).startswith("2")


def operations(document: Mapping[str, Json], references: References) -> Iterator[Operation]:
    """Every operation, in the order of the document."""
    paths = document.get("paths")
    for path, node in paths.items() if isinstance(paths, dict) else ():
        item = references.resolve(node)
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield _operation(document, references, str(path), method, item)


def paths_elsewhere(document: Mapping[str, Json]) -> tuple[str, ...]:
    """The paths that another file describes."""
    paths = document.get("paths")
    written = paths.items() if isinstance(paths, dict) else ()
    references = ((path, node.get("$ref")) for path, node in written if isinstance(node, dict))
    return tuple(str(path) for path, ref in references if isinstance(ref, str) and not ref.startswith("#"))


def _operation(
    document: Mapping[str, Json], references: References, path: str, method: str, item: Mapping[str, Json]
) -> Operation:
    node: Mapping[str, Json] = item[method]
    by_place = {
        (written.get("name"), written.get("in")): written
        for entry in (*_listed(item.get("parameters")), *_listed(node.get("parameters")))
        if (written := references.resolve(entry))
    }
    all_written = list(by_place.values())
    required = node.get("security", document.get("security"))
    security = tuple(list(candidate) for candidate in _listed(required) if isinstance(candidate, dict))
    consumes = node.get("consumes", document.get("consumes"))
    swagger = is_swagger(document)
    return Operation(
        method=method.upper(),
        path=path,
        name=str(node.get("summary") or node.get("operationId") or "").strip().rstrip("."),
        deprecated=node.get("deprecated") is True,
        parameters=tuple(
            _parameter(candidate, references)
            for candidate in all_written
            if candidate.get("in") not in ("body", "formData")
        ),
        bodies=_bodies_of_swagger(all_written, consumes) if swagger else _bodies(node.get("requestBody"), references),
        security=security,
        responses=responses if isinstance(responses := node.get("responses"), dict) else {},
    )


def _listed(node: Json) -> list[Json]:
    return node if isinstance(node, list) else []


def _parameter(written: Mapping[str, Json], references: References) -> Parameter:
    place = str(written.get("in", "query"))
    content = written.get("content")
    schema, style, explode = written.get("schema"), written.get("style"), written.get("explode")
    examples = list(_examples(written, references))
    if isinstance(content, dict) and content:
        media = references.resolve(next(iter(content.values())))
        schema, examples = media.get("schema"), [*_examples(media, references), *examples]
    if schema is None and "type" in written:  # of Swagger 2
        schema = {key: value for key, value in written.items() if key not in OF_PARAMETER}
        style, explode = _style_of_swagger(written)
        examples += [written["x-example"]] if "x-example" in written else []
    style = style if isinstance(style, str) else "form" if place in ("query", "cookie") else "simple"
    return Parameter(
        name=str(written.get("name", "")),
        place=place,
        required=written.get("required") is True or place == "path",
        schema=schema if schema is not None else {},
        style=style,
        explode=explode if isinstance(explode, bool) else style == "form",
        examples=tuple(examples),
        as_json=isinstance(content, dict) and bool(content),
    )


def _style_of_swagger(written: Mapping[str, Json]) -> tuple[str, bool]:
    styles = {"ssv": ("spaceDelimited", False), "pipes": ("pipeDelimited", False), "multi": ("form", True)}
    plain = "form" if written.get("in") == "query" else "simple"
    return styles.get(str(written.get("collectionFormat")), (plain, False))


def _examples(node: Mapping[str, Json], references: References) -> Iterator[Json]:
    if "example" in node:
        yield node["example"]
    several = node.get("examples")
    for entry in several.values() if isinstance(several, dict) else ():
        example = references.resolve(entry)
        if "value" in example:
            yield example["value"]


def _bodies(node: Json, references: References) -> tuple[BodySchema, ...]:
    body = references.resolve(node)
    content = body.get("content")
    written = content if isinstance(content, dict) else {}
    medias = {str(name): references.resolve(media) for name, media in written.items()}
    return tuple(
        BodySchema(
            media_type=name,
            schema=media.get("schema", {}),
            examples=tuple(_examples(media, references)),
            required=body.get("required") is True,
        )
        for name, media in medias.items()
    )


def _bodies_of_swagger(parameters: Sequence[Mapping[str, Json]], consumes: Json) -> tuple[BodySchema, ...]:
    types = [name for name in _listed(consumes) if isinstance(name, str)]
    for parameter in parameters:
        if parameter.get("in") == "body":
            kind = next((name for name in types if "json" in name), types[0] if types else "application/json")
            return (
                BodySchema(
                    media_type=kind, schema=parameter.get("schema", {}), required=parameter.get("required") is True
                ),
            )
    fields = [parameter for parameter in parameters if parameter.get("in") == "formData"]
    if not fields:
        return ()
    has_file = any(item.get("type") == "file" for item in fields)
    form = "application/x-www-form-urlencoded"
    kind = "multipart/form-data" if has_file or form not in (types or [form]) else form
    schema = {
        "type": "object",
        "properties": {str(item.get("name")): _of_field(item) for item in fields},
        "required": [str(item.get("name")) for item in fields if item.get("required") is True],
    }
    return (BodySchema(media_type=kind, schema=schema, required=bool(schema["required"])),)


def _of_field(written: Mapping[str, Json]) -> Json:
    if written.get("type") == "file":
        return {"type": "string", "format": "binary"}
    return {key: value for key, value in written.items() if key not in OF_PARAMETER}
