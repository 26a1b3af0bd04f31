"""Finds the run that a person means: among the run folders here, else in the history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perfgate import run_folder
from perfgate.model.run import Run

if TYPE_CHECKING:
    from perfgate.history import History


def find_run(name: str, store: History, root: Path) -> tuple[Path | None, Run]:
    """The run and its folder, None when only the history has it. Raises RecordError or HistoryError."""
    folder = run_folder.find(name, root)
    if folder is not None:
        return folder, run_folder.read_run(folder)
    return None, store.get(name).run
