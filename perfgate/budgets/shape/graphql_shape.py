"""The shape of `graphql`: a query, or a file of operations; and of `clients`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, Tag

from perfgate.budgets.shape.fields import (
    LIST,
    MAP,
    TEXT,
    MapOrList,
    MapOrText,
    Maybe,
    Shape,
    Weight,
    checked,
    optional,
    required,
)
from perfgate.budgets.shape.limits import EndpointBudget
from perfgate.budgets.shape.texts import Name, SentHeaderName, Text
from perfgate.text import template


def _one_source(value: Any) -> str:
    if len({"query", "file"} & value.model_fields_set) == 1:
        return ""
    return "takes either `query` or `file`\nfor example `{file: shop.graphql, operation: Search}`"


class GraphqlShape(Shape):
    query: Maybe[Text] = optional(
        "The document; it is not a template.", "query Search($q: String!) { search(q: $q) { id } }"
    )
    file: Maybe[Text] = optional(
        "A file with operations and fragments, relative to the budget file's folder.", "shop.graphql"
    )
    operation: Maybe[Text] = optional(
        "Which operation is sent. Default: the only one, or the one that is called like the endpoint.", "Search"
    )
    persisted: Maybe[bool] = optional(
        "Send the SHA-256 of the query instead of its text, and the text only where the server does not know it. "
        "Default: false.",
        True,
    )


Graphql = Annotated[Annotated[GraphqlShape, checked(_one_source), Tag(MAP)] | Annotated[Text, Tag(TEXT)], MapOrText]


class ClientShape(Shape):
    weight: Maybe[Weight] = optional("Its share of the endpoint's. Default: 1.", 3)
    budget: Maybe[EndpointBudget] = optional("Limits that differ from the endpoint's.", {"size": "20kB"})


def _place(value: Any) -> str:
    if len({"header", "variable"} & value.model_fields_set) == 1:
        return ""
    hint = "for example `header: apollographql-client-name`"
    return f"takes either `header` or `variable`: where the client's name stands\n{hint}"


def _variable(name: str) -> str:
    return "" if template.is_name(name) else f"`{name}` is not the name of a variable"


class ClientsShape(Shape):
    header: Maybe[SentHeaderName] = optional("The header that carries the client's name.", "apollographql-client-name")
    variable: Maybe[Annotated[str, checked(_variable)]] = optional("The GraphQL variable that carries it.", "client")
    names: Annotated[
        Annotated[dict[Name, ClientShape], Field(min_length=1), Tag(MAP)]
        | Annotated[list[Name], Field(min_length=1), Tag(LIST)],
        MapOrList,
    ] = required(
        "The clients, each of which is measured and judged by itself.",
        ["web", "ios"],
        {"web": {"weight": 3}, "ios": {}},
    )


Clients = Annotated[ClientsShape, checked(_place)]
