"""The base of an A/B test as files: a git worktree in a temporary folder, gone afterwards whatever happens.

The user's files, index and branches stay as they are. Hooks do not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from perfgate.loadtest.service.git import Environment, Git, complaint
from perfgate.loadtest.service.refs import commit_of
from perfgate.model.errors import BaseError
from perfgate.runner.deferred_signals import defer_signals

CURES = {
    "git-lfs": "The base has files in Git LFS: install git-lfs where perfgate runs.",
    "promisor remote": "This clone is partial (`--filter`): git has to fetch files of the base, and could not.",
}


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """`folder` is to the base what the budget file's folder is to the head; `scratch` goes away with the checkout."""

    folder: Path
    top: Path
    commit: str
    scratch: Path
    is_new: bool = False  # the folder is not in this commit: it was made, and is empty


@contextmanager
def check_out(ref: str, *, folder: Path, environ: Environment) -> Iterator[Checkout]:
    """The files of `ref`, in the repository that `folder` is in.

    Raises UsageError when there is no repository or no such ref, BaseError when git cannot check it out.
    """
    git = Git(folder, environ)
    top = git.top()
    commit = commit_of(git, ref)
    scratch = Path(mkdtemp(prefix="perfgate-base-"))
    tree = scratch / "base"
    try:
        with defer_signals():  # half a worktree could not be removed
            done = git("-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--force", str(tree), commit)
        if done.returncode:
            hint = next((cure for words, cure in CURES.items() if words in done.stderr), "")
            raise BaseError(f"git cannot check out {ref}:\n{complaint(done)}", hint=hint, code="PG-A004")
        inside = tree / folder.resolve().relative_to(top)
        is_new = not inside.exists()
        inside.mkdir(parents=True, exist_ok=True)  # the head's budget file may be in a new folder
        yield Checkout(folder=inside, top=tree, commit=commit, scratch=scratch, is_new=is_new)
    finally:
        with defer_signals():
            git("worktree", "remove", "--force", "--force", str(tree))
            rmtree(scratch, ignore_errors=True)
            git("worktree", "prune")
