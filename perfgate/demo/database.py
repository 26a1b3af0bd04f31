"""The shop's SQLite file behind SQLAlchemy: tables, connections, and the time every query really takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ExecutionContext,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from perfgate.demo import meter

# A shop's database is another machine. Without this wait queries would be all but free, and 40 of them no worse than 2.
ROUND_TRIP = 0.0005  # seconds

# As many as there are worker threads (anyio's default is 40), and some for exports: nobody ever waits for a connection.
CONNECTIONS = 48

tables = MetaData()
categories = Table("categories", tables, Column("id", Integer, primary_key=True), Column("name", String))
products = Table(
    "products",
    tables,
    Column("id", Integer, primary_key=True),
    Column("name", String),
    Column("description", String),
    Column("cents", Integer),
    Column("category_id", ForeignKey("categories.id")),
    Column("sold", Integer, index=True),
)
reviews = Table(
    "reviews",
    tables,
    Column("id", Integer, primary_key=True),
    Column("product_id", ForeignKey("products.id"), index=True),
    Column("author", String),
    Column("stars", Integer),
    Column("text", String),
)
# Every ending of every word of a name ("teapot", "eapot", "apot" ...): searching inside words is a range of an index.
name_parts = Table("name_parts", tables, Column("part", String), Column("product_id", ForeignKey("products.id")))
name_parts_index = Index("name_parts_part", name_parts.c.part, name_parts.c.product_id)
users = Table(
    "users",
    tables,
    Column("id", Integer, primary_key=True),
    Column("name", String, unique=True),
    Column("password_hash", String),
)
sessions = Table(
    "sessions", tables, Column("token", String, primary_key=True), Column("user_id", ForeignKey("users.id"))
)
basket_lines = Table(
    "basket_lines",
    tables,
    Column("id", Integer, primary_key=True),
    Column("token", String),
    Column("product_id", ForeignKey("products.id")),
    Column("quantity", Integer),
    UniqueConstraint("token", "product_id"),
)
orders = Table(
    "orders",
    tables,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id")),
    Column("cents", Integer),
)
order_lines = Table(
    "order_lines",
    tables,
    Column("order_id", ForeignKey("orders.id"), primary_key=True),
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("quantity", Integer),
)


class Database:
    """Reads side by side, writes one after the other, as SQLite wants it."""

    def __init__(self, path: Path) -> None:
        # isolation_level: a write takes SQLite's write lock at its first statement instead of failing half-way.
        self._engine = create_engine(
            f"sqlite:///{path}", pool_size=CONNECTIONS, connect_args={"isolation_level": "IMMEDIATE", "timeout": 10}
        )
        # SQLite makes a second writer sleep in growing steps up to 100 ms. Our own lock hands over at once.
        self._writing = threading.Lock()
        event.listen(self._engine, "connect", _tune)
        event.listen(self._engine, "before_cursor_execute", _start_query)
        event.listen(self._engine, "after_cursor_execute", _end_query)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for reading."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end. Waiting for other writers is time spent on the database."""
        started = perf_counter()
        with self._writing:
            meter.current().database_seconds += perf_counter() - started
            with self._engine.begin() as connection:
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def rows(connection: Connection, statement: Select[Any], **values: Any) -> Sequence[RowMapping]:
    """Run a query and fetch all of it. SQLite does much of its work while rows are fetched, so that time counts too."""
    result = connection.execute(statement, values)
    started = perf_counter()
    fetched = result.mappings().all()
    meter.current().database_seconds += perf_counter() - started
    return fetched


def _tune(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Favour steady latencies over safety: readers never wait for a writer, and nothing waits for the disk."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "mmap_size=268435456", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _start_query(_: Connection, _cursor: Any, _sql: str, _values: Any, context: ExecutionContext, _many: bool) -> None:
    context.demo_started = perf_counter()  # type: ignore[attr-defined]
    time.sleep(ROUND_TRIP)


def _end_query(_: Connection, _cursor: Any, _sql: str, _values: Any, context: ExecutionContext, _many: bool) -> None:
    spent = meter.current()
    spent.queries += 1
    spent.database_seconds += perf_counter() - context.demo_started  # type: ignore[attr-defined]
