"""Where a file is in its repository: what tells two budget files of one repository apart, whoever runs them from where.
Files alone are looked at, so that it is the same without git and in a checkout that git does not trust."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

GIT = ".git"  # a folder, or in a worktree or submodule a file


def _top(place: Path) -> Path | None:
    return next((folder for folder in place.parents if (folder / GIT).exists()), None)


def _place(path: Path) -> Path:
    """Where the file is: a link in a checkout counts as a file there, as two services may share one by links."""
    link = path.parent.resolve() / path.name
    return link if _top(link) else path.resolve()


def repository_path(path: Path) -> str:
    """Slashes between folders; the file's name alone outside of a repository."""
    place = _place(path)
    top = _top(place)
    return place.relative_to(top).as_posix() if top else path.name


def identity(path: Path) -> str:
    """The name of a budget file that gives itself none: "services/a/budgets", "budgets" at the root."""
    return PurePosixPath(repository_path(path)).with_suffix("").as_posix()
