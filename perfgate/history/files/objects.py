"""The history in object storage: `s3://BUCKET/PREFIX` and its kin. The only module that knows fsspec.

Objects appear whole or not at all, so nothing needs a lock. Credentials, regions and endpoints are the environment's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from perfgate.history.files.file_history import FileHistory
from perfgate.history.files.files import Change, Say
from perfgate.model.errors import HistoryError

NEEDED = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "memory": "fsspec"}  # by scheme: the package


class Objects:
    """See `perfgate.history.files.file_history.Files`."""

    compress = True

    def __init__(self, system: Any, path: str, *, place: str) -> None:
        """`system`: an fsspec file system; `path`: inside it."""
        self._system = system
        self._path = path.rstrip("/")
        self.place = place
        self.recovery = "Delete that object, or restore it from a backup."

    def paths(self) -> tuple[str, ...]:
        with self._explained():
            self._system.invalidate_cache()
            start = len(self._path) + 1
            return tuple(path[start:] for path in self._system.find(self._path) if path.startswith(f"{self._path}/"))

    def read(self, paths: Sequence[str]) -> dict[str, bytes]:
        if not paths:
            return {}
        with self._explained():
            answers = self._system.cat([self._full(path) for path in paths], on_error="return")
            contents = {}
            for path in paths:
                answer = answers[self._full(path)]
                if isinstance(answer, bytes):
                    contents[path] = answer
                elif not isinstance(answer, FileNotFoundError):
                    raise answer
            return contents

    def change(self, decide: Callable[[Sequence[str]], Change], *, message: str, forget: bool = False) -> Change:  # noqa: ARG002 (objects have no past)
        change = decide(self.paths())
        with self._explained():
            for path, content in change.items():
                if content is not None:
                    self._system.pipe_file(self._full(path), content)
            removed = [self._full(path) for path, content in change.items() if content is None]
            if removed:
                self._system.rm(removed)
        return change

    def close(self) -> None:
        pass

    def _full(self, path: str) -> str:
        return f"{self._path}/{path}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except HistoryError:
            raise
        except Exception as error:  # every storage has errors of its own, and none in common
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise HistoryError(
                f"{self.place} cannot be used: {reason}",
                hint="Check that it exists and that the credentials in the environment may list, read and write it.",
                code="PG-H002",
            ) from error


def open_objects(url: str, *, say: Say) -> FileHistory:
    """Raises HistoryError when the URL names no bucket or the file system is not installed."""
    scheme, _, rest = url.partition("://")
    if not rest.strip("/") or rest.startswith("/"):
        raise HistoryError("The history URL does not name a bucket", hint="Write s3://BUCKET/PREFIX.", code="PG-H001")
    try:
        import fsspec

        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise HistoryError(
            f"{scheme}:// needs {NEEDED[scheme]}", hint=f"pip install {NEEDED[scheme]}", code="PG-H007"
        ) from error
    except (ValueError, TypeError) as error:
        raise HistoryError("The history URL is malformed", hint="Write s3://BUCKET/PREFIX.", code="PG-H001") from error
    place = f"{scheme}://{rest.rpartition('@')[2]}"
    return FileHistory(Objects(system, path, place=place), say=say)
