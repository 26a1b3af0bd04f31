"""One run at a time in a run folder: a second one would delete what the first records, or be judged by it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perfgate.files import run_folder
from perfgate.model.errors import RecordError


@contextmanager
def reserve(folder: Path, root: Path) -> Iterator[None]:
    """Makes the run folder and keeps other runs out of it. The kernel ends the reservation with the process. Raises
    RecordError when it cannot be made, or another run is under way there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = os.open(folder, os.O_RDONLY)
    except OSError:
        run_folder.make(folder, root)  # raises, and says why
        raise
    try:
        _lock(place, folder)
        run_folder.make(folder, root)
        yield
    finally:
        os.close(place)


def _lock(place: int, folder: Path) -> None:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RecordError(
            f"Another run is under way in the run folder {folder}.",
            hint="Give each run a folder of its own (--out DIR), or leave --out away.",
            code="PG-R012",
        ) from None
    except OSError:  # a file system without locks
        return
