"""The file of a SQLite history: where it is, how it comes into being, and what to do when it is damaged.

The file appears whole or not at all (it is filled under another name, then linked), so a file without our tables is
never "a history about to be made": it is one that lost its content, and an error.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from perfgate.model.errors import HistoryError

PREFIX = "sqlite:///"


def locate(url: str, *, root: Path) -> Path:
    """The path in `sqlite:///relative/to/root.db` or `sqlite:////absolute.db`. Raises HistoryError on other forms."""
    name = url.removeprefix(PREFIX)
    if name == url or not name or name.endswith("/") or name == ":memory:":
        raise HistoryError(
            f'"{url}" does not name a file',
            hint=f"Write {PREFIX}.perfgate/history.db (relative) or {PREFIX}/var/lib/perfgate/history.db (absolute).",
            code="PG-H001",
        )
    return root / name


class SqliteFile:
    def __init__(self, path: Path, *, timeout: float) -> None:
        """`timeout`: seconds to wait for other writers."""
        self.path = path
        self._timeout = timeout

    def exists(self) -> bool:
        """Only a file that is plainly absent is; anything else that is wrong shows when it is opened.

        Raises HistoryError when it is absent but the latest changes to it are there: then somebody lost it.
        """
        changes = self.path.with_name(f"{self.path.name}-wal")
        orphaned = _present(changes)  # first: another process may make both files between the two questions
        if _present(self.path):
            return True
        if orphaned:
            raise HistoryError(
                f"{self.path} is gone, but not the latest changes to it, {changes}", hint=self.recovery, code="PG-H004"
            )
        return False

    def connect(self) -> sqlite3.Connection:
        """Never makes the file. Transactions are the caller's, explicitly."""
        connection = self._open(self.path, mode="rw")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def create(self, fill: Callable[[sqlite3.Connection], None]) -> None:
        """Makes the file unless it is there, with what `fill` writes; safe when several processes do it at once."""
        if self.exists():
            return
        try:
            make_folder(self.path.parent)
            self._make(fill)
        except OSError as error:
            raise HistoryError(
                f"Cannot make {self.path}: {error.strerror}",
                hint="Choose another place with --history sqlite:///PATH, on a local file system.",
                code="PG-H003",
            ) from error

    def _make(self, fill: Callable[[sqlite3.Connection], None]) -> None:
        scratch = self.path.with_name(f".{self.path.name}.{uuid4().hex}")
        try:
            with closing(self._open(scratch, mode="rwc")) as connection:
                connection.execute("PRAGMA auto_vacuum = FULL")  # pruning makes the file smaller
                connection.execute("PRAGMA journal_mode = WAL")  # reading and writing do not wait for each other
                fill(connection)
            with suppress(FileExistsError):  # another process was quicker
                self.path.hardlink_to(scratch)
        finally:
            for suffix in ("", "-wal", "-shm"):
                scratch.with_name(scratch.name + suffix).unlink(missing_ok=True)

    def _open(self, path: Path, *, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
        )

    @property
    def recovery(self) -> str:
        """How to start again with nothing thrown away. The file and its -wal and -shm belong together."""
        aside = self.path.with_name("broken")
        file, folder = shlex.quote(str(self.path)), shlex.quote(str(aside))
        return (
            f"To start a new history, move this one away: mkdir -p {folder} && mv {file}* {folder}/\n"
            "Or restore it from a backup: move it away in the same way, then "
            "`perfgate history import BACKUP.jsonl.gz`."
        )

    def explain(self, error: BaseException | None) -> HistoryError:
        """What an error of the sqlite3 module means to a user."""
        kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        message, hint = _MEANING.get(kind, ("is damaged, or is no perfgate history", self.recovery))
        return HistoryError(f"{self.path} {message} (SQLite: {error})", hint=hint, code="PG-H004")


_LOCKED = (
    "is locked by another process",
    "Try again when that is done; `fuser` with the file's path says which it is.",
)
_CLOSED = ("cannot be opened", "Check that it is a file, and the permissions of file and folder.")
_MEANING = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_READONLY: (
        "cannot be written",
        "Check the permissions of the file, and of its folder: SQLite keeps files beside it, even to read it.",
    ),
    sqlite3.SQLITE_FULL: ("cannot be written: the disk is full", "Make room, then try again."),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "Check the disk and the file system."),
}


def make_folder(folder: Path) -> None:
    """Makes the folder with its parents. A `.perfgate` folder that is made here ignores itself in git. Raises
    OSError."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        if each.name == ".perfgate":
            (each / ".gitignore").write_text("*\n", encoding="utf-8")


def _present(path: Path) -> bool:
    """Whether the file is there; true for a link that leads nowhere, and when the folder cannot be searched: opening it
    will say why."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
