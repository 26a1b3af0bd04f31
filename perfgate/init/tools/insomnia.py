"""Insomnia exports, formats 4 (JSON, YAML) and 5 (YAML): one endpoint per request, variables of environments filled in,
secrets left to the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from perfgate.init import naming, recorded
from perfgate.init.proposal import (
    NOT_SAFE,
    SAFE_METHODS,
    Endpoint,
    FileProposal,
    InitSource,
    Json,
    Omission,
    ProposalOptions,
)
from perfgate.init.recorded import Recorded
from perfgate.init.secrets import Secrets
from perfgate.init.tools.conversion import (
    UnsendableError,
    checked_method,
    of_one_host,
    sent_variables,
    split_base,
    with_cookie,
)
from perfgate.init.tools.insomnia_documents import (
    EXPORT,
    HINT,
    TYPE,
    InsomniaItem,
    environments_of,
    items_of,
    workspaces_of,
)
from perfgate.init.tools.insomnia_templates import Rendering
from perfgate.init.tools.postman_collection import SET_BY_SCRIPT, maps
from perfgate.model.errors import UsageError

_PARAMETER = re.compile(r"(?<=/):([A-Za-z_][\w-]*)(?=/|\?|#|$)")
MAX_SHOWN_ENVIRONMENTS = 5


def recognizes(source: InitSource) -> bool:
    document = source.document
    if not isinstance(document, dict):
        return False
    return TYPE.match(str(document.get("type", ""))) is not None or (
        document.get("_type") == "export" and EXPORT in document
    )


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    if not recognizes(source):
        raise UsageError(f"{source.name} is no Insomnia export", hint=HINT, code="PG-N002")
    workspaces = workspaces_of(source)
    requests = _InsomniaRequests()
    endpoints: list[tuple[str, Endpoint]] = []
    omissions: list[Omission] = []
    names = naming.UniqueNames()
    items = [item for workspace in workspaces for item in items_of(workspace)]
    for item in items:
        method = str(item.request.get("method") or "GET").upper()
        what = f"{method} {item.name}"
        if item.why_not:
            omissions.append(Omission(item.name, item.why_not))
        elif method not in SAFE_METHODS and not options.unsafe:
            omissions.append(Omission(what, NOT_SAFE))
        else:
            try:
                origin, endpoint = requests.endpoint(item, method)
            except UnsendableError as error:
                omissions.append(Omission(what, str(error)))
                continue
            endpoints.append((origin, replace(endpoint, name=names.take(item.name))))
            omissions += _scripts(item)
    if not items:
        raise UsageError(f"{source.name} has no request", hint=f"export a collection: {HINT}", code="PG-N003")
    origin, remaining, others = of_one_host(endpoints, options.target)
    return FileProposal(
        target=options.target or origin,
        endpoints=remaining,
        omissions=(*omissions, *others),
        variables={**requests.secrets.variables, **sent_variables(_meanings(requests.rendering, items), remaining)},
        notes=tuple(_note(environments_of(workspace)) for workspace in workspaces if environments_of(workspace)),
    )


def _note(environments: Sequence[str]) -> str:
    first, *others = environments
    listed = ", ".join(others[:MAX_SHOWN_ENVIRONMENTS]) + (", ..." if len(others) > MAX_SHOWN_ENVIRONMENTS else "")
    return f"Values are those of the environment {first}" + (f"; not taken: {listed}." if others else ".")


def _scripts(item: InsomniaItem) -> list[Omission]:
    """What a request's scripts do besides: it is code, and is not run."""
    scripts = item.request.get("scripts")
    written = scripts if isinstance(scripts, dict) else {}
    before = [Omission(f"the script before {item.name}", "it is code: what it sets, set by hand")]
    after = [Omission(f"the script after {item.name}", "it is code: write `expect` or `capture`")]
    return (before if written.get("preRequest") else []) + (after if written.get("afterResponse") else [])


def _meanings(rendering: Rendering, items: Sequence[InsomniaItem]) -> dict[str, str]:
    """What each variable is to be set to; one that a script sets says where."""
    set_by = {
        naming.variable_name(name): item.name
        for item in items
        for name in SET_BY_SCRIPT.findall(json.dumps(item.request.get("scripts")).replace('\\"', '"'))
    }
    return {
        name: meaning + (f", set by a script of {set_by[name]}: write a `capture` there" if name in set_by else "")
        for name, meaning in rendering.unset.items()
    }


class _InsomniaRequests:
    """Converts the requests of an export."""

    def __init__(self) -> None:
        self.rendering = Rendering()
        self.secrets = Secrets()

    def endpoint(self, item: InsomniaItem, method: str) -> tuple[str, Endpoint]:
        """Origin and endpoint. Raises UnsendableError."""
        checked_method(method)
        origin, path, query = self._url(item)
        parameters = urlencode(self._pairs(item.request.get("parameters"), item), safe="$")
        headers = {name: value for written in item.headers for name, value in self._pairs(written, item)}
        name, value, place = self._auth(item)
        if place == "header":
            headers[name] = value
        key = f"{name}={value}" if place == "query" else ""
        body = item.request.get("body")
        body = body if isinstance(body, dict) else {}
        text, media_type = self._body(body, headers, item)
        sent = Recorded(
            method=method,
            path=path,
            query="&".join(filter(None, (query, parameters, key))),
            headers=headers,
            body=text,
            media_type=media_type,
        )
        made = recorded.endpoint(sent, item.name, self.secrets)
        if parts := self._parts(body, item):
            made = replace(made, body_key="multipart", body=self.secrets.fields(parts))
        return origin, recorded.with_variables(with_cookie(made, name, value) if place == "cookie" else made)

    def _text(self, written: Json, item: InsomniaItem) -> str:
        return self.rendering.text(written, item.layers)

    def _pairs(self, written: Json, item: InsomniaItem) -> list[tuple[str, str]]:
        return [
            (self._text(pair.get("name"), item), self._text(pair.get("value"), item))
            for pair in maps(written)
            if not pair.get("disabled") and pair.get("name")
        ]

    def _url(self, item: InsomniaItem) -> tuple[str, str, str]:
        given = dict(self._pairs(item.request.get("pathParameters"), item))

        def value(match: re.Match[str]) -> str:
            return given.get(match[1]) or self.rendering.variable(match[1], f"the path parameter {match[1]}")

        return split_base(_PARAMETER.sub(value, self._text(item.request.get("url"), item).strip()))

    def _auth(self, item: InsomniaItem) -> tuple[str, str, str]:
        """Name, value and place (header, query, cookie) of what lets the request in; all empty without it."""
        auth, layers = item.auth, item.layers
        kind = auth.get("type")
        if kind in (None, "", "none") or auth.get("disabled"):
            return "", "", ""
        if kind == "basic":
            return (
                "Authorization",
                f"Basic {self.rendering.variable('basic_auth', 'base64 of user:password')}",
                "header",
            )
        if kind in ("bearer", "oauth2", "singleToken"):
            token = self.rendering.secret(auth.get("token") or auth.get("accessToken"), layers, "api_token")
            prefix = self._text(auth.get("prefix") or auth.get("tokenPrefix"), item) or "Bearer"
            return "Authorization", f"{prefix} {token}", "header"
        if kind == "apikey":
            name = self._text(auth.get("key"), item) or "X-Api-Key"
            value = self.secrets.replaced(name, self.rendering.secret(auth.get("value"), layers, name))
            return name, value, {"queryParams": "query", "cookie": "cookie"}.get(str(auth.get("addTo")), "header")
        raise UnsendableError(f"its authentication ({naming.plain(str(kind))}) has no equivalent")

    def _body(self, body: Mapping[str, Json], headers: Mapping[str, str], item: InsomniaItem) -> tuple[str, str]:
        """Text and media type. Raises UnsendableError for files."""
        kind = str(body.get("mimeType") or "").partition(";")[0].strip().lower()
        if body.get("fileName") or any(part.get("type") == "file" for part in maps(body.get("params"))):
            raise UnsendableError("its body has files: write it by hand under `multipart`")
        if kind == recorded.FORM:
            return urlencode(self._pairs(body.get("params"), item), safe="$"), recorded.FORM
        settings = item.request.get("settings")
        is_rendered = not (isinstance(settings, dict) and settings.get("renderRequestBody") is False)
        written = body.get("text")
        text = self._text(written, item) if is_rendered else str(written or "")
        if kind == "application/graphql":
            return _graphql(text), "application/json"
        declared = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        return ("", "") if kind == recorded.MULTIPART else (text, declared or str(body.get("mimeType") or ""))

    def _parts(self, body: Mapping[str, Json], item: InsomniaItem) -> dict[str, str]:
        """The parts of a multipart form. Raises UnsendableError for two of a name."""
        is_multipart = str(body.get("mimeType")).startswith(recorded.MULTIPART)
        pairs = self._pairs(body.get("params"), item) if is_multipart else []
        if len(dict(pairs)) < len(pairs):
            raise UnsendableError("its form has several parts of a name: write it by hand under `body`")
        return dict(pairs)


def _graphql(text: str) -> str:
    """The body of a GraphQL request; its variables are a map, or JSON as a text. Raises UnsendableError."""
    try:
        body = json.loads(text)
        variables = body.get("variables") or {}
        variables = json.loads(variables) if isinstance(variables, str) else variables
        kept = {key: body[key] for key in ("query", "operationName") if body.get(key)}
    except (ValueError, AttributeError, RecursionError) as error:
        raise UnsendableError(f"its GraphQL body is not JSON: {error}") from None
    return json.dumps({**kept, "variables": variables})
