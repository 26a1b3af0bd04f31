"""The base of an A/B test as files: a git worktree in a temporary folder, gone afterwards whatever happens.

The user's files, index and branches stay as they are. Hooks do not run.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from perfgate.loadtest.undisturbed import undisturbed
from perfgate.model.errors import ServiceError, UsageError

REMOTE = "origin"
FETCH_PATIENCE = 300.0  # s
MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")  # set while git runs a hook

Environment = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """`folder` is to the base what the budget file's folder is to the head; `scratch` goes away with the checkout."""

    folder: Path
    top: Path
    commit: str
    scratch: Path


@contextmanager
def checked_out(ref: str, *, folder: Path, environ: Environment) -> Iterator[Checkout]:
    """The files of `ref`, in the repository that `folder` is in.

    Raises UsageError when there is no repository or no such ref, ServiceError when git cannot check it out.
    """
    git = _Git(folder, environ)
    top = git.top()
    commit = git.commit(ref)
    scratch = Path(mkdtemp(prefix="perfgate-base-"))
    tree = scratch / "base"
    try:
        with undisturbed():  # half a worktree could not be removed
            done = git("-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--force", str(tree), commit)
        if done.returncode:
            raise ServiceError(f"git cannot check out {ref}:\n{_said(done)}")
        inside = tree / folder.resolve().relative_to(top)
        inside.mkdir(parents=True, exist_ok=True)  # the head's budget file may be in a new folder
        yield Checkout(folder=inside, top=tree, commit=commit, scratch=scratch)
    finally:
        with undisturbed():
            git("worktree", "remove", "--force", "--force", str(tree))
            rmtree(scratch, ignore_errors=True)
            git("worktree", "prune")


class _Git:
    def __init__(self, folder: Path, environ: Environment) -> None:
        kept = {name: value for name, value in environ.items() if name not in MISLEADING}
        self._folder, self._environ = folder, {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

    def __call__(self, *arguments: str, patience: float | None = None) -> subprocess.CompletedProcess[str]:
        """Raises UsageError when there is no git, ServiceError when it takes too long."""
        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=patience,
                check=False,
                start_new_session=True,  # Ctrl-C is for perfgate
            )
        except subprocess.TimeoutExpired as error:
            raise ServiceError(f"git {arguments[0]} took longer than {patience:g} s.") from error
        except OSError as error:
            raise UsageError(f"--base-ref needs git, which cannot be started: {error.strerror}") from error

    def top(self) -> Path:
        done = self("rev-parse", "--show-toplevel")
        if done.returncode or not done.stdout.strip():
            raise UsageError(
                f"--base-ref needs a git repository, and {self._folder.resolve()} is in none:\n{_said(done)}",
                hint="To compare two deployments that run already: --base URL.",
            )
        return Path(done.stdout.removesuffix("\n")).resolve()

    def commit(self, ref: str) -> str:
        """Of a branch, tag or commit; of the remote's, and from there, when there is none here."""
        if not re.fullmatch(r"[^\s:+^~?*\[\\-][^\s:+?*\[\\]*", ref):
            raise UsageError(f"--base-ref {ref!r}: this cannot be a branch, tag or commit")
        for name in (ref, f"{REMOTE}/{ref}"):
            if known := self._resolved(name):
                return known
        shallow = self("rev-parse", "--is-shallow-repository").stdout.strip() == "true"
        depth = ("--depth=1",) if shallow else ()  # in a whole clone it would cut the history
        fetched = self("fetch", "--no-tags", *depth, REMOTE, ref, patience=FETCH_PATIENCE)
        if fetched.returncode == 0 and (known := self._resolved("FETCH_HEAD")):
            return known
        clone = " In this shallow clone not everything is there: `git fetch" if shallow else " Try `git fetch"
        raise UsageError(
            f"--base-ref {ref}: there is no such branch, tag or commit here, nor at {REMOTE}:\n{_said(fetched)}",
            hint=f"Is it spelt right?{clone} {REMOTE} {ref}` first, or in GitHub Actions "
            "`actions/checkout` with `fetch-depth: 0`.",
        )

    def _resolved(self, name: str) -> str:
        done = self("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return done.stdout.strip() if done.returncode == 0 else ""


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join(f"  | {line}" for line in done.stderr.strip().splitlines()[-5:])
