"""A request body of an operation as a key of the budget file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perfgate.init.openapi.operations import BodySchema
from perfgate.init.openapi.serializing import as_text
from perfgate.init.openapi.values import ExampleValues, NoValueError
from perfgate.init.proposal import Json
from perfgate.init.templating import literal, literal_json
from perfgate.init.yaml_text import is_writable

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A body as it is written. `content_type` is a header to add, empty where the key implies it."""

    key: str
    value: Json
    raw: Json  # as the schema has it
    content_type: str = ""


def request_body(bodies: tuple[BodySchema, ...], values: ExampleValues) -> Sent | None:
    """The body in the first media type that can be sent; None where it may be left out. Raises NoValueError."""
    failure = ""
    for body in sorted(bodies, key=_rank):
        try:
            return _sent(body, values)
        except NoValueError as error:
            failure = failure or f"its body ({body.media_type}): {error}"
    if any(body.required for body in bodies):
        raise NoValueError(failure)
    return None


def _rank(body: BodySchema) -> int:
    kinds = {"application/json": 0, FORM: 2, MULTIPART: 3}
    return kinds.get(body.media_type.partition(";")[0].strip(), 1 if "json" in body.media_type else 4)


def _sent(body: BodySchema, values: ExampleValues) -> Sent:
    kind = body.media_type.partition(";")[0].strip().lower()
    value = values.fitting(body.schema, iter(body.examples))
    if not is_writable(value):
        raise NoValueError("it has a number with too many digits")
    if kind.endswith("json") or kind in ("*/*", "application/*"):
        content_type = "" if kind in ("application/json", "*/*", "application/*") else kind
        return Sent(key="json", value=literal_json(value), raw=value, content_type=content_type)
    if kind in (FORM, MULTIPART):
        if not isinstance(value, dict):
            raise NoValueError("a form needs fields")
        if kind == MULTIPART and any(
            not name or re.search(r'["\x00-\x1f\x7f-\x9f\u2028\u2029]', name) for name in value
        ):
            raise NoValueError("a part of a form cannot be called so")
        # `a=1&a=2` of a list, as forms have it; a form of the budget file has each name once
        flat = {name: item[0] if _is_single(item) else item for name, item in value.items()}
        fields = {name: literal(as_text(item)) for name, item in flat.items()}
        return Sent(key="form" if kind == FORM else "multipart", value=fields, raw=value)
    if isinstance(value, str) and kind.startswith("text/"):
        return Sent(key="body", value=literal(value), raw=value, content_type=kind)
    raise NoValueError(f"bodies of the type {kind} cannot be made from a schema")


def _is_single(item: Json) -> bool:
    return isinstance(item, list) and len(item) == 1 and not isinstance(item[0], dict | list)
