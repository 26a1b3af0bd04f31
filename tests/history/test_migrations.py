"""A database as perfgate 0.1 made it, lifted by two processes that come at once."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from builders import make_past_run
from processes import start_together

from perfgate import history
from perfgate.files import codec

VERSION_1 = """
CREATE TABLE perfgate_runs (
    id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, branch TEXT NOT NULL, "commit" TEXT NOT NULL,
    started TEXT NOT NULL, moment BIGINT NOT NULL, outcome TEXT NOT NULL, schema INTEGER NOT NULL,
    document {bytes} NOT NULL
);
CREATE INDEX perfgate_runs_by_name ON perfgate_runs (name, moment);
CREATE INDEX perfgate_runs_by_branch ON perfgate_runs (name, branch, moment);
CREATE TABLE perfgate_acceptances (
    number {number}, run TEXT NOT NULL REFERENCES perfgate_runs (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL, metric TEXT NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX ix_perfgate_acceptances_run ON perfgate_acceptances (run);
CREATE TABLE perfgate_schema (version INTEGER NOT NULL);
INSERT INTO perfgate_schema VALUES (1)
"""
RUN = make_past_run(1)
ROW = {
    "id": "run-0001",
    "name": "shop",
    "branch": "main",
    "commit": RUN.run.commit,
    "started": RUN.run.started,
    "moment": 1_767_607_200_000_000,
    "outcome": "pass",
    "schema": 1,
    "document": zlib.compress(codec.encode(replace(RUN, acceptances=())).encode()),
}


def old_sqlite(folder: Path) -> tuple[str, sa.Engine]:
    return f"sqlite:///{folder}/history.db", sa.create_engine(f"sqlite:///{folder}/history.db")


def old_postgresql(request: pytest.FixtureRequest) -> tuple[str, sa.Engine]:
    url: str = request.getfixturevalue("postgresql_schema")
    return url, sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))


READER = """
import sys
from pathlib import Path
from perfgate import history
with history.open(sys.argv[1], root=Path.cwd()) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    assert store.get("run-0001").run.id == "run-0001"
"""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def test_two_at_once_lift_an_old_history(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url, engine = old_postgresql(request) if kind == "postgresql" else old_sqlite(tmp_path)
    types = {
        "sqlite": {"bytes": "BLOB", "number": "INTEGER NOT NULL PRIMARY KEY"},
        "postgresql": {"bytes": "BYTEA", "number": "SERIAL PRIMARY KEY"},
    }
    with engine.begin() as connection:
        for statement in VERSION_1.format(**types[kind]).split(";"):
            connection.exec_driver_sql(statement)
        columns = ", ".join(f'"{name}"' for name in ROW)
        values = ", ".join(f":{name}" for name in ROW)
        connection.execute(sa.text(f"INSERT INTO perfgate_runs ({columns}) VALUES ({values})"), ROW)

    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, url],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert start_together(readers, 120) == ["", ""]

    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT version FROM perfgate_schema").fetchall() == [(3,)]
    engine.dispose()
    with history.open(url, root=tmp_path) as store:
        assert store.get("run-0001") == RUN
        store.save(make_past_run(2))
        assert [entry.id for entry in store.entries()] == ["run-0002", "run-0001"]
