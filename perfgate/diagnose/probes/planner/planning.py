"""Generic plans of statements, as pg_stat_statements has their text. Nothing is executed.

The text names tables as the application does, whose search_path may not be that of the probe's URL: an application that
serves several tenants sets it itself. Then the schema is looked up that has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote

from perfgate.diagnose.shortening import shortened

_PLANNED = re.compile(r"\s*(select|with|update|delete)\b", re.IGNORECASE)
_NO_TABLE, _NO_TYPE = "42P01", "42P18"  # SQLSTATE: undefined_table, indeterminate_datatype
_OF_DATA = "22"  # begins the SQLSTATE of errors that quote a value
POOLED = "no plan: diagnose.postgres leads to a pooler or proxy; give it the URL of PostgreSQL itself"
_NAME = re.compile(r'"((?:[^"]|"")+)"|([\w$]+)')
MAX_NAMED_SCHEMAS = 3
MAX_TRIED_SCHEMAS = 8
CANDIDATES = """
select c.oid::bigint, n.nspname, quote_ident(n.nspname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not n.nspname in ('pg_catalog', 'information_schema') and not n.nspname like 'pg\\_t%%'
order by 2 /* perfgate-diagnose */
"""
USED = """
select o::bigint, pg_stat_get_numscans(o) + coalesce(sum(pg_stat_get_numscans(i.indexrelid)), 0)
  + pg_stat_get_tuples_inserted(o) + pg_stat_get_tuples_updated(o) + pg_stat_get_tuples_deleted(o)
from unnest(%s::oid[]) o left join pg_index i on i.indrelid = o group by o /* perfgate-diagnose */
"""


class StatementPlan(NamedTuple):
    """`plan` is None for what cannot be planned; `note` says why, or which schema was looked up for it."""

    plan: Any = None
    note: str = ""


class Candidate(NamedTuple):
    """A table that a name may mean."""

    oid: int
    schema: str
    quoted: str


class Planner:
    """Plans on the probe's connection, whose `error` is that of its driver."""

    def __init__(self, connection: Any, error: type[Exception]) -> None:
        self._connection, self._error = connection, error
        [self._path] = connection.execute("show search_path /* perfgate-diagnose */").fetchone()
        [process] = connection.execute("select pg_backend_pid() /* perfgate-diagnose */").fetchone()
        # A pooler tells a process of its own: it may lend the session, with its search_path, to the application.
        self._is_pooled = process != connection.info.backend_pid
        self._used: dict[int, int] = {}  # of tables with a name that several schemas have, how often in all phases
        self._before: Mapping[int, int] = {}

    def begin(self) -> None:
        """Begins a phase, whose statements are the application's."""
        self._before = self._uses()

    def end(self) -> None:
        """Counts what was used in the phase."""
        for oid, now in self._uses().items():
            self._used[oid] += max(0, now - self._before.get(oid, now))
        self._before = {}

    def plan(self, query: str) -> StatementPlan:
        """The plan of a statement. Schemas that were looked up for it are in the search_path until the next one. What
        the database refuses costs the plan alone."""
        try:
            return self._plan(query)
        except self._error as error:
            return StatementPlan(note=_reason(error))

    def _plan(self, query: str) -> StatementPlan:
        if not _PLANNED.match(query) or ";" in query.rstrip().rstrip(";"):
            return StatementPlan()
        if self._is_pooled:
            return StatementPlan(note=POOLED)
        added: list[str] = []
        busiest = ""
        self._set_path(())
        while True:
            try:
                return StatementPlan(self.explained(query), busiest or _place(added))
            except self._error as error:
                name = _missing_table(error, query)
                if not name:
                    return StatementPlan(note=_reason(error))
            candidates = self._candidates(name)
            usable = self._usable(query, candidates, added)
            chosen = usable[0] if len(usable) == 1 else self._busiest(usable)
            if chosen is None:
                return StatementPlan(note=_ambiguity(name, candidates))
            if chosen.quoted in added:  # and the search_path leaves it out
                return StatementPlan(
                    note=f"no plan: the user of diagnose.postgres needs GRANT USAGE ON SCHEMA {chosen.quoted} TO ...;"
                )
            if len(usable) > 1:
                busiest = f"planned in the schema {chosen.quoted}, the busiest of {len(usable)} that have {name}"
            added.append(chosen.quoted)
            self._set_path(added)

    def explained(self, query: str) -> Any:
        """The generic plan as the search_path is now, with the schemas of its tables. Raises the driver's error."""
        numbers = [int(number) for number in re.findall(r"\$(\d+)", query)]
        with self._connection.transaction(force_rollback=True):
            self._connection.execute("set transaction read only")
            self._connection.execute("set local plan_cache_mode = force_generic_plan")
            self._connection.execute("deallocate all")
            self._connection.execute(f"prepare perfgate_plan as {query}".encode())
            values = f"({', '.join(['null'] * max(numbers))})" if numbers else ""
            [plan] = self._connection.execute(
                f"explain (format json, verbose) execute perfgate_plan{values}"
            ).fetchone()
        return json.loads(plan) if isinstance(plan, str) else plan

    def _usable(self, query: str, candidates: Sequence[Candidate], added: Sequence[str]) -> Sequence[Candidate]:
        """Those of several in which the whole statement can be planned: with its other tables and columns."""
        if not 1 < len(candidates) <= MAX_TRIED_SCHEMAS:
            return candidates
        usable = []
        for item in candidates:
            self._set_path([*added, item.quoted])
            with suppress(self._error):
                self.explained(query)
                usable.append(item)
        return usable or candidates

    def _busiest(self, candidates: Sequence[Candidate]) -> Candidate | None:
        """The one that was used most, as far as that was watched: from the next phase on."""
        if not candidates:
            return None
        for item in candidates:
            self._used.setdefault(item.oid, 0)
        busiest = max(candidates, key=lambda item: self._used[item.oid])
        return busiest if self._used[busiest.oid] else None

    def _candidates(self, name: str) -> list[Candidate]:
        return [Candidate(*row) for row in self._connection.execute(CANDIDATES, [name]).fetchall()]

    def _uses(self) -> dict[int, int]:
        if not self._used:
            return {}
        try:
            rows = self._connection.execute(USED, [list(self._used)]).fetchall()
        except self._error:
            return {}
        return {int(oid): int(count or 0) for oid, count in rows}

    def _set_path(self, added: Sequence[str]) -> None:
        path = ", ".join([*reversed(added), *filter(None, [self._path])])
        self._connection.execute("select set_config('search_path', %s, false) /* perfgate-diagnose */", [path])


def _missing_table(error: Any, query: str) -> str:
    """The name of the table that is in no schema of the search_path; empty for any other error."""
    diag = getattr(error, "diag", None)
    position = getattr(diag, "statement_position", None)
    if getattr(error, "sqlstate", "") != _NO_TABLE or not position:
        return ""
    match = _NAME.match(query, int(position) - 1 - len("prepare perfgate_plan as "))
    if match is None or query[match.end() : match.end() + 1] == ".":  # a name that has its schema
        return ""
    return match[1].replace('""', '"') if match[1] else match[2].lower()


def _place(added: Sequence[str]) -> str:
    """Where the tables are that the search_path of the probe's URL does not lead to: nor does that of a remedy."""
    return f"planned in the schema {', '.join(added)}" if added else ""


def _reason(error: Any) -> str:
    state = getattr(error, "sqlstate", "") or ""
    if state == _NO_TYPE:
        return ""  # of a placeholder: nothing that anybody can mend
    message = "" if state.startswith(_OF_DATA) else getattr(error.diag, "message_primary", "")
    return shortened(f"no plan: {message or type(error).__name__}")


def _ambiguity(name: str, candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return f"no plan: {name} is in no schema of the database of diagnose.postgres"
    named = ", ".join(item.schema for item in candidates[:MAX_NAMED_SCHEMAS])
    option = quote(re.sub(r"([\\ ])", r"\\\1", candidates[0].quoted))  # which ends at a space without a backslash
    more = ", ..." if len(candidates) > MAX_NAMED_SCHEMAS else ""
    return (
        f"no plan: {name} is in {len(candidates)} schemas ({named}{more}), none of them in the search_path of "
        f"diagnose.postgres: add ?options=-csearch_path%3D{option} to its URL"
    )
