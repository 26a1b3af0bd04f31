"""Redirects: where an answer leads and by which method, as browsers follow it (Fetch, section 4.4)."""

from __future__ import annotations

import re

from perfgate.runtime.http.responses import Response

MAX_REDIRECTS = 10
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_PATH = re.compile(r"[^?#]*")


def location_of(response: Response) -> str:
    """The reference that a redirect leads to; empty: none. Browsers read a backslash before the query as a slash (URL
    standard, section 4.4)."""
    location = response.location or ""
    return _PATH.sub(lambda path: path[0].replace("\\", "/"), location, count=1)


def next_method(method: str, status: int) -> str:
    """The method of the request that a redirect asks for: a POST becomes a GET by 301 and 302, and whatever is neither
    GET nor HEAD by 303; other methods stay what they are (RFC 9110, section 15.4)."""
    if status == 303 and method != "HEAD":
        return "GET"
    return "GET" if status in (301, 302) and method == "POST" else method
