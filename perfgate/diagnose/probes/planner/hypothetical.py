"""What an index that is not there would be worth: HypoPG makes the planner believe in it, in one session alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

MAX_COLUMNS = 3  # columns of an index
MAX_COST_RATIO = 0.5  # of the plan's cost, at most which must be left


def is_there(connection: Any) -> bool:
    """Whether the extension is created in this database. Any error is its caller's to handle."""
    return connection.execute("select 1 from pg_extension where extname = 'hypopg'").fetchone() is not None


def worth(
    connection: Any, error: type[Exception], scans: Iterable[tuple[str, Sequence[str]]], plan: Callable[[], Any]
) -> str:
    """For people: what an index on the columns of a scan's filter would do to the cost of the plan; empty where it does
    little. Names are as SQL writes them; `plan` plans the statement once more."""
    try:
        before = _cost(plan())
    except error:
        return ""
    if before <= 0:
        return ""
    for table, columns in scans:
        names = list(dict.fromkeys(columns))[:MAX_COLUMNS]
        if not names:
            continue
        try:
            connection.execute("select hypopg_reset()")
            connection.execute("select hypopg_create_index(%s)", [f"create index on {table} ({', '.join(names)})"])
            after = _cost(plan())
            connection.execute("select hypopg_reset()")
        except error:
            return ""
        if 0 < after <= MAX_COST_RATIO * before:
            shown = f"{table.removeprefix('public.')} ({', '.join(names)})"
            return f"with an index on {shown} its plan costs {after:,.0f} instead of {before:,.0f} (HypoPG)"
    return ""


def _cost(plan: Any) -> float:
    try:
        return float(plan[0]["Plan"]["Total Cost"])
    except (LookupError, TypeError, ValueError):
        return 0.0
