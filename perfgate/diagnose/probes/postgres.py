"""PostgreSQL: statements per request as differences of pg_stat_statements, and plans of the heaviest ones.

Nothing is reset and no statement of the application is executed: plans are generic ones of the text with
placeholders. PostgreSQL stores most without literals; those that it keeps are masked before anybody sees them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from perfgate.diagnose.facts import ProbeCounts, Statement
from perfgate.diagnose.probes import logins, statement_view, statements
from perfgate.diagnose.probes.locks import LockWatch
from perfgate.diagnose.probes.planner import hypothetical, plans
from perfgate.diagnose.probes.planner.planning import Planner
from perfgate.model.errors import DiagnosisError

SESSIONS = "select sessions /* perfgate-diagnose */ from pg_stat_database where datname = current_database()"
SMALL_TABLE = 1000  # rows: fewer are read as a whole faster than by an index
ROWS = "select reltuples from pg_class where oid = to_regclass(%s) /* perfgate-diagnose */"
QUOTED = "select quote_ident(%s), quote_ident(%s) /* perfgate-diagnose */"
USUAL_SCHEMA = "public"  # whose tables need no schema before their name
INDEXED = """
select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
where i.indrelid = to_regclass(%s) and i.indpred is null /* perfgate-diagnose */
"""
HINT = (
    "It needs `shared_preload_libraries = 'pg_stat_statements'` and `CREATE EXTENSION pg_stat_statements;`, "
    "and for other users' statements `GRANT pg_read_all_stats TO ...;`."
)
_UNCOUNTED = re.compile(
    r"\s*((begin|commit|rollback|savepoint|release|set|show|deallocate|discard|explain|prepare|close|unlisten|reset)\b"
    r"|select set_config\("  # what Django begins a connection with
    r"|select pg_advisory_unlock_all\(\)\s*\Z)",  # with close, unlisten and reset: what a pool sends
    re.IGNORECASE,
)

HIDDEN = "<insufficient privilege>"  # instead of the text of other users' statements


class StatementRow(NamedTuple):
    query: str
    calls: int
    rows: int
    seconds: float


class PostgresProbe:
    """Raises DiagnosisError when the server cannot be reached, or does not count statements."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise DiagnosisError(
                "diagnose.postgres needs psycopg: pip install 'perfgate[postgres]'", code="PG-X002"
            ) from error
        self._error: type[Exception] = psycopg.Error
        settings: dict[str, Any] = {"autocommit": True, "connect_timeout": 5, "application_name": "perfgate-diagnose"}
        settings["client_encoding"] = "utf8"  # the texts of a database without an encoding are bytes otherwise
        settings["prepare_threshold"] = None  # behind a pooler the next session does not know what was prepared
        try:
            plain = logins.postgres_conninfo(url)
            written = psycopg.conninfo.conninfo_to_dict(plain).get("options") or ""  # such as a search_path
            options = f"{written} -c statement_timeout=5000 -c lock_timeout=1000".strip()
            self._connection: Any = psycopg.connect(plain, options=options, **settings)
            try:
                self._locks = LockWatch(psycopg.connect(plain, **settings))
            except psycopg.Error:
                self._connection.close()
                raise
        except psycopg.Error as error:
            raise logins.postgres_refusal(error) from error
        try:
            self._snapshot = statement_view.snapshot(self._connection)
            self._before, self._sessions_before = self._now(), self._sessions()
            self._has_hypopg = hypothetical.is_there(self._connection)
            self._planner = Planner(self._connection, psycopg.Error)
        except DiagnosisError:
            self.close()
            raise
        except psycopg.Error as error:
            self.close()
            raise _unreadable() from error

    def begin(self) -> None:
        self._before, self._sessions_before = self._now(), self._sessions()
        self._planner.begin()
        self._locks.begin()

    def counted(self, requests: int) -> ProbeCounts:
        waits = self._locks.seconds()
        self._planner.end()
        every = sorted(self._grown(), key=lambda row: -row.seconds)
        grown = [row for row in every if row.query != HIDDEN]
        if not requests:
            return ProbeCounts()
        if sum(row.calls for row in every) - sum(row.calls for row in grown) >= requests / 2:
            raise DiagnosisError(
                "diagnose.postgres: the statements are another user's, and hidden",
                hint="`GRANT pg_read_all_stats TO ...;` lets perfgate's own user see them.",
                code="PG-X001",
            )
        values = statements.per_request(grown, requests)
        if waits is not None:
            values |= {"lock_wait": waits.locks / requests, "commit_wait": waits.commits / requests}
        if (sessions := self._sessions()) is not None and self._sessions_before is not None:
            values["database_sessions"] = (sessions - self._sessions_before) / requests
        return ProbeCounts(
            values=values,
            statements=tuple(self._statement(row, requests) for row in grown[: statements.MAX_EXPLAINED_STATEMENTS]),
        )

    def close(self) -> None:
        self._locks.close()
        self._connection.close()

    def _now(self) -> Mapping[tuple[str, str], StatementRow]:
        """Rows by id and text: each user's entry keeps the text in which that user sent the statement first."""
        try:
            rows = self._connection.execute(self._snapshot).fetchall()
        except self._error as error:
            raise _unreadable() from error
        return {
            (key, text): StatementRow(text, int(calls), int(n), float(ms) / 1e3) for key, text, calls, n, ms in rows
        }

    def _sessions(self) -> int | None:
        """Connections to this database that have been opened yet; None before PostgreSQL 14, which does not count
        them."""
        if self._connection.info.server_version < 140000:
            return None
        try:
            [row] = self._connection.execute(SESSIONS).fetchall()
        except self._error:
            return None
        return int(row[0])

    def _grown(self) -> list[StatementRow]:
        """What came since, by text without literals: each schema, each user and each call of a procedure has entries of
        its own."""
        totals: dict[str, StatementRow] = {}
        for row in self._entries():
            text = statements.masked(row.query)
            before = totals.get(text, StatementRow(row.query, 0, 0, 0.0))
            sums = before.calls + row.calls, before.rows + row.rows, before.seconds + row.seconds
            totals[text] = StatementRow(before.query, *sums)
        return list(totals.values())

    def _entries(self) -> Iterator[StatementRow]:
        """What came since, without the words of transactions. Entries that were evicted and came back are all new."""
        for key, now in self._now().items():
            old = self._before.get(key)
            if old is None or now.calls < old.calls:
                old = StatementRow(now.query, 0, 0, 0.0)
            if now.calls > old.calls and not _UNCOUNTED.match(now.query):
                yield StatementRow(now.query, now.calls - old.calls, now.rows - old.rows, now.seconds - old.seconds)

    def _statement(self, row: StatementRow, requests: int) -> Statement:
        planned = self._planner.plan(row.query)
        named = [(scan, self._named(scan)) for scan in plans.scans(planned.plan)]
        scans = [(scan, name) for scan, name in named if self._lacks_index(scan, name)]
        hint = ""
        if scans and self._has_hypopg:
            tried = [(name, scan.columns) for scan, name in scans]
            hint = hypothetical.worth(self._connection, self._error, tried, lambda: self._planner.explained(row.query))
        filtered = {
            (name, plans.bare(column)) for scan, name in scans if not scan.is_in_order for column in scan.columns
        }
        names = sorted({name for name, _ in filtered})
        indexed = [column for name in names for column in self._leading(name) if (name, column) in filtered]
        return Statement(
            fingerprint=statements.fingerprint(statements.masked(row.query)),
            calls=row.calls / requests,
            rows=row.rows / requests,
            seconds=row.seconds / row.calls,
            scans=tuple(dict.fromkeys(scan.table for scan, _ in scans)),
            columns=tuple(dict.fromkeys(column for scan, _ in scans for column in scan.columns)),
            indexed=tuple(dict.fromkeys(indexed)),
            indexes=_indexes(scans, row.query, is_usual_path=not planned.note),
            in_order=tuple(dict.fromkeys(scan.table for scan, _ in scans if scan.is_in_order)),
            hint=hint,
            note=planned.note,
        )

    def _named(self, scan: plans.Scan) -> str:
        """The table as SQL writes it, with its schema."""
        names = [scan.schema, scan.table]
        with suppress(self._error):
            [quoted] = self._connection.execute(QUOTED, names).fetchall()
            return ".".join(quoted)
        return ".".join('"{}"'.format(name.replace('"', '""')) for name in names)

    def _lacks_index(self, scan: plans.Scan, name: str) -> bool:
        """Whether an index would save the reading of a large table. One that gives the order, and that the planner does
        not take, does not."""
        if not self._is_large(name):
            return False
        return not scan.is_for_order or plans.bare(scan.columns[0]) not in self._leading(name)

    def _is_large(self, name: str) -> bool:
        """Whether reading the whole table takes time, by the planner's own count; where there is none, it may."""
        try:
            row = self._connection.execute(ROWS, [name]).fetchone()
        except self._error:
            return True
        return row is None or row[0] < 0 or row[0] >= SMALL_TABLE

    def _leading(self, name: str) -> list[str]:
        """The columns that an index of the table begins with."""
        try:
            rows = self._connection.execute(INDEXED, [name]).fetchall()
        except self._error:
            return []
        return [column for (column,) in rows]


def _indexes(scans: Sequence[tuple[plans.Scan, str]], query: str, *, is_usual_path: bool) -> dict[str, str]:
    """Table -> the statement that creates the index which its scans lack. Without the schema only where anybody's
    search_path leads to it."""
    columns, names = dict[str, list[str]](), dict[str, str]()
    for scan, name in scans:
        columns[scan.table] = list(dict.fromkeys([*columns.get(scan.table, []), *scan.columns]))
        has_schema = scan.schema != USUAL_SCHEMA or not is_usual_path
        names.setdefault(scan.table, name if has_schema else name.removeprefix(f"{USUAL_SCHEMA}."))
    return {table: plans.index(names[table], listed, query) for table, listed in columns.items()}


def _unreadable() -> DiagnosisError:
    return DiagnosisError("diagnose.postgres: pg_stat_statements cannot be read", hint=HINT, code="PG-X001")
