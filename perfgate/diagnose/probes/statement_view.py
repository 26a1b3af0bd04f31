"""The view pg_stat_statements: where it is, and the query that reads it, by the columns that its version has."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

# An extension keeps the version that it was created with, also when the server is upgraded.
VIEW = """
select quote_ident(n.nspname), array_agg(a.attname::text)
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  join pg_class c on c.relnamespace = n.oid and c.relname = 'pg_stat_statements'
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where e.extname = 'pg_stat_statements' group by 1
"""
SNAPSHOT = """
select s.queryid::text, s.query, sum(s.calls), sum(s.rows), sum(s.{seconds})
from {view} s join pg_database d on d.oid = s.dbid
where d.datname = current_database() and {is_counted}
  and s.query not like '%pg_stat_statements%' and s.query not like '%perfgate-diagnose%'
  and s.query not like '%hypopg%' and s.query not like '%pg_extension%'
group by 1, 2
"""
USUAL_COLUMNS = ("total_exec_time", "toplevel")


def snapshot(connection: Any) -> str:
    """The query for its rows: id, text, calls, rows and ms. The search_path may not lead to the view. Any error is its
    caller's to handle."""
    schema, columns = connection.execute(VIEW).fetchone() or ("", USUAL_COLUMNS)
    return snapshot_of(f"{schema}.pg_stat_statements" if schema else "pg_stat_statements", columns)


def snapshot_of(view: str, columns: Collection[str]) -> str:
    """Before its version 1.9 (PostgreSQL 14) it does not tell which statements a function sends, before 1.8 (PostgreSQL
    13) planning has no time of its own."""
    return SNAPSHOT.format(
        view=view,
        seconds="total_exec_time" if "total_exec_time" in columns else "total_time",
        is_counted="s.toplevel" if "toplevel" in columns else "true",
    )
