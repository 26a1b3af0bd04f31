"""perfgate's own small HTTP needs (the load itself goes another way): the one door to httpx."""

from __future__ import annotations


def status_of(url: str, *, timeout: float) -> int | None:
    """The status of a GET, or None when there is no answer within `timeout` seconds."""
    import httpx

    try:
        return httpx.get(url, timeout=timeout, trust_env=False).status_code
    except httpx.HTTPError:
        return None
