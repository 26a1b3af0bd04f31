"""Texts of a source as templates of a budget file, in which braces are special; paths and queries as they are sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from perfgate.init.proposal import Json

IN_PATH = "/:@!$&'()*+,;=~-._%"
_HOST = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")  # as `target` may have it
IN_QUERY = "/:@!$'()*,;~-._?"


def literal(text: str) -> str:
    """The text with its braces doubled: they are braces and no values."""
    return text.replace("{", "{{").replace("}", "}}")


def literal_json(value: Json) -> Json:
    """A JSON value with the braces in its texts doubled; keys are no templates."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, dict):
        return {key: literal_json(item) for key, item in value.items()}
    return [literal_json(item) for item in value] if isinstance(value, list) else value


def path_text(text: str) -> str:
    """A literal part of a path: percent-encoded where it must be, what is encoded already stays so."""
    return literal(quote(_safe_percent(text), safe=IN_PATH))


def query_text(text: str) -> str:
    """A literal name or value in a query string."""
    return quote(text, safe=IN_QUERY)


def query(pairs: Iterable[tuple[str, str]]) -> str:
    """A query string with its question mark. Values are templates already; empty without pairs."""
    merged = "&".join(f"{name}={value}" for name, value in pairs)
    return f"?{merged}" if merged else ""


def is_header_name(name: str) -> bool:
    """Whether a header may be called so."""
    return re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) is not None


def merged_headers(*several: Mapping[str, str]) -> dict[str, str]:
    """All headers; of the same name in different case, the last."""
    merged: dict[str, tuple[str, str]] = {}
    for headers in several:
        merged |= {name.lower(): (name, value) for name, value in headers.items()}
    return dict(merged.values())


def split_url(url: str) -> tuple[str, str, str]:
    """Origin, path and query of a URL; all empty when it is none. A URL without a scheme is an http one."""
    url = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", "", ""
    if parts.scheme not in ("http", "https") or not (_HOST.fullmatch(host) or ":" in host):
        return "", "", ""
    host = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return origin, parts.path or "/", parts.query


def _safe_percent(text: str) -> str:
    """A percent sign that encodes nothing is itself encoded."""
    return re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
