"""GraphQL operations: what is sent of them, with the query or, where the server knows it, with its hash.

Persisted queries as Apollo's clients and servers have agreed on them ("automatic persisted queries"), version 1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from perfgate.runtime.http.responses import Response
from perfgate.runtime.scenario.texts import HALF_CHARACTERS, Fill, FillPath, Values, json_filler

Body = Callable[[Values], bytes]
UNKNOWN_QUERY = (b"PersistedQueryNotFound", b"PERSISTED_QUERY_NOT_FOUND")


class GraphqlOperation(NamedTuple):
    """A document of one operation, with its name. `persisted`: only its hash is sent."""

    query: str
    name: str = ""
    persisted: bool = False


def operation(query: str, name: str = "", *, persisted: bool = False) -> GraphqlOperation:
    return GraphqlOperation(query, name, persisted)


class PersistedBody:
    """Calling it makes the body with the hash alone; `full` the one with the query, which registers it."""

    def __init__(self, item: GraphqlOperation, variables: Mapping[str, Any]) -> None:
        own = {"extensions": _extensions(item.query)} | _named(item)
        self._short: Fill = json_filler({"variables": dict(variables), **own})
        self._full: Fill = json_filler({"query": _literal(item.query), "variables": dict(variables), **own})

    def __call__(self, values: Values) -> bytes:
        return self._short(values).encode(errors=HALF_CHARACTERS)

    def full(self, values: Values) -> bytes:
        return self._full(values).encode(errors=HALF_CHARACTERS)


def operation_body(item: str | GraphqlOperation, variables: Mapping[str, Any]) -> Body:
    item = GraphqlOperation(item) if isinstance(item, str) else item
    if item.persisted:
        return PersistedBody(item, variables)
    fill = json_filler({"query": _literal(item.query), "variables": dict(variables), **_named(item)})
    return lambda values: fill(values).encode(errors=HALF_CHARACTERS)


def query_path(fill_path: FillPath, body: Body) -> FillPath:
    """A path whose query is what else would be the body (GraphQL over HTTP, section 6.2)."""

    def fill(values: Values, base: str) -> str:
        path = fill_path(values, base)
        parameters = {key: _parameter(value) for key, value in json.loads(body(values)).items() if value != {}}
        return f"{path}{'&' if '?' in path else '?'}{urlencode(parameters, quote_via=quote)}"

    return fill


def _parameter(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def is_unknown_query(response: Response) -> bool:
    """Whether the server does not know the hash of a query (yet, or any more)."""
    try:
        content = response.content
        return b'"errors"' in content and any(words in content for words in UNKNOWN_QUERY)
    except ValueError:
        return False


def _named(item: GraphqlOperation) -> dict[str, Any]:
    return {"operationName": _literal(item.name)} if item.name else {}


def _extensions(query: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
