"""The history in a SQL database: SQLite by default, PostgreSQL for teams.

Only the modules of this folder know SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from perfgate.history import documents, ids, times
from perfgate.history.contract import ConflictError, Entry
from perfgate.history.sql.databases import Database, Postgresql, Sqlite
from perfgate.history.sql.sqlite_file import locate
from perfgate.history.sql.tables import AB_RUNS, ACCEPTANCES, DISTRIBUTIONS, RUNS, STEPS, Step
from perfgate.history.sql.transactions import Transactions
from perfgate.model.errors import HistoryError
from perfgate.model.outcome import Outcome
from perfgate.model.run import Acceptance, PastRun

NEWEST_FIRST = (RUNS.c.moment.desc(), RUNS.c.id.desc())
LISTED = tuple(RUNS.c[key] for key in ("id", "name", "branch", "commit", "started", "outcome"))


class SqlHistory:
    """See `perfgate.history.History`."""

    def __init__(self, database: Database, *, steps: tuple[Step, ...] = STEPS) -> None:
        self._database = database
        self._transactions = Transactions(database, steps)

    def save(self, past_run: PastRun) -> bool:
        return self.save_all([past_run])[0]

    def save_all(self, past_runs: Sequence[PastRun]) -> tuple[bool, ...]:
        packed = [documents.pack(past_run, origin=f"Run {past_run.run.id}") for past_run in past_runs]
        with self._transactions.writing(create=True) as connection:
            return tuple(self._save(connection, each, item) for each, item in zip(past_runs, packed, strict=True))

    def _save(self, connection: sa.Connection, past_run: PastRun, packed: documents.Packed) -> bool:
        run_id = past_run.run.id
        stored = self._whole(connection, run_id)
        if stored is None:
            connection.execute(sa.insert(RUNS).values(_row(past_run, packed.document)))
            connection.execute(sa.insert(DISTRIBUTIONS).values(run=run_id, document=packed.distributions))
            if past_run.run.arms:
                connection.execute(sa.insert(AB_RUNS).values(run=run_id))
        elif not documents.is_same_run(stored, past_run):
            raise ConflictError(
                f"{self._database.place} has another run {run_id}",
                hint="Stored runs never change: keep the one that is there, or delete it first.",
                code="PG-H013",
            )
        for acceptance in past_run.acceptances:
            _accept(connection, run_id, acceptance)
        return stored is None

    def runs(
        self, name: str, *, branch: str | None = None, limit: int = 100, before: str | None = None
    ) -> tuple[PastRun, ...]:
        conditions = [RUNS.c.name == name]
        if branch is not None:
            conditions.append(RUNS.c.branch == branch)
        if before is not None:
            conditions.append(RUNS.c.moment < times.microseconds(before, origin="`before`"))
        with self._transactions.reading() as connection:
            return self._past_runs(connection, *conditions, limit=max(limit, 0))

    def get(self, run_id: str) -> PastRun:
        with self._transactions.reading() as connection:
            picked = self._pick(connection, run_id)
            whole = self._whole(connection, picked)
            if whole is None:  # `_pick` saw it in this transaction
                raise HistoryError(
                    f"{self._database.place} lost run {picked}", hint=self._database.recovery, code="PG-H004"
                )
            return replace(whole, acceptances=tuple(self._acceptances(connection, RUNS.c.id == picked).get(picked, ())))

    def get_all(self, ids: Iterable[str]) -> Iterator[PastRun]:
        yield from map(self.get, ids)

    def entries(self, name: str | None = None) -> tuple[Entry, ...]:
        accepted = sa.exists().where(ACCEPTANCES.c.run == RUNS.c.id).label("accepted")
        is_ab = sa.exists().where(AB_RUNS.c.run == RUNS.c.id).label("is_ab")
        query = sa.select(*LISTED, accepted, is_ab).order_by(*NEWEST_FIRST)
        with self._transactions.reading() as connection:
            rows = connection.execute(query if name is None else query.where(RUNS.c.name == name))
            return tuple(self._entry(row) for row in rows.mappings())

    def names(self) -> tuple[str, ...]:
        with self._transactions.reading() as connection:
            return tuple(sorted(connection.scalars(sa.select(RUNS.c.name).distinct())))

    def accept(self, run_id: str, acceptance: Acceptance) -> None:
        with self._transactions.writing() as connection:
            _accept(connection, self._pick(connection, run_id), acceptance)

    def delete(self, ids: Iterable[str]) -> int:
        with self._transactions.writing() as connection:
            return sum(connection.execute(sa.delete(RUNS).where(RUNS.c.id == run_id)).rowcount for run_id in ids)

    def close(self) -> None:
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _past_runs(
        self, connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int
    ) -> tuple[PastRun, ...]:
        """Past runs without distributions."""
        chosen = sa.select(RUNS.c.id).where(*conditions).order_by(*NEWEST_FIRST).limit(limit)
        text = self._acceptances(connection, RUNS.c.id.in_(chosen))
        return tuple(
            replace(
                documents.unpack(document, run_id=run_id, **self._place_of(run_id)),
                acceptances=tuple(text.get(run_id, ())),
            )
            for run_id, document in connection.execute(chosen.add_columns(RUNS.c.document))
        )

    def _acceptances(self, connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[str, list[Acceptance]]:
        """Returns acceptances by the ids of their runs."""
        text: dict[str, list[Acceptance]] = {}
        chosen = sa.select(RUNS.c.id).where(condition)
        about = sa.select(ACCEPTANCES).where(ACCEPTANCES.c.run.in_(chosen)).order_by(ACCEPTANCES.c.number)
        for _, run_id, endpoint, metric, reason, author, at in connection.execute(about):
            text.setdefault(run_id, []).append(
                Acceptance(endpoint=endpoint, metric=metric, reason=reason, author=author, at=at)
            )
        return text

    def _whole(self, connection: sa.Connection, run_id: str) -> PastRun | None:
        """The run with distributions, without acceptances."""
        both = sa.select(RUNS.c.document, DISTRIBUTIONS.c.document).outerjoin(DISTRIBUTIONS).where(RUNS.c.id == run_id)
        row = connection.execute(both).first()
        if row is None:
            return None
        packed = documents.Packed(document=row[0], distributions=row[1])
        return documents.unpack_whole(packed, run_id=run_id, **self._place_of(run_id))

    def _place_of(self, run_id: str) -> dict[str, str]:
        """How errors name a run, and what to do about it."""
        forget = f"To forget this run alone: DELETE FROM {RUNS.name} WHERE id = '{run_id}';"
        origin = f"Run {run_id} in {self._database.place}"
        return {"origin": origin, "hint": f"{forget}\n{self._database.recovery}"}

    def _entry(self, row: sa.RowMapping) -> Entry:
        try:
            return Entry(**{**row, "outcome": Outcome(row["outcome"]), "is_ab": bool(row["is_ab"])})
        except ValueError as error:
            raise HistoryError(
                f"Run {row['id']} in {self._database.place} has an unknown outcome: {error}",
                hint=self._database.recovery,
                code="PG-H004",
            ) from error

    def _pick(self, connection: sa.Connection, run_id: str) -> str:
        known = connection.scalars(sa.select(RUNS.c.id).order_by(*NEWEST_FIRST)).all()
        return ids.pick(run_id, known, place=self._database.place)


def _row(past_run: PastRun, document: bytes) -> dict[str, Any]:
    run = past_run.run
    return {
        "id": run.id,
        "name": run.name,
        "branch": run.branch,
        "commit": run.commit,
        "started": run.started,
        "moment": times.microseconds(run.started, origin=f"Run {run.id}"),
        "outcome": past_run.outcome.value,
        "schema": run.schema,
        "document": document,
    }


def _accept(connection: sa.Connection, run_id: str, acceptance: Acceptance) -> None:
    row = {"run": run_id, **asdict(acceptance)}
    there = sa.select(ACCEPTANCES.c.number).where(*(ACCEPTANCES.c[key] == value for key, value in row.items()))
    if connection.scalar(there) is None:
        connection.execute(sa.insert(ACCEPTANCES).values(row))


def open_sqlite(url: str, *, root: Path) -> SqlHistory:
    return SqlHistory(Sqlite(locate(url, root=root)))


def open_postgresql(url: str) -> SqlHistory:
    """Raises HistoryError when the URL is malformed or the driver is not installed."""
    try:
        return SqlHistory(Postgresql(sa.make_url(url)))
    except (ArgumentError, ValueError) as error:
        raise HistoryError(
            "The history URL is malformed", hint="postgresql://user:password@host/database", code="PG-H001"
        ) from error
    except ModuleNotFoundError as error:
        raise HistoryError(
            f"PostgreSQL needs {error.name}", hint="pip install 'psycopg[binary]'", code="PG-H007"
        ) from error
