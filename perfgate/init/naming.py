"""Names of endpoints and of values, each of them unique and allowed in a budget file."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qsl

MAX_NAME_CHARS = 100  # characters of a name
MAX_QUERY_NAMES = 3  # names of a query that a request is told apart by
RESERVED = ("from", "once", "per", "separator")


class UniqueNames:
    """Gives out names; one that is taken gets a number."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def take(self, preferred: str, or_else: str = "") -> str:
        """The preferred name or, where that is taken, `or_else`; with a number where that is taken as well."""
        if or_else and plain(preferred).lower() in self._taken:
            preferred = or_else
        base = plain(preferred) or "request"
        name, number = base, 2
        while name.lower() in self._taken:
            ending = f" {number}"
            name, number = f"{base[: MAX_NAME_CHARS - len(ending)].rstrip()}{ending}", number + 1
        self._taken.add(name.lower())
        return name


def plain(text: str) -> str:
    """The text on one line, without control characters, as long as a name may be."""
    words = re.sub(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+", " ", text)
    return words.strip()[:MAX_NAME_CHARS].strip()


def of_request(method: str, path: str) -> str:
    """The name of a request that has none: `GET /items/{id}`."""
    return plain(f"{method} {path.partition('?')[0]}")


def with_query(name: str, path: str) -> str:
    """The name of a request whose path another has as well, with what its query sets: `GET /posts (page, sort)`."""
    named = list(dict.fromkeys(name for name, _ in parse_qsl(path.partition("?")[2], keep_blank_values=True)))
    more = ", ..." if len(named) > MAX_QUERY_NAMES else ""
    shown = f" ({', '.join(named[:MAX_QUERY_NAMES])}{more})" if named else ""
    return f"{name}{shown}"


def value_name(text: str) -> str:
    """A name that can stand between braces: `user-id` becomes `user_id`."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "value"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}_" if name in RESERVED else name


def variable_name(text: str) -> str:
    """The name of an environment variable: `x-api-key` becomes `X_API_KEY`."""
    return value_name(text).upper()


def singular(noun: str) -> str:
    """An English noun's singular, as far as URLs need it: `categories` becomes `category`."""
    for ending, item in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", "")):
        if noun.endswith(ending) and len(noun) > len(ending) + 1 and not noun.endswith(("ss", "us", "is")):
            return noun[: -len(ending)] + item
    return noun
