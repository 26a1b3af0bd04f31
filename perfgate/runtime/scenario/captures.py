"""Captures: what is taken from a response for later requests. Each is made once when the scenario is imported."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from typing import Any

from perfgate.runtime.http.headers import text_of
from perfgate.runtime.http.responses import Response
from perfgate.runtime.scenario.json_paths import MISSING, Reader, json_reader

HTML = frozenset({"text/html", "application/xhtml+xml"})
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Capture:
    """One value taken from a response. Calling it returns the value, or MISSING."""

    def __init__(self, what: str, read: Reader, *, needs_body: bool) -> None:
        self.what, self.read, self.needs_body = what, read, needs_body

    def __call__(self, response: Response) -> Any:
        try:
            return self.read(response)
        except (ValueError, RecursionError):
            return MISSING

    def complaint(self, response: Response) -> str:
        """Why it found nothing, in a few words."""
        try:
            self.read(response)
        except (ValueError, RecursionError) as error:
            return f"{self.what}: {error}"
        return f"{self.what} found nothing"


def from_json(path: str) -> Capture:
    """The first match of a JSONPath."""
    return Capture(path, json_reader(path), needs_body=True)


def from_header(name: str) -> Capture:
    key = name.lower()
    return Capture(f"header {name}", lambda r: r.headers.get(key, MISSING), needs_body=False)


def from_regex(pattern: str) -> Capture:
    """The pattern's first group, or the whole match when it has none, with HTML's character references decoded."""
    compiled = re.compile(pattern)
    group = 1 if compiled.groups else 0

    def read(response: Response) -> Any:
        match = compiled.search(response.text)
        if match is None or match[group] is None:
            return MISSING
        return _without_references(match, group, response) if "&" in match[group] else match[group]

    return Capture(f"regex {pattern}", read, needs_body=True)


def _without_references(match: re.Match[str], group: int, response: Response) -> str:
    """Returns what a browser would read: `&amp;` is decoded in HTML, but not within a script. A reference ends with
    `;`: elsewhere `&copy=1` is part of an address."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    before = match.string[: match.start(group)].lower()
    if kind not in HTML or before.rfind("<script") > before.rfind("</script"):
        return match[group]
    return _REFERENCE.sub(_character, match[group])


def _character(reference: re.Match[str]) -> str:
    """Returns the character of a known reference; the beginning of an unknown name is none (`&nothing;` is no `¬`)."""
    return unescape(reference[0]) if reference[0][1] == "#" or reference[0][1:] in html5 else reference[0]


def from_cookie(name: str) -> Capture:
    """The value of a cookie that the response sets, or a redirect that led to it."""

    def read(response: Response) -> Any:
        for cookie in reversed(response.all_cookies):
            key, separator, value = cookie.partition(";")[0].partition("=")
            if separator and key.strip() == name:
                return text_of(value.strip().encode("latin-1"))
        return MISSING

    return Capture(f"cookie {name}", read, needs_body=False)
