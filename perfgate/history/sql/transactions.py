"""Transactions on a history database: opened for reading or writing, upgraded first, and their errors explained.

Writers take turns (SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory lock), so that two at once lose nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from perfgate.history.sql.databases import Database
from perfgate.history.sql.tables import SCHEMA, TABLES, Step
from perfgate.model.errors import HistoryError


class Transactions:
    """Hands out connections, each within one transaction. `steps` bring an older database to this version."""

    def __init__(self, database: Database, steps: tuple[Step, ...]) -> None:
        self._database = database
        self._steps = steps
        self._version = 1 + len(steps)
        self._current = False  # whether the database is known to be of this version

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self._explained(), self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def writing(self, *, create: bool = False) -> Iterator[sa.Connection]:
        with self._explained():
            if create:
                self._database.create(self._fill)
            with self._transaction(write=True) as connection:
                yield connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[sa.Connection]:
        """A transaction; where there is no database yet, in an empty one that is forgotten afterwards."""
        if not self._database.exists():
            with _memory().begin() as connection:
                self._fill(connection)
                yield connection
            return
        self._upgrade()
        with self._database.engine.begin() as connection:
            self._database.begin(connection, write=write)
            yield connection

    def _upgrade(self) -> None:
        """Checks the version once, and takes the steps that an older history needs."""
        if self._current:
            return
        with self._database.engine.begin() as connection:
            self._database.begin(connection, write=False)
            version = self._version_of(connection)
        if version < self._version:
            with self._database.engine.begin() as connection:
                self._database.begin(connection, write=True)
                for step in self._steps[self._version_of(connection) - 1 :]:  # another process may have been quicker
                    step(connection)
                connection.execute(sa.update(SCHEMA).values(version=self._version))
        self._current = True

    def _version_of(self, connection: sa.Connection) -> int:
        known = sa.inspect(connection).has_table(SCHEMA.name)
        version = connection.scalar(sa.select(SCHEMA.c.version)) if known else None
        if version is None:
            raise HistoryError(
                f"{self._database.place} is not a perfgate history", hint=self._database.recovery, code="PG-H008"
            )
        if version > self._version:
            raise HistoryError(
                f"{self._database.place} was written by a newer perfgate: its version is {version}, "
                f"this one knows up to {self._version}",
                hint="Upgrade perfgate: pip install --upgrade perfgate",
                code="PG-H005",
            )
        return int(version)

    def _fill(self, connection: sa.Connection) -> None:
        TABLES.create_all(connection)
        connection.execute(sa.insert(SCHEMA).values(version=self._version))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._database.explain(error.orig) from error
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter from a damaged file, in a message of SQLite's
            raise self._database.explain(error) from error
        except UnicodeEncodeError as error:
            raise HistoryError(
                f"{self._database.place} cannot keep text that is not Unicode: {error}", code="PG-H006"
            ) from error
        except SQLAlchemyError as error:
            raise HistoryError(
                f"{self._database.place}: {error}", hint=self._database.recovery, code="PG-H002"
            ) from error


def _memory() -> sa.Engine:
    return sa.create_engine("sqlite://", poolclass=StaticPool)
