"""Paths that differ only in ids as one pattern: `/items/7` and `/items/8` are `/items/{item}`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from perfgate.init import naming

_ID = re.compile(
    r"\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[0-9a-f]*\d)[0-9a-f]{12,}|"
    r"(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{20,}",
    re.IGNORECASE,
)
MIN_DISTINCT_VALUES = 12  # different texts at one place, from which on they are values and not names
MAX_REQUESTS_PER_VALUE = 4  # requests on average of each of them: names of pages come more often
Parts = tuple[str, ...]


@dataclass
class Pattern:
    """A pattern of paths with the values of each hole, by how often they came."""

    parts: Parts  # a hole is `{name}`
    count: int = 0
    rows: Counter[Parts] = field(default_factory=Counter)

    @property
    def path(self) -> str:
        return "/" + "/".join(self.parts)

    @property
    def holes(self) -> Parts:
        return tuple(part[1:-1] for part in self.parts if part.startswith("{"))


def patterns(paths: Mapping[str, int]) -> dict[str, Pattern]:
    """Patterns by path, as logged. `paths` has how often each came."""
    split = {path: tuple(path.strip("/").split("/")) if path.strip("/") else () for path in paths}
    marked = {path: tuple("{}" if _ID.fullmatch(part) else part for part in parts) for path, parts in split.items()}
    for index in range(max(map(len, marked.values()), default=0)):
        marked = _with_holes_at(index, marked, paths)
    made: dict[Parts, Pattern] = {}
    of_path: dict[str, Pattern] = {}
    for path, parts in marked.items():
        pattern = made.setdefault(parts, Pattern(parts=_named(parts)))
        pattern.count += paths[path]
        values = tuple(part for part, mark in zip(split[path], parts, strict=True) if mark == "{}")
        pattern.rows[values] += paths[path]
        of_path[path] = pattern
    return of_path


def _with_holes_at(index: int, marked: Mapping[str, Parts], paths: Mapping[str, int]) -> dict[str, Parts]:
    """A hole at that place, where many rare texts stand between the same neighbours."""
    groups: dict[tuple[Parts, int], Counter[str]] = defaultdict(Counter)
    for path, parts in marked.items():
        if index < len(parts):
            groups[(parts[:index], len(parts))][parts[index]] += paths[path]
    changed = {}
    for path, parts in marked.items():
        texts = groups.get((parts[:index], len(parts)), Counter()) if index < len(parts) else Counter()
        is_many = (
            index > 0 and len(texts) >= MIN_DISTINCT_VALUES and texts.total() < MAX_REQUESTS_PER_VALUE * len(texts)
        )
        changed[path] = (*parts[:index], "{}", *parts[index + 1 :]) if is_many else parts
    return changed


def _named(parts: Parts) -> Parts:
    """The pattern with a name in each hole, after what stands in front of it."""
    named: list[str] = []
    for index, part in enumerate(parts):
        if part != "{}":
            named.append(part)
            continue
        before = parts[index - 1] if index and parts[index - 1] != "{}" else "id"
        base = naming.value_name(naming.singular(before)).lower()
        name, number = base, 2
        while f"{{{name}}}" in named:
            name, number = f"{base}_{number}", number + 1
        named.append(f"{{{name}}}")
    return tuple(named)
