"""Postman collections, version 2.1: one endpoint per request, variables resolved, secrets left to the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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
from perfgate.init.templating import split_url
from perfgate.init.tools.conversion import UnsendableError, checked_method, of_one_host
from perfgate.init.tools.postman_collection import (
    DYNAMIC,
    MAX_DEPTH,
    CollectionItem,
    headers_of,
    maps,
    raw_url,
    requests_of,
    variables_of,
)
from perfgate.model.errors import UsageError

VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")


def recognizes(source: InitSource) -> bool:
    document = source.document
    is_map = isinstance(document, dict)
    is_old = is_map and isinstance(document.get("requests"), list) and "order" in document  # version 1
    return is_old or (is_map and isinstance(document.get("item"), list) and isinstance(document.get("info"), dict))


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    document = source.document
    conversion = _Conversion(variables_of(document))
    endpoints: list[tuple[str, Endpoint]] = []
    omissions: list[Omission] = []
    names = naming.UniqueNames()
    for item in requests_of(document.get("item"), document.get("auth")):
        conversion.set_by |= dict.fromkeys(item.sets, item.name)
        method = str(item.request.get("method", "GET")).upper()
        if method not in SAFE_METHODS and not options.unsafe:
            omissions.append(Omission(f"{method} {item.name}", NOT_SAFE))
            continue
        try:
            origin, endpoint = conversion.endpoint(item, method)
        except UnsendableError as error:
            omissions.append(Omission(f"{method} {item.name}", str(error)))
            continue
        endpoints.append((origin, replace(endpoint, name=names.take(item.name))))
    if not endpoints and not omissions:
        raise UsageError(f"{source.name} has no request", hint="export the collection as version 2.1", code="PG-N003")
    origin, remaining, others = of_one_host(endpoints, options.target)
    return FileProposal(
        target=options.target or origin,
        endpoints=remaining,
        omissions=(*omissions, *others),
        variables={**conversion.secrets.variables, **conversion.meanings()},
    )


class _Conversion:
    """Converts the requests of one collection. `unset` has the variables that the collection gives no value."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known
        self.unset: dict[str, str] = {}  # name in the environment -> name in the collection
        self.set_by: dict[str, str] = {}  # name in the collection -> request whose script sets it
        self.secrets = Secrets()

    def meanings(self) -> dict[str, str]:
        """What each variable that is not set is to be set to."""
        return {
            variable: f"the collection's variable {naming.plain(name)}"
            + (f", set by a script of {self.set_by[name]}: write a `capture` there" if name in self.set_by else "")
            if name
            else "base64 of user:password"
            for variable, name in self.unset.items()
        }

    def endpoint(self, item: CollectionItem, method: str) -> tuple[str, Endpoint]:
        """Origin and endpoint. Raises UnsendableError."""
        checked_method(method)
        origin, path, query = self._url(item.request.get("url"))
        headers = dict(self._pairs(headers_of(item.request.get("header"))))
        name, value, place = self._auth(item.auth)
        if place == "query":
            query = "&".join(filter(None, (query, urlencode([(name, value)], safe="$"))))
        elif name:
            headers[name] = value
        written = body if isinstance(body := item.request.get("body"), dict) and not body.get("disabled") else {}
        text, media_type = self._body(written, headers)
        sent = Recorded(method=method, path=path, query=query, headers=headers, body=text, media_type=media_type)
        made = recorded.endpoint(sent, item.name, self.secrets)
        if parts := self._parts(written):
            made = replace(made, body_key="multipart", body=self.secrets.fields(parts))
        return origin, recorded.with_variables(made)

    def _text(self, text: Json, depth: int = 0) -> str:
        """A text with the collection's variables in it; others are environment variables."""
        return VARIABLE.sub(lambda match: self._value(match[1].strip(), depth), str(text if text is not None else ""))

    def _value(self, name: str, depth: int) -> str:
        if name.startswith("$"):
            return DYNAMIC.get(name, name.removeprefix("$random").lstrip("$"))
        if name in self.known and depth < MAX_DEPTH:
            return self._text(self.known[name], depth + 1)
        variable = naming.variable_name(name)
        self.unset[variable] = name
        return f"${{{variable}}}"

    def _url(self, url: Json) -> tuple[str, str, str]:
        raw = url if isinstance(url, str) else url.get("raw") or raw_url(url) if isinstance(url, dict) else ""
        named = url.get("variable") if isinstance(url, dict) else None
        for item in maps(named):
            key, value = str(item.get("key", "")), self._text(item.get("value"))
            part = f"/{value or self._value(key, 0)}".replace("\\", "\\\\")
            raw = re.sub(rf"/:{re.escape(key)}(?=/|\?|$)", part, str(raw))
        before = set(self.unset)
        first = VARIABLE.match(str(raw))
        text = self._text(raw)
        if first and text.startswith("${"):  # a base URL that the collection does not say
            for name in set(self.unset) - before:
                if text.startswith(f"${{{name}}}"):
                    del self.unset[name]
            rest = text.partition("}")[2]
            path, _, query = rest.partition("#")[0].partition("?")
            return "", path or "/", query
        origin, path, query = split_url(text)
        if not origin:
            raise UnsendableError("its URL cannot be read")
        return origin, path, query

    def _pairs(self, written: Json) -> list[tuple[str, str]]:
        return [
            (self._text(pair.get("key")), self._text(pair.get("value")))
            for pair in maps(written)
            if not pair.get("disabled") and pair.get("key")
        ]

    def _auth(self, auth: Json) -> tuple[str, str, str]:
        """Name, value and place (header or query) of what lets the request in; without a name it goes without."""
        kind = auth.get("type") if isinstance(auth, dict) else None
        written = auth.get(kind) if isinstance(kind, str) else None
        if isinstance(written, dict):  # of version 2.0
            written = [{"key": key, "value": value} for key, value in written.items()]
        fields = dict(self._pairs(written))
        if kind in ("bearer", "oauth2"):
            token = fields.get("token") or fields.get("accessToken") or self._value("api_token", 0)
            return "Authorization", f"Bearer {token}", "header"
        if kind == "basic":
            self.unset["BASIC_AUTH"] = ""
            return "Authorization", "Basic ${BASIC_AUTH}", "header"
        if kind == "apikey":
            name, value = fields.get("key", "X-Api-Key"), fields.get("value") or self._value("api_key", 0)
            return name, self.secrets.replaced(name, value), fields.get("in", "header")
        if kind in (None, "noauth"):
            return "", "", ""
        raise UnsendableError(f"its authentication ({kind}) has no equivalent")

    def _body(self, body: Json, headers: Mapping[str, str]) -> tuple[str, str]:
        """Text and media type. Raises UnsendableError for files."""
        mode = body.get("mode") if isinstance(body, dict) else None
        declared = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if mode == "raw":
            options = body.get("options")
            raw = options.get("raw") if isinstance(options, dict) else None
            language = raw.get("language") if isinstance(raw, dict) else ""
            return self._text(body.get("raw")), declared or ("application/json" if language == "json" else "")
        if mode == "urlencoded":
            return urlencode(self._pairs(body.get("urlencoded")), safe="$"), recorded.FORM
        if mode == "graphql":
            written = body.get("graphql")
            return self._graphql(written if isinstance(written, dict) else {}), "application/json"
        if mode == "file" or any(part.get("type") == "file" for part in maps(body.get("formdata"))):
            raise UnsendableError("its body has files: write it by hand under `multipart`")
        return "", ""

    def _graphql(self, written: Mapping[str, Json]) -> str:
        """A GraphQL body. Raises UnsendableError for variables that are not JSON once they are set."""
        variables = written.get("variables")
        text = variables if isinstance(variables, str) else json.dumps(variables or {})
        text = self._text(text).strip() or "{}"
        try:
            json.loads(re.sub(r"\$\{\w+\}", "0", text))
        except ValueError as error:
            raise UnsendableError(f"its GraphQL variables are not JSON: {error}") from None
        return f'{{"query": {json.dumps(self._text(written.get("query")))}, "variables": {text}}}'

    def _parts(self, body: Mapping[str, Json]) -> dict[str, str]:
        """The parts of a multipart form. Raises UnsendableError for two of a name."""
        pairs = self._pairs(body.get("formdata")) if body.get("mode") == "formdata" else []
        if len(dict(pairs)) < len(pairs):
            raise UnsendableError("its form has several parts of a name: write it by hand under `body`")
        return dict(pairs)
