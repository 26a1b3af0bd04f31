"""What a Server-Timing header (W3C) says of one request, under the names that the application gives its metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# part -> names by which applications commonly call it
USUAL_ENTRIES: Mapping[str, tuple[str, ...]] = {
    "total": ("total",),
    "database": ("db", "database", "sql", "sql.active_record"),
    "cache": ("cache", "redis"),
    "external": ("external", "http"),
    "serialisation": ("serialisation", "serialization", "render"),
    "cpu": ("cpu",),
    "database_connect": ("db-connect",),
    "cache_connect": ("cache-connect",),
}
_ENTRY = re.compile(r'\s*([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)((?:\s*;\s*[\w-]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^;,"]*))?)*)')
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,"]*))')
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][-+]?\d+)?")
MAX_SECONDS = 1e6  # of a part; more is no time that somebody waited
_COUNT = re.compile(r"(?:^|[^\w])(?:n=)?(\d{1,9})(?:\s*(?:quer|calls|sql)|$)")


@dataclass(frozen=True, kw_only=True)
class ServerTiming:
    """`seconds` and `calls` by part (a key of USUAL_ENTRIES); `descriptions` too, "hit" for example."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)


def read(header: str, names: Mapping[str, str] | None = None) -> ServerTiming:
    """`names` says how the application calls a part, instead of the usual names. The last entry of a name counts:
    perfgate's own middleware adds its entries at the end. What is no number is left out."""
    seconds: dict[str, float] = {}
    calls: dict[str, int] = {}
    descriptions: dict[str, str] = {}
    part_of = {name: part for part, usual in USUAL_ENTRIES.items() for name in usual}
    for part, name in (names or {}).items():
        part_of = {other: own for other, own in part_of.items() if own != part} | {name: part}
    for entry in _ENTRY.finditer(header):
        part = part_of.get(entry[1], "")
        if not part:
            continue
        for parameter in _PARAMETER.finditer(entry[2]):
            value = parameter[2] if parameter[2] is not None else parameter[3].strip()
            if parameter[1] == "dur" and (took := _seconds(value)) is not None:
                seconds[part] = took
            elif parameter[1] == "desc":
                descriptions[part] = value
                if count := _COUNT.search(value):
                    calls[part] = int(count[1])
    return ServerTiming(seconds=seconds, calls=calls, descriptions=descriptions)


def _seconds(milliseconds: str) -> float | None:
    """Returns None for what is no time."""
    if not _NUMBER.fullmatch(milliseconds):
        return None
    took = float(milliseconds) / 1000
    return took if took < MAX_SECONDS else None
