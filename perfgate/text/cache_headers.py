"""Whether an answer came from a cache, by what its headers say."""

from __future__ import annotations

from collections.abc import Mapping

HIT = ("hit", "stale", "revalidated")


def is_hit(headers: Mapping[str, str], described: str = "") -> bool | None:
    """Reads Cache-Status (RFC 9211; the last hop is the nearest), CF-Cache-Status, X-Cache, what a Server-Timing entry
    of the cache describes, or Age. Returns None where nothing says so. `headers` have names in lower case."""
    if status := headers.get("cache-status"):
        return any(word.strip() == "hit" for word in status.rpartition(",")[2].split(";"))
    for name in ("cf-cache-status", "x-cache"):
        if value := headers.get(name):
            return value.rpartition(",")[2].strip().lower().startswith(HIT)
    text = described.lower()
    if text.startswith(("hit", "miss")):
        return text.startswith("hit")
    if "age" in headers:
        return headers["age"].strip() not in ("", "0")
    return None
