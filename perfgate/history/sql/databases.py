"""What differs from one SQL database to another: how it comes into being, how writers take turns, what errors mean."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from perfgate.history.sql.sqlite_file import SqliteFile
from perfgate.history.sql.tables import SCHEMA, Step
from perfgate.model.errors import HistoryError


class Database(Protocol):
    """What differs from one SQL database to another."""

    place: str  # names it in errors, without a password
    recovery: str  # what to do when its content is damaged
    engine: sa.Engine

    def exists(self) -> bool: ...

    def create(self, fill: Step) -> None:
        """Makes what `fill` makes unless it exists: once, even if several processes ask for it."""

    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        """Begins a transaction; to `write`, it waits for its turn."""

    def explain(self, error: BaseException | None) -> HistoryError:
        """What an error of the driver means to a user."""


class Sqlite:
    """See Database."""

    def __init__(self, path: Path, *, timeout: float = 30.0) -> None:
        """`timeout`: seconds to wait for other writers."""
        self._file = SqliteFile(path, timeout=timeout)
        self.place = str(path)
        self.recovery = self._file.recovery
        self.exists = self._file.exists
        self.explain = self._file.explain
        self.engine = sa.create_engine("sqlite://", creator=self._file.connect)

    def create(self, fill: Step) -> None:
        def through(raw: sqlite3.Connection) -> None:
            with sa.create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool).begin() as connection:
                self.begin(connection, write=True)
                fill(connection)

        self._file.create(through)

    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Postgresql:
    """See Database."""

    LOCK = 0x7065726667617465  # "perfgate" in ASCII: a number that other programs in the same database do not use

    recovery = "Restore it from a backup; `perfgate history import BACKUP.jsonl.gz` fills an empty database."

    def __init__(self, url: sa.URL) -> None:
        self.place = url.set(query={}).render_as_string(hide_password=True)  # a query may hold a password, too
        self.engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)

    def exists(self) -> bool:
        with self.engine.connect() as connection:
            return sa.inspect(connection).has_table(SCHEMA.name)

    def create(self, fill: Step) -> None:
        with self.engine.begin() as connection:
            self.begin(connection, write=True)
            if not sa.inspect(connection).has_table(SCHEMA.name):
                fill(connection)

    def begin(self, connection: sa.Connection, *, write: bool) -> None:
        if write:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(self.LOCK)))

    def explain(self, error: BaseException | None) -> HistoryError:
        reason = str(error).strip().splitlines() or ["unknown error"]
        return HistoryError(
            f"{self.place}: {reason[0]}", hint="Check that the server runs and lets this user in.", code="PG-H002"
        )
