"""The history on a git branch: `git:BRANCH` or `git:BRANCH@REMOTE`.

In CI without a checkout the same branch is read through GitHub's API.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from perfgate.git import command as git
from perfgate.git.command import GitError
from perfgate.history.files.data_branch import DataBranch
from perfgate.history.files.file_history import FileHistory
from perfgate.history.files.files import Files, Say
from perfgate.model.errors import HistoryError


def open_branch(url: str, *, root: Path, environ: Mapping[str, str], say: Say) -> FileHistory:
    """REMOTE is a name or a URL; without one it is origin, or where there is none the repository itself.

    Raises HistoryError when the URL is malformed.
    """
    return FileHistory(files(url, root=root, environ=environ), say=say)


def files(url: str, *, root: Path, environ: Mapping[str, str]) -> Files:
    """The branch as a place for files. Raises HistoryError as `open_branch` does."""
    branch, at, remote = url.removeprefix("git:").partition("@")
    if not branch or branch.startswith(("-", "/", "refs/")) or remote.startswith("-") or (at and not remote):
        raise HistoryError(
            "The history URL does not name a branch",
            hint="Write git:perfgate-data, or git:perfgate-data@REMOTE.",
            code="PG-H001",
        )
    repository = environ.get("GITHUB_REPOSITORY", "")
    if repository and not remote and not _is_in_repository(root, environ):
        from perfgate.history.files.github import GithubFiles

        return GithubFiles(repository, branch, environ=environ)
    return DataBranch(branch, remote=remote, folder=root, environ=environ)


def _is_in_repository(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether the folder is in a repository, also where git refuses to look into it: then it says why."""
    try:
        git.run("rev-parse", "--git-dir", folder=folder, environ=git.environment(environ))
    except GitError as error:
        return "not a git repository" not in str(error) and "cannot be started" not in str(error)
    return True
