"""Versions of the database: older ones are lifted, newer ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from builders import make_past_run

from perfgate.history.sql import STEPS, SqlHistory, Sqlite, Step
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
        assert store.runs("shop") == (make_past_run(1),)
        store.save(make_past_run(2))
    with opened(tmp_path, add_column) as store:
        assert store.runs("shop") == (make_past_run(2), make_past_run(1))


def test_a_step_that_fails_leaves_the_history_as_it_was(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.save(make_past_run(1))
    with opened(tmp_path, add_column, add_column) as store, pytest.raises(HistoryError, match="duplicate column"):
        store.runs("shop")
    with opened(tmp_path) as store:
        assert store.runs("shop") == (make_past_run(1),)


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
