"""Texts of the formats that OpenAPI documents name, and whether a text is of one."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID

EXAMPLES: Mapping[str, str] = {
    "date": "2024-01-31",
    "date-time": "2024-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "ann@example.org",
    "idn-email": "ann@example.org",
    "hostname": "example.org",
    "idn-hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ip": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uri-reference": "/",
    "iri": "https://example.org/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "guid": "123e4567-e89b-42d3-a456-426614174000",
    "byte": "cGVyZmdhdGU=",
    "base64": "cGVyZmdhdGU=",
    "binary": "perfgate",
    "password": "secret-of-the-test",
    "json-pointer": "/a",
    "regex": "a",
}


def fits_format(text: str, name: str) -> bool:
    """Whether the text is of that format; formats that are not known here take every text."""
    check = _CHECKS.get(name)
    if check is None:
        return True
    try:
        check(text)
    except ValueError:
        return False
    return True


def _matches(pattern: str) -> Callable[[str], object]:
    compiled = re.compile(pattern)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise ValueError(text)

    return check


def _date_time(text: str) -> None:
    _matches(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")(text)
    datetime.fromisoformat(re.sub(r"\.\d+", "", text.upper()))


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "date-time": _date_time,
    "email": _matches(r"[^@\s]+@[^@\s]+"),
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "uri": _matches(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>\\^`{|}]*"),
    "uuid": lambda text: UUID(text) if len(text) == 36 else _matches("(?!)")(text),
    "byte": lambda text: b64decode(text, validate=True),
}
