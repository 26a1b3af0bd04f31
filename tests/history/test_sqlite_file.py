"""The file of a SQLite history: how it comes into being, and that no damage ever looks like an empty history."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from builders import make_acceptance, make_past_run

from perfgate import history
from perfgate.history.documents import lean
from perfgate.history.sql.store import SqlHistory, Sqlite
from perfgate.model.errors import HistoryError
from perfgate.model.run import PastRun

RUNS = tuple(make_past_run(number, acceptances=[make_acceptance(reason=str(number))]) for number in (3, 2, 1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def full(path: Path) -> Path:
    with opened(path) as store:
        for run in RUNS:
            store.save(run)
    return path


def opened(path: Path) -> history.History:
    return history.open(f"sqlite:///{path}", root=Path("/nowhere"))


def read(path: Path) -> tuple[PastRun, ...]:
    """Everything there is, in the two ways in which it is read."""
    with opened(path) as store:
        several = store.runs("shop")
        whole = tuple(store.get(one.run.id) for one in several)
    assert several == tuple(map(lean, whole))
    return whole


def write(path: Path) -> None:
    with opened(path) as store:
        store.save(make_past_run(4))


def assert_error(path: Path, act: Callable[[Path], object], *words: str) -> HistoryError:
    with pytest.raises(HistoryError) as caught:
        act(path)
    assert [word for word in (str(path), *words) if word not in str(caught.value)] == []
    assert caught.value.hint
    return caught.value


# Coming into being


def test_only_the_file_itself_is_left(full: Path) -> None:
    assert [each.name for each in full.parent.iterdir()] == ["history.db"]


def test_a_perfgate_folder_ignores_itself_in_git_when_perfgate_makes_it(tmp_path: Path) -> None:
    write(tmp_path / ".perfgate" / "deep" / "history.db")
    assert (tmp_path / ".perfgate" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / ".perfgate" / "deep" / ".gitignore").exists()


def test_a_perfgate_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".perfgate").mkdir()
    write(tmp_path / ".perfgate" / "history.db")
    assert [each.name for each in (tmp_path / ".perfgate").iterdir()] == ["history.db"]


def test_it_can_be_read_by_those_who_may_read_the_users_files(full: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    assert full.stat().st_mode == (tmp_path / "plain").stat().st_mode


# Damage


@pytest.mark.parametrize("act", [read, write])
@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"SQLite format 3\0", b"not a database at all", random.Random(1).randbytes(40_000)],
    ids=["no bytes", "one byte", "a beginning", "text", "random bytes"],
)
def test_a_file_that_is_no_database(path: Path, content: bytes, act: Callable[[Path], object]) -> None:
    path.write_bytes(content)
    error = assert_error(path, act)
    assert f"mv {path}* {path.parent}/broken/" in error.hint
    assert "perfgate history import" in error.hint
    assert path.read_bytes() == content


@pytest.mark.parametrize("act", [read, write])
def test_a_file_that_was_cut_off(full: Path, act: Callable[[Path], object]) -> None:
    whole = full.read_bytes()
    for share in (0.9, 0.7, 0.5, 0.2, 0.02, 0.001):
        full.write_bytes(whole[: int(len(whole) * share)])
        assert_error(full, act, "mv ")


def test_a_file_that_lacks_its_last_bytes(full: Path) -> None:
    whole = full.read_bytes()
    full.write_bytes(whole[:-5000])  # more than a page: the last one may hold nothing at its end
    assert_error(full, read, "mv ")


def test_damage_anywhere_is_an_error_or_harmless(full: Path) -> None:
    whole = full.read_bytes()
    chance = random.Random(2)
    for start in range(0, len(whole), 1024):
        full.write_bytes(whole[:start] + chance.randbytes(1024) + whole[start + 1024 :])
        try:
            assert read(full) == RUNS
        except HistoryError as error:
            assert "mv " in error.hint


@pytest.mark.parametrize("act", [read, write])
def test_a_database_of_another_program(path: Path, act: Callable[[Path], object]) -> None:
    execute(path, "CREATE TABLE bookmarks (url TEXT)")
    assert_error(path, act, "is not a perfgate history")


def execute(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE perfgate_runs SET document = x'00'",
        "UPDATE perfgate_runs SET document = substr(document, 1, 100)",
        "UPDATE perfgate_runs SET document = x'789c030000000001'",  # nothing, compressed
        "UPDATE perfgate_runs SET document = (SELECT document FROM perfgate_runs WHERE id = 'run-0002')",
    ],
)
def test_a_run_that_cannot_be_read_is_an_error_that_names_it(full: Path, statement: str) -> None:
    execute(full, statement + " WHERE id = 'run-0001'")
    advice = assert_error(full, read, "run-0001", "mv ").hint
    with opened(full) as store:
        assert len(store.entries()) == 3
        assert store.get("run-0002") == RUNS[1]
    execute(full, *(line.partition(": ")[2] for line in advice.splitlines() if line.startswith("To forget")))
    assert read(full) == RUNS[:2]


def test_a_run_that_cannot_be_read_can_be_deleted(full: Path) -> None:
    execute(full, "UPDATE perfgate_runs SET document = x'00' WHERE id = 'run-0001'")
    with opened(full) as store:
        assert store.delete(["run-0001"]) == 1
    assert read(full) == RUNS[:2]


def test_an_unknown_outcome_is_an_error(full: Path) -> None:
    execute(full, "UPDATE perfgate_runs SET outcome = 'splendid' WHERE id = 'run-0001'")
    assert_error(full, lambda path: opened(path).entries(), "run-0001", "splendid")


def test_a_version_without_a_number_is_no_history(full: Path) -> None:
    execute(full, "DELETE FROM perfgate_schema")
    assert_error(full, read, "is not a perfgate history")


def test_following_the_advice_starts_a_new_history(full: Path) -> None:
    full.write_bytes(b"damaged")
    full.with_name("history.db-wal").write_bytes(b"left over")
    command = assert_error(full, read).hint.splitlines()[0].partition(": ")[2]
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert read(full) == ()
    write(full)
    assert read(full) == (make_past_run(4),)
    assert (full.parent / "broken" / "history.db").read_bytes() == b"damaged"


@pytest.mark.parametrize("act", [read, write])
def test_a_file_that_is_gone_while_its_latest_changes_are_not(path: Path, act: Callable[[Path], object]) -> None:
    path.with_name("history.db-wal").write_bytes(b"changes")
    assert_error(path, act, "is gone")


def test_changes_that_a_killed_process_did_not_fold_in_are_read(full: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "history.db"
    copy.parent.mkdir()
    with opened(full) as store:
        store.save(make_past_run(4))
        for suffix in ("", "-wal"):  # as a kill would leave them
            shutil.copy(f"{full}{suffix}", f"{copy}{suffix}")
    assert read(copy) == (make_past_run(4), *RUNS)


# Obstacles


@pytest.mark.parametrize("act", [read, write])
def test_a_folder_in_its_place(path: Path, act: Callable[[Path], object]) -> None:
    path.mkdir()
    assert_error(path, act, "cannot be opened")


@pytest.mark.parametrize("act", [read, write])
def test_a_file_in_place_of_its_folder(path: Path, act: Callable[[Path], object]) -> None:
    path.write_text("")
    assert_error(path / "history.db", act)


@pytest.mark.parametrize("act", [read, write])
def test_a_link_that_leads_nowhere(path: Path, act: Callable[[Path], object]) -> None:
    path.symlink_to(path.parent / "unmounted" / "history.db")
    assert_error(path, act, "cannot be opened")


def test_a_place_where_no_file_can_be_made() -> None:
    assert_error(Path("/proc/perfgate/history.db"), write, "Cannot make", "--history")


def test_a_folder_where_no_database_can_be_made() -> None:
    assert_error(Path("/proc/history.db"), write)


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A full history in a folder that everybody can reach."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder) / "history.db"
        with opened(path) as store:
            for run in RUNS:
                store.save(run)
            store.runs("shop")  # so that nothing is left to import
        yield path


@contextmanager
def without_root() -> Iterator[None]:
    """Root may read and write every file: so as "nobody", if we are root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize(
    ("folder", "file", "act"),
    [
        (0o777, 0o000, read),
        (0o777, 0o000, write),
        (0o777, 0o444, write),
        (0o555, 0o666, write),
        (0o000, 0o666, read),
        (0o000, 0o666, write),
    ],
)
def test_permissions(foreign: Path, folder: int, file: int, act: Callable[[Path], object]) -> None:
    foreign.chmod(file)
    foreign.parent.chmod(folder)
    with without_root():
        error = assert_error(foreign, act, "permissions")
    foreign.parent.chmod(0o777)
    assert "mv " not in error.hint  # nothing is wrong with the content


def test_a_file_that_may_only_be_read_can_be_read(foreign: Path) -> None:
    foreign.chmod(0o444)
    with without_root():
        assert read(foreign) == RUNS


def test_a_lock_that_is_not_released_in_time(full: Path) -> None:
    holder = sqlite3.connect(full, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with SqlHistory(Sqlite(full, timeout=0.05)) as store:
        assert store.runs("shop") == tuple(map(lean, RUNS))  # readers do not wait
        assert_error(full, lambda _: store.save(make_past_run(4)), "is locked", "Try again")
    holder.execute("ROLLBACK")
    holder.close()


def test_a_file_that_nobody_can_even_read_for_now(full: Path) -> None:
    execute(full, "PRAGMA journal_mode = DELETE")
    holder = sqlite3.connect(full, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with SqlHistory(Sqlite(full, timeout=0.05)) as store:
        assert_error(full, lambda _: store.runs("shop"), "is locked")
    holder.close()
