"""Checks of each endpoint by itself: one body, one kind of source, names that can stand between braces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.shape.request_shape import BODIES, RESERVED, SOURCES, UUID, row_keys
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.budget_file import Json
from perfgate.model.errors import Mistake
from perfgate.text import template

_NAME_RULE = "a name has letters, digits and `_`, and does not begin with a digit"


def check_requests(draft: Draft) -> Iterator[Mistake]:
    yield from _headers(draft, draft.map("defaults", "headers"), ("defaults", "headers"))
    for endpoint in draft.endpoints:
        yield from _request(draft, endpoint)
        yield from _bodies(draft, endpoint)
        yield from _names(draft, endpoint)
        yield from _sources(draft, endpoint)
        yield from _headers(draft, endpoint.map("headers"), endpoint.at("headers"))


def _request(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    """Without `request` an endpoint is judged, not sent: then hand-written scenarios send it, and only they say how."""
    if "request" in endpoint.keys or not endpoint.readable:
        return
    if not draft.has_scenarios:
        yield draft.document.mistake(
            endpoint.path,
            f"`{endpoint.name}` has no `request`",
            hint="for example `request: GET /products`",
            at="key",
            code="PG-B020",
        )
        return
    for key in endpoint.keys:
        if key != "budget":
            message = f"`{key}` needs a `request`: without one, `{endpoint.name}` is only judged"
            yield draft.document.mistake(
                endpoint.at(key), message, hint=f"add `request`, or remove `{key}`", at="key", code="PG-B020"
            )


def _bodies(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    bodies = [key for key in endpoint.keys if key in BODIES]
    for key in bodies[1:]:
        message = f"two bodies, `{bodies[0]}` and `{key}`"
        yield draft.document.mistake(
            endpoint.at(key), message, hint="a request has one body: remove one", at="key", code="PG-B021"
        )
    if "variables" in endpoint.keys and "graphql" not in endpoint.keys:
        message = "`variables` are those of a `graphql` query, and there is none"
        yield draft.document.mistake(
            endpoint.at("variables"), message, hint="values for `{x}` stand under `with`", at="key", code="PG-B021"
        )


def _names(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    for section in ("with", "capture"):
        for name in endpoint.map(section):
            if not template.is_name(name):
                path = endpoint.at(section, name)
                yield draft.document.mistake(path, f"`{name}` is not a name", hint=_NAME_RULE, at="key", code="PG-B022")
            elif section == "capture" and name in RESERVED:
                path = endpoint.at(section, name)
                yield draft.document.mistake(
                    path, f"`{name}` is a reserved name", hint="use another", at="key", code="PG-B022"
                )


def _sources(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    sources = endpoint.map("with")
    for key in row_keys(sources):
        if key in sources and "from" not in sources:
            message = f"`{key}` is about the rows of `from`, and there is none"
            yield draft.document.mistake(
                endpoint.at("with", key), message, hint="add `from: users.csv`", at="key", code="PG-B023"
            )
    for name, source in sources.items():
        if problem := _source_problem(source) if name not in row_keys(sources) else "":
            message, _, hint = problem.partition("\n")
            yield draft.document.mistake(endpoint.at("with", name), f"`{name}` {message}", hint=hint, code="PG-B023")


def _source_problem(source: Json) -> str:
    if not isinstance(source, dict):
        return ""
    kinds = [key for key in source if key in SOURCES]
    if UUID in source:
        return "has braces around `uuid`\nwrite `uuid` without braces"
    if len(kinds) != 1 and all(key in (*SOURCES, "default") for key in source):
        return "takes exactly one of `between`, `choice`, `sequence`, `env`\nfor example `{between: [1, 60]}`"
    return "has a `default`, which goes with `env` only" if "default" in source and "env" not in source else ""


def _headers(draft: Draft, headers: Mapping[str, Json], path: KeyPath) -> Iterator[Mistake]:
    observed: dict[str, str] = {}
    for name in headers:
        first = observed.setdefault(name.lower(), name)
        if first != name:
            yield draft.document.mistake(
                (*path, name),
                f"`{name}` and `{first}` are the same header",
                hint="remove one of them",
                at="key",
                code="PG-B024",
            )
