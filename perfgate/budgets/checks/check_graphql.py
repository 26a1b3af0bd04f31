"""Checks of GraphQL documents, which may be in files, and of the clients that send them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from perfgate.budgets.convert import graphql
from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.convert.graphql import DocumentError
from perfgate.budgets.shape.graphql_shape import GraphqlShape
from perfgate.model.errors import Mistake


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
        yield draft.document.mistake(place, problem.message, hint=problem.hint)


def _clients(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    clients = endpoint.map("clients")
    if not clients:
        return
    if "variable" in clients and "graphql" not in endpoint.keys:
        message = "`variable` is one of a `graphql` query, and there is none"
        yield draft.document.mistake(endpoint.at("clients", "variable"), message, hint="write `header: NAME`", at="key")
    if endpoint.name in draft.used:
        message = f"`{endpoint.name}` is a step or a login, and `clients` are for what is sent on its own"
        yield draft.document.mistake(endpoint.at("clients"), message, hint="remove `clients`", at="key")
    if "replay" in draft.map("load"):
        message = "a recording does not say which client it was: `clients` does not go with `replay`"
        yield draft.document.mistake(endpoint.at("clients"), message, hint="remove `clients`", at="key")
    names: Any = clients.get("names")
    for name in names if isinstance(names, (list, dict)) else ():
        if isinstance(name, str) and graphql.client_name(endpoint.name, name) in draft.endpoints_by_name:
            message = f"`{graphql.client_name(endpoint.name, name)}` is an endpoint too"
            yield draft.document.mistake(
                endpoint.at("clients"), message, hint="rename one: reports go by name", at="key"
            )
