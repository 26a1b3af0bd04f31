"""Postman collections, version 2.1: one endpoint per request, variables resolved, secrets left to the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
from perfgate.init.secrets import Secrets, is_secret_name
from perfgate.init.templating import split_url
from perfgate.model.errors import UsageError

VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
DYNAMIC = {"$guid": "123e4567-e89b-42d3-a456-426614174000", "$timestamp": "1700000000", "$randomInt": "7"}
MAX_DEPTH = 20


class _UnsendableError(ValueError):
    """A request that has no equivalent; the message says why."""


@dataclass(frozen=True, kw_only=True)
class _Item:
    name: str
    request: Mapping[str, Json]
    auth: Json


def recognizes(source: InitSource) -> bool:
    document = source.document
    is_map = isinstance(document, dict)
    return is_map and isinstance(document.get("item"), list) and isinstance(document.get("info"), dict)


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    document = source.document
    conversion = _Conversion(_variables(document))
    endpoints: list[tuple[str, Endpoint]] = []
    omissions: list[Omission] = []
    names = naming.UniqueNames()
    for item in _items(document["item"], document.get("auth")):
        method = str(item.request.get("method", "GET")).upper()
        if method not in SAFE_METHODS and not options.unsafe:
            omissions.append(Omission(f"{method} {item.name}", NOT_SAFE))
            continue
        try:
            origin, endpoint = conversion.endpoint(item, method)
        except _UnsendableError as error:
            omissions.append(Omission(f"{method} {item.name}", str(error)))
            continue
        endpoints.append((origin, replace(endpoint, name=names.take(item.name))))
    if not endpoints and not omissions:
        raise UsageError(f"{source.name} has no request", hint="export the collection as version 2.1", code="PG-N003")
    origin = next((origin for origin, _ in endpoints if origin), "")
    omissions += [Omission(entry.name, f"another host: {other}") for other, entry in endpoints if other != origin]
    return FileProposal(
        target=options.target or origin,
        endpoints=tuple(endpoint for other, endpoint in endpoints if other == origin),
        omissions=tuple(omissions),
        variables={**conversion.secrets.variables, **conversion.unset},
    )


def _items(items: Json, auth: Json, front: str = "", depth: int = 0) -> Iterator[_Item]:
    """Every request, with the names of its folders in front, and the authentication that it inherits."""
    for item in items if isinstance(items, list) and depth < MAX_DEPTH else ():
        if not isinstance(item, dict):
            continue
        name = naming.plain(f"{front}{item.get('name', '')}")
        inherited = item.get("auth") or auth
        if isinstance(item.get("item"), list):
            yield from _items(item["item"], inherited, f"{name}: ", depth + 1)
            continue
        request = item.get("request")
        request = {"url": request} if isinstance(request, str) else request
        if isinstance(request, dict):
            yield _Item(name=name, request=request, auth=request.get("auth") or inherited)


def _variables(document: Mapping[str, Json]) -> dict[str, str]:
    """The collection's own variables, without secrets."""
    written = document.get("variable")
    pairs = [item for item in written if isinstance(item, dict)] if isinstance(written, list) else []
    return {
        key: str(pair.get("value", ""))
        for pair in pairs
        if pair.get("value") not in (None, "") and not is_secret_name(key := str(pair.get("key", pair.get("id", ""))))
    }


class _Conversion:
    """Converts the requests of one collection. `unset` has the variables that the collection gives no value."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known
        self.unset: dict[str, str] = {}
        self.secrets = Secrets()

    def endpoint(self, item: _Item, method: str) -> tuple[str, Endpoint]:
        """Origin and endpoint. Raises _NotSentError."""
        if method not in recorded.METHODS:
            raise _UnsendableError(f"{method} is not sent by perfgate")
        origin, path, query = self._url(item.request.get("url"))
        headers = {**self._pairs(item.request.get("header")), **self._auth(item.auth)}
        body, media_type = self._body(item.request.get("body"), headers)
        sent = Recorded(method=method, path=path, query=query, headers=headers, body=body, media_type=media_type)
        return origin, _with_variables(recorded.endpoint(sent, item.name, self.secrets))

    def _text(self, text: Json, depth: int = 0) -> str:
        """A text with the collection's variables in it; others are environment variables."""
        return VARIABLE.sub(lambda match: self._value(match[1].strip(), depth), str(text if text is not None else ""))

    def _value(self, name: str, depth: int) -> str:
        if name in DYNAMIC:
            return DYNAMIC[name]
        if name in self.known and depth < MAX_DEPTH:
            return self._text(self.known[name], depth + 1)
        variable = naming.variable_name(name)
        self.unset[variable] = f"the collection's variable {naming.plain(name)}"
        return f"${{{variable}}}"

    def _url(self, url: Json) -> tuple[str, str, str]:
        raw = url if isinstance(url, str) else url.get("raw", "") if isinstance(url, dict) else ""
        named = url.get("variable") if isinstance(url, dict) else None
        for item in named if isinstance(named, list) else ():
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
            raise _UnsendableError("its URL cannot be read")
        return origin, path, query

    def _pairs(self, written: Json) -> dict[str, str]:
        pairs = [item for item in written if isinstance(item, dict)] if isinstance(written, list) else []
        return {
            self._text(pair.get("key")): self._text(pair.get("value")) for pair in pairs if not pair.get("disabled")
        }

    def _auth(self, auth: Json) -> dict[str, str]:
        kind = auth.get("type") if isinstance(auth, dict) else None
        fields = self._pairs(auth.get(kind)) if kind and isinstance(auth.get(kind), list) else {}
        if kind in ("bearer", "oauth2"):
            token = fields.get("token") or fields.get("accessToken") or self._value("api_token", 0)
            return {"Authorization": f"Bearer {token}"}
        if kind == "basic":
            self.unset["BASIC_AUTH"] = "base64 of user:password"
            return {"Authorization": "Basic ${BASIC_AUTH}"}
        if kind == "apikey" and fields.get("in", "header") == "header":
            return {fields.get("key", "X-Api-Key"): fields.get("value") or self._value("api_key", 0)}
        if kind in (None, "noauth"):
            return {}
        raise _UnsendableError(f"its authentication ({kind}) has no equivalent")

    def _body(self, body: Json, headers: Mapping[str, str]) -> tuple[str, str]:
        """Text and media type. Raises _NotSentError for files."""
        mode = body.get("mode") if isinstance(body, dict) else None
        declared = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if mode == "raw":
            options = body.get("options")
            language = options.get("raw", {}).get("language") if isinstance(options, dict) else ""
            return self._text(body.get("raw")), declared or ("application/json" if language == "json" else "")
        if mode == "urlencoded":
            return urlencode(self._pairs(body.get("urlencoded"))), recorded.FORM
        if mode == "graphql":
            written = body.get("graphql") or {}
            variables = written.get("variables")
            query = {"query": self._text(written.get("query")), "variables": _parsed(self._text(variables))}
            return json.dumps(query), "application/json"
        if mode in ("formdata", "file"):
            raise _UnsendableError("its body has files or parts: write it by hand under `multipart`")
        return "", ""


def _parsed(text: str) -> Json:
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        return {}


def _with_variables(endpoint: Endpoint) -> Endpoint:
    """The endpoint in which variables of the environment are holes again, not literal braces."""
    return replace(
        endpoint,
        path=_holes(endpoint.path),
        headers={name: _holes(value) for name, value in endpoint.headers.items()},
        body=_holes_in(endpoint.body),
    )


def _holes(text: str) -> str:
    return re.sub(r"\$(?:%7B|\{\{)(\w+)(?:%7D|\}\})", r"${\1}", text)


def _holes_in(value: Json) -> Json:
    if isinstance(value, str):
        return _holes(value)
    if isinstance(value, dict):
        return {key: _holes_in(item) for key, item in value.items()}
    return [_holes_in(item) for item in value] if isinstance(value, list) else value
