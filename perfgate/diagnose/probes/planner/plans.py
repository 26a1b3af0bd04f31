"""Which tables a plan of PostgreSQL reads as a whole, and what an index would have to be on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'  # in quotes where PostgreSQL needs them
# A column on the left of a comparison, perhaps cast, perhaps inside a function: `(upper((email)::text) = $1)`.
_FILTERED = re.compile(
    rf"(?<![\w:.'\"])(?:(?P<function>\w+)\()?\(?(?:{_NAME}\.)?(?P<column>{_NAME})\)?(?:::[\w ]+(?:\(\d+\))?)?\)*"
    r" (?:=|>=?|<=|<(?!>)|~~\*?|ANY)"
)
_SORTED = re.compile(rf"(?:(?P<table>{_NAME})\.)?(?P<column>{_NAME})(?P<direction> DESC)?")
_BARE = re.compile(rf"(?:\w+\()?({_NAME})")
_LIKE = re.compile(r"\bi?like\b", re.IGNORECASE)
_TRIGRAMS = (
    "For a pattern that begins with %: CREATE EXTENSION pg_trgm; "
    "CREATE INDEX ON {table} USING gin ({column} gin_trgm_ops);"
)

_INDEXED = ("Index Scan", "Index Only Scan")
_CONDITIONS = {"Index Cond", "Order By"}  # by which an index finds rows


class Scan(NamedTuple):
    table: str
    columns: tuple[str, ...]  # as SQL writes them, or `function(column)`: what an index would be on
    is_for_order: bool = False  # read as a whole only to be sorted, for a few rows
    is_in_order: bool = False  # read in the order of an index, row by row, until enough pass the filter
    schema: str = ""  # where the plan names it


def scans(plan: Any) -> Iterator[Scan]:
    """Each table that is read as a whole for a filter, or only to be sorted and limited."""
    for node in _nodes(plan):
        if node.get("Node Type") == "Seq Scan" and "Filter" in node:
            yield Scan(node["Relation Name"], _filtered(node["Filter"]), schema=node.get("Schema", ""))
        elif node.get("Node Type") in _INDEXED and "Filter" in node and not _CONDITIONS & node.keys():
            columns = _filtered(node["Filter"])
            yield Scan(node["Relation Name"], columns, is_in_order=True, schema=node.get("Schema", ""))
        elif node.get("Node Type") == "Limit":
            yield from _sorted(node)


def bare(column: str) -> str:
    """The name of the column itself, without quotes, a function or a direction."""
    match = _BARE.match(column)
    return _unquoted(match[1]) if match else column


def index(table: str, columns: Sequence[str], query: str) -> str:
    """The statement that creates it; `table` as SQL writes it. Empty without columns."""
    if not columns:
        return ""
    statement = f"CREATE INDEX ON {table} ({', '.join(columns)});"
    return f"{statement} {_TRIGRAMS.format(table=table, column=columns[0])}" if _LIKE.search(query) else statement


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    """Every node of the plan, from the top."""
    if isinstance(plan, list):
        for item in plan:
            yield from _nodes(item)
    elif isinstance(plan, dict):
        yield plan
        for key in ("Plan", "Plans"):
            yield from _nodes(plan.get(key))


def _filtered(text: str) -> tuple[str, ...]:
    found = _FILTERED.finditer(text)
    return tuple(f"{hit['function']}({hit['column']})" if hit["function"] else hit["column"] for hit in found)


def _sorted(limit: dict[str, Any]) -> Iterator[Scan]:
    """A table that is sorted as a whole for the sake of a few rows of it."""
    keys = next((node["Sort Key"] for node in _nodes(limit) if node.get("Node Type") == "Sort"), ())
    parts = [_SORTED.fullmatch(key) for key in keys]
    read = [node for node in _nodes(limit) if node.get("Node Type") == "Seq Scan" and "Filter" not in node]
    tables = {part["table"] and _unquoted(part["table"]) for part in parts if part}
    owners = [node for node in read if {node.get("Alias")} == tables or (tables == {None} and len(read) == 1)]
    if not all(parts) or len(owners) != 1:
        return
    directions = {part["direction"] for part in parts if part}
    # an index is read from either end: one direction of all columns need not be written
    written = [f"{part['column']}{(part['direction'] or '') * (len(directions) > 1)}" for part in parts if part]
    owner = owners[0]
    yield Scan(owner["Relation Name"], tuple(written), is_for_order=True, schema=owner.get("Schema", ""))
