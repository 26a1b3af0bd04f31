"""Requests of another tool's file, with the host of each, as endpoints of the only host that a budget file has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from perfgate.init import recorded
from perfgate.init.proposal import Endpoint, Omission
from perfgate.init.templating import split_url

_VARIABLE_HOST = re.compile(r"(?:(?:https?|\$\{\w+\})://)?[^/?#]*\$\{\w+\}[^/?#]*")


class UnsendableError(ValueError):
    """A request that has no equivalent; the message says why."""


def checked_method(method: str) -> str:
    """The method, where perfgate sends it. Raises UnsendableError."""
    if method not in recorded.METHODS:
        raise UnsendableError(f"{method} is not sent by perfgate")
    return method


def of_one_host(
    requests: Sequence[tuple[str, Endpoint]], target: str
) -> tuple[str, tuple[Endpoint, ...], list[Omission]]:
    """The host that is meant, its endpoints, and the others as omissions. `requests` have their origin in front; that
    of a base URL which the file does not say is empty, and counts as the target."""
    own = split_url(target)[0] if target else ""
    placed = [(origin or own, endpoint) for origin, endpoint in requests]
    chosen = recorded.chosen_origin([origin for origin, _ in placed], target)
    others = [
        Omission(endpoint.name, f"another host: {origin or 'that of a variable'}")
        for origin, endpoint in placed
        if origin != chosen
    ]
    return chosen, tuple(endpoint for origin, endpoint in placed if origin == chosen), others


def with_cookie(endpoint: Endpoint, name: str, value: str) -> Endpoint:
    """The endpoint with a cookie beside those that it sends."""
    sent = next((text for key, text in endpoint.headers.items() if key.lower() == "cookie"), "")
    headers = {key: text for key, text in endpoint.headers.items() if key.lower() != "cookie"}
    return replace(endpoint, headers={**headers, "Cookie": "; ".join(filter(None, (sent, f"{name}={value}")))})


def split_base(url: str) -> tuple[str, str, str]:
    """Origin, path and query. The origin is empty where a variable names the host, or where there is none. Raises
    UnsendableError for what is no URL."""
    host = _VARIABLE_HOST.match(url)
    if not host and not url.startswith("/"):
        parts = split_url(url)
        if not parts[0]:
            raise UnsendableError("its URL cannot be read")
        return parts
    path, _, query = (url[host.end() :] if host else url).partition("#")[0].partition("?")
    return "", path or "/", query


def sent_variables(meanings: Mapping[str, str], endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """Those of the variables that a request sends: the host's is not among them."""
    texts = "".join(map(str, endpoints))
    return {name: meaning for name, meaning in meanings.items() if f"${{{name}}}" in texts}
