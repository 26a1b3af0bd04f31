"""What the headers of an answer say to people who look for what makes a page slow. Pure; they are a stranger's text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from perfgate.pages.visit import MAX_TEXT_CHARS
from perfgate.text.sanitize import one_line

# Of CDNs and proxies:
CACHE_HEADERS = ("cf-cache-status", "cdn-cache", "x-vercel-cache", "x-cache", "cache-status", "age")
QUOTED = re.compile(r'"[^"]*"')
DURATION = re.compile(r"(?:^|;)\s*dur=(\d{1,9}(?:\.\d{1,9})?)")  # ms, of an entry of Server-Timing
MAX_HEADER_CHARS = 4096


def facts(headers: Mapping[str, str]) -> dict[str, Any]:
    """What the headers of an answer (names in lower case) say of packing, caches and the server's work."""
    status = next((f"{name}: {headers[name]}" for name in CACHE_HEADERS if headers.get(name, "0") != "0"), "")
    return {
        "encoding": headers.get("content-encoding", ""),
        "cache_control": headers.get("cache-control", ""),
        "cache_status": one_line(status, MAX_TEXT_CHARS),
        "server_timing": _server_timing(headers.get("server-timing", "")),
    }


def _server_timing(header: str) -> dict[str, float]:
    """Seconds by name; those of the same name together."""
    times: dict[str, float] = {}
    for entry in QUOTED.sub("", header[:MAX_HEADER_CHARS]).split(","):
        name, _, rest = entry.strip().partition(";")
        if match := DURATION.search(rest):
            times[name.strip()] = times.get(name.strip(), 0.0) + float(match[1]) / 1000
    return times


def forbids_scripts(policy: str) -> bool:
    """Whether a Content-Security-Policy puts the document into a sandbox without scripts."""
    directives = [directive.split() for part in policy.lower().split(",") for directive in part.split(";")]
    return any(words[:1] == ["sandbox"] and "allow-scripts" not in words for words in directives)
