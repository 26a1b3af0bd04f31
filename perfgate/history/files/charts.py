"""Pictures that comments show, on the history's branch beside the runs: `charts/DAY/RUN/NAME.png`.

Most are of pull requests, whose runs are never remembered, so their age alone says when they may go. DAY is when they
were stored, by the clock of who stores them: what a fork's run says of itself is its own affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from perfgate.history.files import branch, labels
from perfgate.history.files.contents import FORMAT
from perfgate.history.files.data_branch import DataBranch
from perfgate.history.files.files import Change
from perfgate.model.errors import HistoryError

SCHEME = "git:"  # of histories that can keep them
FOLDER = "charts/"
KEPT_DAYS = 30  # days, unless somebody says otherwise


@dataclass(frozen=True, kw_only=True)
class Stored:
    """`commit` has the files for good, whatever becomes of the branch; `paths` by name."""

    commit: str
    paths: Mapping[str, str]


def addresses(url: str, *, root: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """URLs of the repository that the branch is in. Raises HistoryError without a checkout."""
    files = _branch(url, root, environ)
    try:
        return files.addresses
    finally:
        files.close()


def store(
    url: str, run_id: str, pictures: Mapping[str, bytes], *, today: date, root: Path, environ: Mapping[str, str]
) -> Stored:
    """`url` is a git:BRANCH with a history; nothing else is written to. What is there already stays as it is.

    Raises HistoryError when it cannot be written.
    """
    files = _branch(url, root, environ)
    folder = f"{FOLDER}{today.isoformat()}/{labels.path_segment(run_id)}"
    paths = {name: f"{folder}/{name}.png" for name in pictures}

    def decide(there: Sequence[str]) -> Change:
        if FORMAT not in there:
            raise HistoryError(f"{files.place} has no history yet", code="PG-H009")
        return {paths[name]: content for name, content in pictures.items() if paths[name] not in there}

    try:
        files.change(decide, message=f"Charts of {labels.path_segment(run_id)}")
        return Stored(commit=files.commit, paths=paths)
    finally:
        files.close()


def _branch(url: str, root: Path, environ: Mapping[str, str]) -> DataBranch:
    files = branch.files(url, root=root, environ=environ)
    if not isinstance(files, DataBranch):
        raise HistoryError(
            f"{files.place} is read through GitHub's API here, and can only be written from a checkout", code="PG-H003"
        )
    return files


def expire(url: str, *, before: date, root: Path, environ: Mapping[str, str], dry_run: bool = False) -> int:
    """Removes the pictures of earlier days, also from the branch's past. How many there were. Raises HistoryError."""
    files = _branch(url, root, environ)

    def old(there: Sequence[str]) -> Change:
        return dict.fromkeys(path for path in there if _is_older(path, before))

    try:
        return len(old(files.paths()) if dry_run else files.change(old, message="Forget old charts", forget=True))
    finally:
        files.close()


def _is_older(path: str, day: date) -> bool:
    parts = path.removeprefix(FOLDER).split("/")
    try:
        return path.startswith(FOLDER) and date.fromisoformat(parts[0]) < day
    except ValueError:  # somebody else's
        return False
