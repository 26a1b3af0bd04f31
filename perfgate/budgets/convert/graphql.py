"""`graphql` of an endpoint -> the document that is sent; `clients` -> one endpoint for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from perfgate.budgets.convert.data_files import file_problem
from perfgate.budgets.shape.graphql_shape import ClientShape, ClientsShape, GraphqlShape
from perfgate.budgets.shape.limits import criteria
from perfgate.model.budget_file import Body, BodyKind, Budget, Endpoint, Json, Request
from perfgate.model.metric import METRICS
from perfgate.text import graphql


class DocumentError(ValueError):
    """What is wrong with a document. `key` is where."""

    def __init__(self, key: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.key, self.message, self.hint = key, message, hint


def body(written: GraphqlShape | str, variables: Mapping[str, Json], endpoint: str, folder: Path) -> Body:
    """Raises DocumentError."""
    if isinstance(written, str):
        return Body(kind=BodyKind.GRAPHQL, content=written, variables=variables)
    document = _document(written, folder)
    operation = _operation(written.operation, document, endpoint)
    try:
        query = graphql.selected(document, operation)
    except KeyError:
        known = ", ".join(f"`{name}`" for name in graphql.operations(document) if name) or "none with a name"
        raise DocumentError("operation", f"there is no operation `{operation}`", f"it has: {known}") from None
    return Body(
        kind=BodyKind.GRAPHQL,
        content=query,
        variables=variables,
        operation=operation,
        persisted=bool(written.persisted),
    )


def _document(written: GraphqlShape, folder: Path) -> str:
    if written.query is not None:
        return written.query
    path = folder / (written.file or "")
    if problem := file_problem(path):
        raise DocumentError("file", f"`{written.file}` {problem}", "the path is relative to the budget file's folder")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError("file", f"`{written.file}` cannot be read: {error}") from error


def _operation(written: str | None, document: str, endpoint: str) -> str:
    """What is written; else the only one, or that of the endpoint's name."""
    known = graphql.operations(document)
    if written is not None:
        return written
    if not known:
        raise DocumentError("query", "there is no operation in it", "for example `query Search { search { id } }`")
    if len(known) > 1 and endpoint not in known:
        shown = ", ".join(f"`{name}`" for name in known if name)
        raise DocumentError("operation", "it has several operations", f"say which: {shown}")
    return endpoint if endpoint in known else known[0]


def client_name(endpoint: str, client: str) -> str:
    return f"{endpoint} ({client})"


def by_client(endpoint: Endpoint, clients: ClientsShape | None) -> Iterator[Endpoint]:
    """An endpoint for each client, which share its weight; or the endpoint itself."""
    if clients is None or endpoint.request is None:
        yield endpoint
        return
    shares = {name: 1.0 if client.weight is None else client.weight for name, client in _named(clients).items()}
    for name, share in shares.items():
        yield replace(
            endpoint,
            name=client_name(endpoint.name, name),
            weight=endpoint.weight * share / (sum(shares.values()) or 1.0),
            request=_with_client_name(endpoint.request, clients, name),
        )


def _with_client_name(request: Request, clients: ClientsShape, name: str) -> Request:
    literal = name.replace("{", "{{").replace("}", "}}")
    if clients.header is not None:
        others = {key: value for key, value in request.headers.items() if key.lower() != clients.header.lower()}
        return replace(request, headers={**others, clients.header: literal})
    assert request.body is not None
    assert clients.variable is not None
    variables = {**request.body.variables, clients.variable: literal}
    return replace(request, body=replace(request.body, variables=variables))


def budgets_by_client(budgets: Iterable[Budget], clients: Mapping[str, ClientsShape]) -> Iterator[Budget]:
    """Budgets of each client: its own, else the endpoint's."""
    known = list(budgets)
    for budget in known:
        if budget.endpoint not in clients:
            yield budget
    for endpoint, shape in clients.items():
        for name, client in _named(shape).items():
            own = client.budget.model_dump(exclude_none=True) if client.budget else {}
            inherited = {budget.metric: budget for budget in known if budget.endpoint == endpoint}
            for metric in dict.fromkeys((*inherited, *own)):
                limits = criteria(own[metric], METRICS[metric]) if metric in own else inherited[metric].criteria
                line = inherited[metric].line if metric in inherited else 0
                if limits:
                    place = client_name(endpoint, name)
                    yield Budget(endpoint=place, metric=metric, criteria=limits, line=line)


def _named(clients: ClientsShape) -> Mapping[str, ClientShape]:
    return clients.names if isinstance(clients.names, dict) else {name: ClientShape() for name in clients.names}
