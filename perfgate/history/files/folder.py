"""The history in a folder: `folder:PATH`, `file:///PATH`, or a path alone. It may be on a network share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from perfgate.history.files.file_history import FileHistory
from perfgate.history.files.files import Change, Say
from perfgate.history.sql.sqlite_file import make_folder
from perfgate.model.errors import HistoryError

MAX_VANISHED = 10  # times that a folder may vanish while we write into it, because a pruning removes empty ones


class Folder:
    """See `perfgate.history.files.file_history.Files`."""

    compress = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)
        self.recovery = "Delete that file, or restore it from a backup."

    def paths(self) -> tuple[str, ...]:
        """Hidden files and folders are not ours: they are half-written, or other programs'."""
        visible = []

        def fail(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):  # does not exist yet, or was emptied a moment ago
                raise self._failed(error)

        for folder, folders, names in os.walk(self._path, onerror=fail):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inside = Path(folder).relative_to(self._path)
            visible += [(inside / name).as_posix() for name in names if not name.startswith(".")]
        return tuple(visible)

    def read(self, paths: Sequence[str]) -> dict[str, bytes]:
        contents = {}
        for path in paths:
            try:
                contents[path] = (self._path / path).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._failed(error) from error
        return contents

    def change(self, decide: Callable[[Sequence[str]], Change], *, message: str, forget: bool = False) -> Change:  # noqa: ARG002 (a folder has no past)
        change = decide(self.paths())
        try:
            for path, content in change.items():
                if content is None:
                    (self._path / path).unlink(missing_ok=True)
                else:
                    self._write(self._path / path, content)
            emptied = {parent for path, content in change.items() if content is None for parent in _parents(path)}
            for folder in sorted(emptied, key=len, reverse=True):  # the inner ones first
                self._remove_empty(folder)
        except OSError as error:
            raise self._failed(error) from error
        return change

    def close(self) -> None:
        pass

    def _write(self, path: Path, content: bytes) -> None:
        """Whole or not at all: under another name first. Raises OSError."""
        scratch = path.with_name(f".{uuid4().hex}.tmp")
        for attempt in range(MAX_VANISHED):
            try:
                make_folder(path.parent)
                scratch.write_bytes(content)
                scratch.replace(path)
                return
            except FileNotFoundError:
                if attempt == MAX_VANISHED - 1:
                    raise
                time.sleep(0.01)
            finally:
                scratch.unlink(missing_ok=True)

    def _remove_empty(self, folder: str) -> None:
        try:
            (self._path / folder).rmdir()
        except OSError:
            return  # not empty

    def _failed(self, error: OSError) -> HistoryError:
        return HistoryError(
            f"{error.filename or self.place} cannot be used: {error.strerror}",
            hint="Check the permissions and the disk, or choose another place with --history folder:PATH.",
            code="PG-H002",
        )


def _parents(path: str) -> list[str]:
    """The folders of a path inside the history, but not the history itself."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]


def open_folder(url: str, *, root: Path, say: Say) -> FileHistory:
    """Relative paths count from `root`. Raises HistoryError when there is no path."""
    if url.startswith("file:"):
        parts = urlsplit(url)
        path = unquote(parts.path) if parts.netloc in ("", "localhost") else ""
    else:
        path = url.removeprefix("folder:")
    if not path:
        raise HistoryError(
            "The history URL does not name a folder", hint="Write folder:PATH or file:///PATH.", code="PG-H001"
        )
    return FileHistory(Folder(root / path), say=say)
