"""Versions of the database: older ones are lifted, newer ones refused."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from builders import make_acceptance, make_arms, make_endpoint, make_past_run

from perfgate.files import codec
from perfgate.history.documents import lean
from perfgate.history.sql.store import STEPS, SqlHistory, Sqlite, Step
from perfgate.model.errors import HistoryError


def add_column(connection: sa.Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE perfgate_runs ADD COLUMN note TEXT NOT NULL DEFAULT ''")


def fail(_: sa.Connection) -> None:
    raise AssertionError("must not be taken")


def opened(folder: Path, *steps: Step) -> SqlHistory:
    return SqlHistory(Sqlite(folder / "history.db"), steps=(*STEPS, *steps))


def test_an_older_history_is_lifted_by_whoever_comes_first(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.save(make_past_run(1))
    with opened(tmp_path, add_column) as store:
        assert store.runs("shop") == (lean(make_past_run(1)),)
        store.save(make_past_run(2))
    with opened(tmp_path, add_column) as store:
        assert store.runs("shop") == (lean(make_past_run(2)), lean(make_past_run(1)))


def test_a_step_that_fails_leaves_the_history_as_it_was(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.save(make_past_run(1))
    with opened(tmp_path, add_column, add_column) as store, pytest.raises(HistoryError, match="duplicate column"):
        store.runs("shop")
    with opened(tmp_path) as store:
        assert store.runs("shop") == (lean(make_past_run(1)),)


def test_runs_of_version_1_kept_their_distributions_in_their_documents(tmp_path: Path) -> None:
    past = make_past_run(1, acceptances=[make_acceptance()])
    with opened(tmp_path) as store:
        store.save(past)
    document = zlib.compress(codec.encode(replace(past, acceptances=())).encode())
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        connection.execute("DROP TABLE perfgate_distributions")
        connection.execute("UPDATE perfgate_schema SET version = 1")
        connection.execute("UPDATE perfgate_runs SET document = ?", (document,))
        connection.commit()

    with opened(tmp_path) as store:
        assert store.runs("shop") == (lean(past),)
        assert store.get("run-0001") == past
        assert store.save(past) is False
        assert store.save(make_past_run(2)) is True
        assert store.get("run-0002") == make_past_run(2)


def test_the_a_b_tests_of_version_2_are_found_once(tmp_path: Path) -> None:
    trial = make_past_run(2, arms=make_arms(make_endpoint()))
    with opened(tmp_path) as store:
        store.save_all([make_past_run(1), trial])
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        connection.execute("DROP TABLE perfgate_ab_runs")
        connection.execute("UPDATE perfgate_schema SET version = 2")
        connection.commit()

    with opened(tmp_path) as store:
        assert [one.is_ab for one in store.entries()] == [True, False]
        assert store.get("run-0002") == trial


def test_deleting_a_run_deletes_its_distributions(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.save(make_past_run(1))
        store.delete(["run-0001"])
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        assert connection.execute("SELECT count(*) FROM perfgate_distributions").fetchone() == (0,)


@pytest.mark.parametrize("damage", ["x'00'", "x'789c030000000001'", "(SELECT document FROM perfgate_runs)"])
def test_distributions_that_cannot_be_read_are_an_error_where_they_are_asked_for(tmp_path: Path, damage: str) -> None:
    with opened(tmp_path) as store:
        store.save(make_past_run(1))
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        connection.execute(f"UPDATE perfgate_distributions SET document = {damage}")
        connection.commit()

    with opened(tmp_path) as store:
        assert store.runs("shop") == (lean(make_past_run(1)),)
        with pytest.raises(HistoryError, match=r"run-0001 .*is damaged"):
            store.get("run-0001")


def test_a_new_history_needs_no_steps(tmp_path: Path) -> None:
    with opened(tmp_path, fail) as store:
        store.save(make_past_run(1))
        assert len(store.entries()) == 1


def test_a_newer_history_is_refused_with_the_cure(tmp_path: Path) -> None:
    with opened(tmp_path, add_column) as store:
        store.save(make_past_run(1))
    with opened(tmp_path) as store:
        for act in (store.entries, lambda: store.save(make_past_run(2)), lambda: store.delete(["run-0001"])):
            with pytest.raises(HistoryError, match="newer perfgate") as caught:
                act()
            assert "pip install --upgrade perfgate" in caught.value.hint
