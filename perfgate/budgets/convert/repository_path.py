"""Where a file is in its repository: what tells two budget files of one repository apart, whoever runs them from where.
Files alone are looked at, so that it is the same without git and in a checkout that git does not trust."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

GIT = ".git"  # a folder, or in a worktree or submodule a file


def top_of(path: Path) -> Path | None:
    """The root of the checkout that a file is in; None outside of any."""
    return next((place for place in path.resolve().parents if (place / GIT).exists()), None)


def repository_path(path: Path) -> str:
    """Slashes between folders; the file's name alone outside of a repository."""
    top = top_of(path)
    return path.resolve().relative_to(top).as_posix() if top else path.name


def identity(path: Path) -> str:
    """The name of a budget file that gives itself none: "services/a/budgets", "budgets" at the root."""
    return PurePosixPath(repository_path(path)).with_suffix("").as_posix()
