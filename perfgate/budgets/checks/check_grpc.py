"""Checks of gRPC calls: the method and the fields of its message, against the .proto file that is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.shape.texts import split_request
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.errors import Mistake
from perfgate.text import proto
from perfgate.text.proto import ProtoError

CODE = "PG-B050"


def check_grpc(draft: Draft) -> Iterator[Mistake]:
    for endpoint in draft.endpoints:
        if "grpc" in endpoint.keys:
            yield from _call(draft, endpoint)


def _call(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    method, path = split_request(endpoint.text("request"))
    if not path:
        return  # the shape has reported it
    try:
        proto.split_method(path)
        if method != "POST":
            raise ProtoError(f"a gRPC call is a POST, not a {method}", f"write `POST {path}`")
        proto.require_extra()
    except ProtoError as problem:
        yield draft.document.mistake(endpoint.at("request"), problem.message, hint=problem.hint, code=CODE)
        return
    name = endpoint.map("grpc").get("proto")
    if isinstance(name, str) and name:
        yield from _declared(draft, endpoint, name, path)


def _declared(draft: Draft, endpoint: DraftEntry, name: str, path: str) -> Iterator[Mistake]:
    try:
        known = proto.declared(proto.files_of(proto.descriptor_set(draft.folder / name)))
    except ProtoError as problem:
        yield draft.document.mistake(endpoint.at("grpc", "proto"), problem.message, hint=problem.hint, code=CODE)
        return
    try:
        method = proto.method_of(known, path)
    except ProtoError as problem:
        yield draft.document.mistake(endpoint.at("request"), problem.message, hint=problem.hint, code=CODE)
        return
    yield from _fields(draft, endpoint.at("json"), endpoint.map("json"), method.input_type)


def _fields(draft: Draft, place: KeyPath, written: Mapping[str, Any], kind: Any) -> Iterator[Mistake]:
    """Fields that a message does not have. Well-known types have a JSON of their own."""
    if kind.full_name.startswith("google.protobuf."):
        return
    fields = {name: field for field in kind.fields for name in (field.name, field.json_name)}
    for key, value in written.items():
        field = fields.get(key)
        if field is None:
            similar = get_close_matches(key, list(fields), 1, 0.5) or sorted({one.name for one in kind.fields})[:5]
            hint = f"known: {', '.join(similar)}" if similar else "it has no fields"
            message = f"{kind.full_name} has no field {key}"
            yield draft.document.mistake((*place, key), message, hint=hint, at="key", code=CODE)
        elif field.message_type is not None and isinstance(value, dict) and not _is_map(field):
            yield from _fields(draft, (*place, key), value, field.message_type)


def _is_map(field: Any) -> bool:
    return bool(field.message_type.GetOptions().map_entry)
