"""MySQL and MariaDB: statements per request as differences of performance_schema's digests, and plans by EXPLAIN.

Nothing is reset and no statement of the application is executed: a digest's text has `?` for its literals, and EXPLAIN
of a SELECT with '1' for each of them only plans it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from perfgate.diagnose.facts import ProbeCounts, Statement
from perfgate.diagnose.probes import logins, statements
from perfgate.model.errors import DiagnosisError

TIMEOUT_S = 5  # s
PS_PER_SECOND = 1e12  # in a second
SNAPSHOT = """
select digest, digest_text, sum(count_star), sum(sum_rows_sent + sum_rows_affected), sum(sum_timer_wait),
       sum(sum_lock_time), sum(sum_no_index_used + sum_no_good_index_used)
from performance_schema.events_statements_summary_by_digest
where schema_name = database() and digest is not null
group by digest, digest_text
"""
ROW_LOCKS = "show global status like 'Innodb_row_lock_time'"  # ms; the digests of most servers know table locks alone
PLANNING = (
    "SET SESSION TRANSACTION READ ONLY",  # whatever the optimizer evaluates
    "SET SESSION sql_mode = CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'IGNORE_SPACE')",  # digests have `COUNT ( * )`
)
SWITCH = (
    "Start the server with `performance_schema = ON` (MariaDB has it off; it takes a restart), and "
    "`GRANT SELECT ON performance_schema.* TO ...;`."
)
_UNCOUNTED = re.compile(
    r"\s*(begin|start transaction|commit|rollback|savepoint|release|set|show|use|explain|ping|desc)\b", re.IGNORECASE
)
_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_OWN = re.compile(r"\bperformance_schema\b", re.IGNORECASE)
_FILTER_COLUMN = re.compile(r"(?:`?(\w+)`?\s*\.\s*)?`?(\w+)`?\s*(?:=|<|>|<=|>=|LIKE|IN)\s*(?:\?|\()", re.IGNORECASE)
_ALIASED = r"(?:\bfrom|\bjoin|,)\s*((?:`?[\w$]+`?\s*\.\s*)?`?[\w$]+`?)\s+(?:as\s+)?`?{}`?(?![\w$`]|\s*[.(])"


def _login(error: Exception) -> str:
    """What to do: MySQL's own way to log in (caching_sha2_password) needs a package where the connection has no TLS."""
    if isinstance(error, ValueError):
        return logins.MALFORMED
    if isinstance(error, RuntimeError) and "cryptography" in str(error):
        return "MySQL's caching_sha2_password needs one more package: pip install 'pymysql[rsa]'"
    return "Is the server there, and may the user of the URL log in (`CREATE USER`, `GRANT SELECT ON ... TO ...;`)?"


class DigestRow(NamedTuple):
    query: str
    calls: int
    rows: int
    seconds: float
    locked: float  # s that it waited for locks
    unindexed: int  # executions without an index


class MysqlProbe:
    """`url` as mysql://user:password@host/database. Raises DiagnosisError when the server cannot be reached, or does
    not count statements."""

    def __init__(self, url: str) -> None:
        try:
            import pymysql
        except ImportError as error:
            raise DiagnosisError(
                "diagnose.mysql needs PyMySQL: pip install 'perfgate[mysql]'", code="PG-X002"
            ) from error
        self._error: type[Exception] = pymysql.MySQLError
        try:
            parts = urlsplit(re.sub(r"^\w+(\+\w+)?://", "mysql://", url))
            self._connection: Any = pymysql.connect(
                host=parts.hostname or "127.0.0.1",
                port=parts.port or 3306,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path[1:]),
                unix_socket=next(iter(parse_qs(parts.query).get("unix_socket", ())), None),
                connect_timeout=TIMEOUT_S,
                read_timeout=TIMEOUT_S,
                autocommit=True,
                program_name="perfgate-diagnose",
            )
        except (pymysql.MySQLError, OSError, ValueError, RuntimeError) as error:
            raise DiagnosisError(
                f"diagnose.mysql: cannot connect ({type(error).__name__})", hint=_login(error), code="PG-X001"
            ) from error
        try:
            self._check_counting()
            self._before, self._row_locks_before = self._now(), self._row_locks()
        except DiagnosisError:
            self.close()
            raise

    def begin(self) -> None:
        self._before, self._row_locks_before = self._now(), self._row_locks()

    def counted(self, requests: int) -> ProbeCounts:
        grown = sorted(self._grown(), key=lambda row: -row.seconds)
        if not requests:
            return ProbeCounts()
        values = statements.per_request(grown, requests)
        if grown:
            by_rows = self._row_locks() - self._row_locks_before  # newer servers have them in both
            values["lock_wait"] = max(by_rows, sum(row.locked for row in grown)) / requests
        return ProbeCounts(
            values=values,
            statements=tuple(self._statement(row, requests) for row in grown[: statements.MAX_EXPLAINED_STATEMENTS]),
        )

    def close(self) -> None:
        with suppress(self._error, OSError):
            self._connection.close()

    def _check_counting(self) -> None:
        """An empty table says nothing: with performance_schema off it is there all the same."""
        [row] = self._rows("select @@performance_schema") or [(0,)]
        if not int(row[0]):
            raise DiagnosisError(
                "diagnose.mysql: performance_schema is off, so no statement is counted", hint=SWITCH, code="PG-X001"
            )

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall())
        except (self._error, OSError) as error:
            raise DiagnosisError(
                "diagnose.mysql: performance_schema cannot be read", hint=SWITCH, code="PG-X001"
            ) from error

    def _row_locks(self) -> float:
        """Seconds that statements have waited for row locks yet, of the whole server."""
        return sum(float(milliseconds) for _, milliseconds in self._rows(ROW_LOCKS)) / 1e3

    def _now(self) -> Mapping[str, DigestRow]:
        return {
            digest: DigestRow(
                query=text or "",
                calls=int(calls),
                rows=int(rows),
                seconds=float(waited) / PS_PER_SECOND,
                locked=float(locked) / PS_PER_SECOND,
                unindexed=int(unindexed),
            )
            for digest, text, calls, rows, waited, locked, unindexed in self._rows(SNAPSHOT)
        }

    def _grown(self) -> Iterator[DigestRow]:
        """What came since, without the words of transactions and perfgate's own. A digest that counts less than before
        was emptied by somebody: all of it is new."""
        for digest, now in self._now().items():
            old = self._before.get(digest)
            if old is None or now.calls < old.calls:
                old = DigestRow(now.query, 0, 0, 0.0, 0.0, 0)
            if now.calls > old.calls and not _UNCOUNTED.match(now.query) and not _OWN.search(now.query):
                yield DigestRow(
                    now.query,
                    now.calls - old.calls,
                    now.rows - old.rows,
                    now.seconds - old.seconds,
                    now.locked - old.locked,
                    now.unindexed - old.unindexed,
                )

    def _statement(self, row: DigestRow, requests: int) -> Statement:
        tables = {alias: table_of(row.query, alias) for alias in self._scanned(row.query)} if row.unindexed else {}
        filters = _FILTER_COLUMN.findall(row.query) if tables else []
        return Statement(
            fingerprint=statements.fingerprint(row.query.replace("`", "")),
            calls=row.calls / requests,
            rows=row.rows / requests,
            seconds=row.seconds / row.calls,
            scans=tuple(dict.fromkeys(tables.values())),
            columns=tuple(dict.fromkeys(column for _, column in filters)),
            indexes={
                table: statement for alias, table in tables.items() if (statement := index(table, alias, filters))
            },
        )

    def _scanned(self, query: str) -> Iterator[str]:
        """The tables that its plan reads as a whole. Only a SELECT is planned, and never executed."""
        if not _SELECT.match(query) or ";" in query or query.endswith("..."):
            return
        text = re.sub(r"\(\s*\.\.\.\s*\)", "('1')", query)  # NULL would make the condition an impossible one
        text = re.sub(r"\b(LIMIT|OFFSET)\s+\?(\s*,\s*(\?|\.\.\.))?", r"\1 1", text, flags=re.IGNORECASE).replace(
            "?", "'1'"
        )
        try:
            with self._connection.cursor() as cursor:
                for setting in PLANNING:
                    cursor.execute(setting)
                cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {text}")
                names = [column[0].lower() for column in cursor.description]
                plan = [dict(zip(names, item, strict=True)) for item in cursor.fetchall()]
        except (self._error, OSError):
            return
        for step in plan:
            if step.get("type") == "ALL" and (step.get("table") or "<").partition("<")[0]:  # <derived2> is no table
                yield str(step["table"])


def table_of(query: str, alias: str) -> str:
    """The name of the table, perhaps after its schema and a dot, that the query and its plan name by the alias."""
    match = re.search(_ALIASED.format(re.escape(alias)), query, re.IGNORECASE)
    return re.sub(r"[`\s]", "", match[1]) if match else alias


def index(table: str, alias: str, filters: Sequence[tuple[str, str]]) -> str:
    """The statement that creates the index that the table lacks. `filters` are the alias, if any, and the name of each
    column that is compared. Empty without columns."""
    columns = dict.fromkeys(column for owner, column in filters if owner in ("", alias))
    quoted = ".".join(f"`{name}`" for name in table.split("."))
    return f"ALTER TABLE {quoted} ADD INDEX ({', '.join(f'`{column}`' for column in columns)});" if columns else ""
