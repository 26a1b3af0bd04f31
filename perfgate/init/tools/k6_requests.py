"""Calls of k6/http as requests: which argument is what, headers, cookies, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfgate.init.proposal import Json
from perfgate.init.script.values import NotConstantError, Unknown, known, text_of

VERBS = {
    "get": "GET",
    "head": "HEAD",
    "post": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "del": "DELETE",
    "delete": "DELETE",
    "options": "OPTIONS",
    "request": "",
    "asyncRequest": "",
    "batch": "",
}
WITHOUT_BODY = ("get", "head")


@dataclass(frozen=True, kw_only=True)
class K6Call:
    """A request. `body` is a text, a map of form fields, or None."""

    line: int
    method: str
    url: str
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = ()  # that a check asks for


def call_of(line: int, verb: str, arguments: Sequence[Json], groups: Sequence[str]) -> K6Call:
    """Raises NotConstantError."""
    method, rest = VERBS[verb], arguments
    if not method:
        method, rest = text_of(known(arguments[0] if arguments else None)).upper(), arguments[1:]
    if not rest:
        raise NotConstantError("it has no URL")
    is_short = verb in WITHOUT_BODY and not (len(rest) > 2 and rest[1] is None)
    body = None if is_short or len(rest) < 2 else _known(rest[1], "body")
    parameters = rest[1 if is_short else 2] if len(rest) > (1 if is_short else 2) else None
    return _made(groups, line, (method, text_of(_known(rest[0], "URL")), body), parameters)


def _made(groups: Sequence[str], line: int, sent: tuple[str, str, Json], parameters: Json) -> K6Call:
    method, url, body = sent
    settings = parameters if isinstance(parameters, dict) else {}
    if isinstance(parameters, Unknown):
        raise NotConstantError(f"its parameters: {parameters.why}")
    if settings.get("auth") not in (None, "basic"):
        raise NotConstantError(f"its authentication ({shown(settings['auth'])}) has no equivalent")
    headers = _texts(settings.get("headers"), "header")
    if cookies := _texts(settings.get("cookies"), "cookie"):
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    written = settings.get("tags")
    tags = {name: shown(value) for name, value in written.items()} if isinstance(written, dict) else {}
    group = {"group": "".join(f"::{name}" for name in groups)}
    own = {"method": method, "url": url, "name": url}
    return K6Call(line=line, method=method, url=url, body=body, headers=headers, tags={**group, **own, **tags})


def batched_call(line: int, request: Json, groups: Sequence[str]) -> K6Call:
    """One request of a batch: a URL, a list of arguments, or an object. Raises NotConstantError."""
    if isinstance(request, dict):
        method = text_of(known(request.get("method") or "GET")).upper()
        sent = (method, text_of(_known(request.get("url"), "URL")), _known(request.get("body"), "body"))
        return _made(groups, line, sent, request.get("params"))
    if isinstance(request, list):
        return call_of(line, "request", request, groups)
    return _made(groups, line, ("GET", text_of(_known(request, "URL")), None), None)


def _known(value: Json, what: str) -> Json:
    try:
        return known(value)
    except NotConstantError as error:
        raise NotConstantError(f"its {what}: {error}") from None


def _texts(written: Json, what: str) -> dict[str, str]:
    """A map of texts. Raises NotConstantError."""
    pairs = known(written) if isinstance(written, Unknown) else written
    return {
        str(name): text_of(_known(value, f"{what} {name}"))
        for name, value in (pairs.items() if isinstance(pairs, dict) else ())
    }


def shown(value: Json) -> str:
    """A value as a tag has it."""
    try:
        return text_of(known(value))
    except NotConstantError:
        return ""
