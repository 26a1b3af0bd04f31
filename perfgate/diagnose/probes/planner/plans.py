"""Which tables a plan of PostgreSQL reads as a whole, and what an index would have to be on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

# A column on the left of a comparison, perhaps cast, perhaps inside a function: `(upper((email)::text) = $1)`.
_FILTERED = re.compile(
    r"(?<![\w:.'\"])(?:(?P<function>\w+)\()?\(?(?:\w+\.)?(?P<column>\w+)\)?(?:::[\w ]+(?:\(\d+\))?)?\)*"
    r" (?:=|>=?|<=|<(?!>)|~~\*?|ANY)"
)
_SORTED = re.compile(r"(?:(?P<table>\w+)\.)?(?P<column>\w+)(?P<direction> DESC)?")

_INDEXED = ("Index Scan", "Index Only Scan")
_CONDITIONS = {"Index Cond", "Order By"}  # by which an index finds rows


class Scan(NamedTuple):
    table: str
    columns: tuple[str, ...]  # or `function(column)`: what an index would be on
    is_for_order: bool = False  # read as a whole only to be sorted, for a few rows
    is_in_order: bool = False  # read in the order of an index, row by row, until enough pass the filter


def scans(plan: Any) -> Iterator[Scan]:
    """Each table that is read as a whole for a filter, or only to be sorted and limited."""
    for node in _nodes(plan):
        if node.get("Node Type") == "Seq Scan" and "Filter" in node:
            yield Scan(node["Relation Name"], _filtered(node["Filter"]))
        elif node.get("Node Type") in _INDEXED and "Filter" in node and not _CONDITIONS & node.keys():
            yield Scan(node["Relation Name"], _filtered(node["Filter"]), is_in_order=True)
        elif node.get("Node Type") == "Limit":
            yield from _sorted(node)


def bare(column: str) -> str:
    """The column itself, without a function or a direction."""
    return column.rstrip(")").rpartition("(")[2].partition(" ")[0]


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
    tables = {part["table"] for part in parts if part}
    owners = [node for node in read if {node.get("Alias")} == tables or (tables == {None} and len(read) == 1)]
    if not all(parts) or len(owners) != 1:
        return
    directions = {part["direction"] for part in parts if part}
    # an index is read from either end: one direction of all columns need not be written
    written = [f"{part['column']}{(part['direction'] or '') * (len(directions) > 1)}" for part in parts if part]
    yield Scan(owners[0]["Relation Name"], tuple(written), is_for_order=True)
