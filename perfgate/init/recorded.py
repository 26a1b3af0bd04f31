"""A request as it was recorded or written down, as an endpoint: URL, headers and body with the secrets replaced."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from urllib.parse import parse_qsl, unquote, urlsplit

from perfgate.init import naming, templating
from perfgate.init.openapi.serializing import encoded
from perfgate.init.proposal import Endpoint, Json
from perfgate.init.secrets import Secrets
from perfgate.init.yaml_text import is_writable

OWN_HEADERS = (
    "host content-length connection accept-encoding transfer-encoding user-agent origin referer cookie te dnt priority "
    "upgrade-insecure-requests cache-control pragma if-none-match if-modified-since proxy-connection keep-alive"
).split()
OWN_PREFIXES = (":", "sec-", "x-forwarded-", "cf-", "postman-")
ANY_ANSWER = ("accept", "*/*")  # says nothing, and browsers and curl send it with every file
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STATIC = re.compile(
    r"\.(?:js|mjs|css|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot|mp4|webm|mp3|pdf|wasm)$", re.IGNORECASE
)
_GRAPHQL = re.compile(  # not a subscription: that is a stream
    r"(?:\s|#[^\n]*)*(?:(?:query|mutation|fragment)\b[^{]*)?\{.*\}(?:\s|#[^\n]*)*", re.DOTALL
)
_OPERATION = re.compile(r"\b(query|mutation|subscription)\s+(\w+)\s*[({@]")
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A request as a source has it, nothing in it a template yet."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    media_type: str = ""


def is_static(path: str) -> bool:
    """Whether the path is that of a script, style sheet, image, font or the like."""
    return STATIC.search(path.partition("?")[0]) is not None


def endpoint(request: Recorded, name: str, secrets: Secrets, comment: str = "") -> Endpoint:
    """The endpoint that sends the request again."""
    headers = kept_headers(request.headers, secrets)
    key, body = body_of(request, secrets)
    variables = None
    if key == "json" and (operation := _graphql(request.body, secrets)):
        key, body, variables = "graphql", operation["query"], secrets.json(operation.get("variables") or {}) or None
    kind = request.media_type.partition(";")[0].strip().lower()
    headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    if key == "body" or (key == "json" and kind not in ("application/json", "")):
        is_sendable = bool(request.media_type) and _is_sendable("Content-Type", request.media_type)
        headers["Content-Type"] = templating.literal(request.media_type if is_sendable else "text/plain")
    return Endpoint(
        name=name,
        method=request.method.upper(),
        path=path_of(request.path, secrets) + templating.query(query_pairs(request.query, secrets)),
        headers=headers,
        body_key=key,
        body=body,
        variables=variables,
        comment=comment,
    )


def with_user(headers: Mapping[str, str], url: str) -> dict[str, str]:
    """The headers, with user and password of the URL."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:
        return dict(headers)
    if not parts.username:
        return dict(headers)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}", **headers}


def chosen_origin(origins: Sequence[str], target: str) -> str:
    """The host that is meant: the target's, where it is among them, else the most frequent; of several that are, the
    first that is known."""
    wanted = templating.split_url(target)[0] if target else ""
    counts = Counter(origins)
    most = max(counts, key=lambda origin: (counts[origin], bool(origin)), default="")
    return wanted if wanted and wanted in origins else most


def name_of(request: Recorded, secrets: Secrets) -> str:
    """What a request without a name is called: `GET /items/{id}`, or `query Search` of GraphQL."""
    operation = _OPERATION.search((_graphql(request.body, Secrets()) or {}).get("query", "")) if request.body else None
    path = readable(request.path, secrets)
    return " ".join(operation.groups()) if operation else naming.of_request(request.method, path)


def _graphql(body: str, secrets: Secrets) -> Mapping[str, Json] | None:
    """The query of a body that is GraphQL's and can stand under `graphql`, where only `variables` take values: one
    operation, without secrets or extensions."""
    try:
        written = json.loads(body) if "query" in body else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(written, dict) or not set(written) <= {"query", "variables", "operationName"}:
        return None
    query, variables = written.get("query"), written.get("variables")
    if not isinstance(query, str) or not _GRAPHQL.fullmatch(query) or not isinstance(variables, dict | None):
        return None
    is_plain = "${" not in query and secrets.template("", query) == templating.literal(query)
    return written if is_plain and len(_OPERATION.findall(query)) <= 1 else None


def kept_headers(headers: Mapping[str, str], secrets: Secrets) -> dict[str, str]:
    """The headers that matter to the application; those of the client and of one connection stay out."""
    remaining = {
        name: value.strip()
        for name, value in headers.items()
        if name.lower() not in OWN_HEADERS
        and not name.lower().startswith(OWN_PREFIXES)
        and (name.lower(), value.strip()) != ANY_ANSWER
        and _is_sendable(name, value)
    }
    return secrets.fields(templating.merged_headers(remaining))


def _is_sendable(name: str, value: str) -> bool:
    return templating.is_header_name(name) and value.isascii() and not re.search(r"[\x00-\x1f\x7f]", value)


def query_pairs(query: str, secrets: Secrets) -> Iterable[tuple[str, str]]:
    """Names and values of a query string, encoded, the secrets among them as variables."""
    for name, value in parse_qsl(query, keep_blank_values=True):
        is_harmless = secrets.template(name, value) == templating.literal(value)
        yield encoded(name), encoded(value) if is_harmless else secrets.replaced(name, value)


def path_of(path: str, secrets: Secrets) -> str:
    """The path as a template, with variables for what looks like a secret in it."""
    return "/".join(
        secrets.replaced("secret_in_path", part) if secrets.is_secret_part(before, part) else templating.path_text(part)
        for before, part in pairwise(["", *(path or "/").split("/")])
    )


def body_of(request: Recorded, secrets: Secrets) -> tuple[str, Json]:
    """The key of the body and its value; an empty key without a body."""
    kind = request.media_type.partition(";")[0].strip().lower()
    if not request.body:
        return "", None
    if kind.endswith("json") or (not kind and request.body.lstrip()[:1] in ("{", "[")):
        try:
            value = json.loads(request.body)
        except (ValueError, RecursionError):
            return "body", secrets.template("", request.body)
        return ("json", secrets.json(value)) if is_writable(value) else ("body", secrets.template("", request.body))
    if kind == FORM:
        pairs = parse_qsl(request.body, keep_blank_values=True)
        is_form = all("=" in part for part in request.body.split("&"))  # else it is JSON, or what else curl got by `-d`
        if is_form and len(dict(pairs)) == len(pairs) and pairs and request.body.lstrip()[:1] not in ("{", "["):
            return "form", secrets.fields(dict(pairs))
    return "body", secrets.template("", request.body)


def readable(path: str, secrets: Secrets) -> str:
    """The path as people read it, `{secret}` in the place of one."""
    return "/".join(
        "{secret}" if secrets.is_secret_part(before, part) else unquote(part)
        for before, part in pairwise(["", *path.split("/")])
    )


def with_variables(endpoint: Endpoint, name: str = r"\w+", values: Collection[str] = ()) -> Endpoint:
    """The endpoint in which variables of the environment are holes again, not literal braces; `name` is a pattern.
    Those among `values` are values of an iteration."""

    def holes(value: Json) -> Json:
        if isinstance(value, str):
            value = re.sub(rf"\$(?:%7B|\{{\{{)({name})(?:%7D|\}}\}})", r"${\1}", value)
            return re.sub(rf"\$(\{{(?:{'|'.join(values)})\}})", r"\1", value) if values else value
        if isinstance(value, dict):
            return {key: holes(item) for key, item in value.items()}
        return [holes(item) for item in value] if isinstance(value, list) else value

    return replace(
        endpoint,
        path=holes(endpoint.path),
        headers=holes(dict(endpoint.headers)),
        body=holes(endpoint.body),
        variables=holes(endpoint.variables),
    )
