"""Checks of GraphQL documents and gRPC calls against what is declared in files, and of the clients that send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from perfgate.budgets.convert import graphql
from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.convert.graphql import DocumentError
from perfgate.budgets.shape.graphql_shape import GraphqlShape
from perfgate.budgets.shape.texts import split_request
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.errors import Mistake
from perfgate.text import proto
from perfgate.text.proto import ProtoError

GRPC_CODE = "PG-B050"


def check_graphql(draft: Draft) -> Iterator[Mistake]:
    for endpoint in draft.endpoints:
        yield from _document(draft, endpoint)
        yield from _clients(draft, endpoint)


def _document(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    written = endpoint.map("graphql")
    if not written:
        return
    try:
        graphql.body(GraphqlShape(**written), {}, endpoint.name, draft.folder)
    except ValidationError:
        return  # the shape has reported it
    except DocumentError as problem:
        place = endpoint.at("graphql", problem.key) if problem.key in written else endpoint.at("graphql")
        yield draft.document.mistake(place, problem.message, hint=problem.hint, code="PG-B046")


def _clients(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    clients = endpoint.map("clients")
    if not clients:
        return
    if "variable" in clients and "graphql" not in endpoint.keys:
        message = "`variable` is one of a `graphql` query, and there is none"
        yield draft.document.mistake(
            endpoint.at("clients", "variable"), message, hint="write `header: NAME`", at="key", code="PG-B046"
        )
    if endpoint.name in draft.used:
        message = f"`{endpoint.name}` is a step or a login, and `clients` are for what is sent on its own"
        yield draft.document.mistake(endpoint.at("clients"), message, hint="remove `clients`", at="key", code="PG-B046")
    if "replay" in draft.map("load"):
        message = "a recording does not say which client it was: `clients` does not go with `replay`"
        yield draft.document.mistake(endpoint.at("clients"), message, hint="remove `clients`", at="key", code="PG-B046")
    names: Any = clients.get("names")
    for name in names if isinstance(names, (list, dict)) else ():
        if isinstance(name, str) and graphql.client_name(endpoint.name, name) in draft.endpoints_by_name:
            message = f"`{graphql.client_name(endpoint.name, name)}` is an endpoint too"
            yield draft.document.mistake(
                endpoint.at("clients"), message, hint="rename one: reports go by name", at="key", code="PG-B046"
            )


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
        yield draft.document.mistake(endpoint.at("request"), problem.message, hint=problem.hint, code=GRPC_CODE)
        return
    name = endpoint.map("grpc").get("proto")
    if isinstance(name, str) and name:
        yield from _declared(draft, endpoint, name, path)


def _declared(draft: Draft, endpoint: DraftEntry, name: str, path: str) -> Iterator[Mistake]:
    try:
        known = proto.declared(proto.files_of(proto.descriptor_set(draft.folder / name)))
    except ProtoError as problem:
        yield draft.document.mistake(endpoint.at("grpc", "proto"), problem.message, hint=problem.hint, code=GRPC_CODE)
        return
    try:
        method = proto.method_of(known, path)
    except ProtoError as problem:
        yield draft.document.mistake(endpoint.at("request"), problem.message, hint=problem.hint, code=GRPC_CODE)
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
            yield draft.document.mistake((*place, key), message, hint=hint, at="key", code=GRPC_CODE)
        elif field.message_type is not None and isinstance(value, dict) and not _is_map(field):
            yield from _fields(draft, (*place, key), value, field.message_type)


def _is_map(field: Any) -> bool:
    return bool(field.message_type.GetOptions().map_entry)
