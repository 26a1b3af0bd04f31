"""OpenAPI 3.0 and 3.1 and Swagger 2: one endpoint per operation, ids taken from list endpoints by captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from perfgate.init import naming
from perfgate.init.openapi.building import build, name_of
from perfgate.init.openapi.captures import Link, links
from perfgate.init.openapi.operations import Operation, is_swagger, operations, paths_elsewhere
from perfgate.init.openapi.references import References
from perfgate.init.openapi.security import credentials, schemes_of
from perfgate.init.openapi.values import ExampleValues, NoValueError
from perfgate.init.openapi.walking import Walk, value_names, walks
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
from perfgate.init.templating import split_url
from perfgate.model.errors import UsageError

BUNDLE = "it is described in another file: bundle the document first, for example with `npx @redocly/cli bundle`"
LOCAL = "http://127.0.0.1:8000"


def recognizes(source: InitSource) -> bool:
    document = source.document
    is_known = isinstance(document, dict) and ("openapi" in document or "swagger" in document)
    return is_known and any(key in document for key in ("paths", "webhooks", "components"))


@dataclass(frozen=True, kw_only=True)
class _Converted:
    endpoints: dict[Operation, Endpoint]
    omissions: tuple[Omission, ...]
    variables: dict[str, str]

    @property
    def lists(self) -> set[str]:
        """The paths whose answers can be captured from: a value of what is left out would never come."""
        return {operation.path for operation in self.endpoints if operation.method == "GET"}


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    document = source.document
    references = References(document)
    every = tuple(operations(document, references))
    elsewhere = paths_elsewhere(document)
    if not every:
        of_webhooks = " (webhooks are sent by the service, not to it)" if document.get("webhooks") else ""
        raise UsageError(
            f"{source.name} describes no operation{of_webhooks}",
            hint=BUNDLE if elsewhere else "an OpenAPI document has them under `paths`",
            code="PG-N003",
        )
    known = links(every, references)
    converted = _converted(every, known, document, options)
    while lost := [prefix for prefix, link in known.items() if link.list_path not in converted.lists]:
        known = {prefix: link for prefix, link in known.items() if prefix not in lost}
        converted = _converted(every, known, document, options)
    walked = walks(tuple(converted.endpoints), known)
    target, note = _target(document, options)
    endpoints = _with_captures(converted.endpoints, walked, known, value_names(every, known))
    names = naming.UniqueNames([endpoint.name for endpoint in endpoints.values()])
    return FileProposal(
        target=target,
        endpoints=tuple(endpoints.values()),
        journeys=tuple(walk.journey(endpoints, names) for walk in walked),
        omissions=(*converted.omissions, *(Omission(path, BUNDLE) for path in elsewhere)),
        variables=converted.variables,
        notes=(note,) if note else (),
    )


def _converted(
    every: Sequence[Operation], known: Mapping[str, Link], document: Json, options: ProposalOptions
) -> _Converted:
    references = References(document)
    values, schemes, names = ExampleValues(references), schemes_of(document, references), naming.UniqueNames()
    holes = value_names(every, known)
    endpoints: dict[Operation, Endpoint] = {}
    omissions: list[Omission] = []
    variables: dict[str, str] = {}
    uses = Counter(operation.name for operation in every)
    for operation in every:
        what = f"{operation.method} {operation.path}"
        if why := _why_not(operation, options):
            omissions.append(Omission(what, why))
            continue
        access = credentials(operation.security, schemes)
        try:
            endpoint = build(operation, names.take(name_of(operation, uses)), values, holes, access)
        except NoValueError as error:
            omissions.append(Omission(what, f"{error}; write it by hand"))
            continue
        if access.unknown:
            endpoint = replace(endpoint, comment=f"{access.unknown}: add what lets it in")
        variables |= access.variables
        endpoints[operation] = endpoint
    return _Converted(endpoints=endpoints, omissions=tuple(omissions), variables=variables)


def _why_not(operation: Operation, options: ProposalOptions) -> str:
    if operation.method == "TRACE":
        return "TRACE is not sent by perfgate"
    if operation.method not in SAFE_METHODS and not options.unsafe:
        return NOT_SAFE
    if _is_endless(operation):
        return "its answer is a stream without an end"
    return ""


def _is_endless(operation: Operation) -> bool:
    kinds = [
        kind
        for response in operation.responses.values()
        if isinstance(response, dict) and isinstance(response.get("content"), dict)
        for kind in response["content"]
    ]
    return bool(kinds) and all("event-stream" in str(kind) for kind in kinds)


def _with_captures(
    endpoints: Mapping[Operation, Endpoint], walked: Sequence[Walk], known: Mapping[str, Link], holes: Mapping[str, str]
) -> dict[Operation, Endpoint]:
    """The list endpoints with what their answers give to later steps."""
    provided: dict[str, dict[str, str]] = {}
    for prefix in dict.fromkeys(prefix for walk in walked for prefix in walk.prefixes):
        link = known[prefix]
        provided.setdefault(link.list_path, {})[holes[prefix]] = link.json_path
    return {
        operation: replace(endpoint, captures=provided[operation.path])
        if operation.method == "GET" and operation.path in provided
        else endpoint
        for operation, endpoint in endpoints.items()
    }


def _target(document: Mapping[str, Json], options: ProposalOptions) -> tuple[str, str]:
    """The URL that load goes to, and a note where the document names another one."""
    url = _server(document)
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if options.target:
        has_path = split_url(options.target)[1].rstrip("/")
        return (options.target.rstrip("/") if has_path else options.target.rstrip("/") + path), ""
    if _is_local(parts.hostname or ""):
        return url.rstrip("/"), ""
    note = f"The document's server is {url}: to load that, name it as `target` and under `allow`."
    return LOCAL + path, note if parts.netloc else ""


def _server(document: Mapping[str, Json]) -> str:
    """The URL of a server, without user and password; empty where there is none that can be read."""
    if is_swagger(document):
        schemes = document.get("schemes")
        scheme = str(schemes[0]) if isinstance(schemes, list) and schemes else "http"
        host, path = document.get("host", ""), str(document.get("basePath", "") or "")
        path = path if path.startswith("/") or not path else f"/{path}"
        return _public(f"{scheme}://{host}{path}" if host else path)
    servers = document.get("servers")
    urls = [_server_url(item) for item in servers if isinstance(item, dict)] if isinstance(servers, list) else []
    local = (url for url in urls if _is_local(urlsplit(url).hostname or ""))
    return next(local, urls[0] if urls else "")


def _server_url(server: Mapping[str, Json]) -> str:
    """The URL with the defaults of its variables; empty where it is none."""
    url, variables = str(server.get("url") or ""), server.get("variables")
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")) if isinstance(variable, dict) else "")
    url = url if "://" in url or url.startswith("/") or not url else f"/{url}"
    return "" if "{" in url or not url.isascii() or " " in url else _public(url)


def _public(url: str) -> str:
    """The URL without user and password; empty where it is none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises, too
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
