"""Git, as an A/B test needs it: asks, fetches what a clone lacks, and leaves the user's work alone."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from perfgate.git.command import environment
from perfgate.git.session import run_in_session
from perfgate.model.errors import BaseError, UsageError

REMOTE = "origin"
TRUST = "git config --global --add safe.directory"  # what git proposes, followed by the folder
FETCH_TIMEOUT_S = 300.0  # s

Environment = Mapping[str, str]
Done = subprocess.CompletedProcess[str]


class Git:
    """Runs git in the folder of the budget file."""

    def __init__(self, folder: Path, environ: Environment) -> None:
        self._folder = folder
        self._environ = environment(environ)

    def __call__(self, *arguments: str, timeout_s: float | None = None) -> Done:
        """Raises UsageError when there is no git, BaseError when it takes too long."""
        try:
            done = run_in_session(arguments, folder=self._folder, environ=self._environ, timeout_s=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise BaseError(f"git {arguments[0]} took longer than {timeout_s:g} s.", code="PG-A004") from error
        except FileNotFoundError as error:
            raise UsageError("--base-ref needs git, which is not installed.", code="PG-A001") from error
        except OSError as error:
            raise UsageError(
                f"--base-ref needs git, which cannot be started: {error.strerror}", code="PG-A001"
            ) from error
        return Done(done.args, done.returncode, *(text.decode(errors="replace") for text in (done.stdout, done.stderr)))

    def top(self) -> Path:
        """The root of the checkout. Raises UsageError when the folder is in none that git reads."""
        done = self("rev-parse", "--show-toplevel")
        if done.returncode or not done.stdout.strip():
            raise _no_repository(self._folder, done)
        return Path(done.stdout.removesuffix("\n")).resolve()

    def resolve_commit(self, name: str) -> str:
        """The commit of that name; empty when it is not here."""
        done = self("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return done.stdout.strip() if done.returncode == 0 else ""

    def remote(self) -> str:
        """`origin`, or the only remote there is when none is called that."""
        known = self("remote").stdout.split()
        return known[0] if len(known) == 1 else REMOTE

    def is_shallow(self) -> bool:
        return self("rev-parse", "--is-shallow-repository").stdout.strip() == "true"


def _no_repository(folder: Path, done: Done) -> UsageError:
    """What is wrong with a folder whose repository git does not read."""
    if "dubious ownership" in done.stderr:
        return UsageError(
            f"--base-ref: git does not read this repository, which belongs to another user:\n{complaint(done)}",
            hint=f"To trust it: git config --global --add safe.directory {done.stderr.partition(TRUST)[2].strip()}",
            code="PG-A001",
        )
    return UsageError(
        f"--base-ref needs a git repository, and {folder.resolve()} is in none:\n{complaint(done)}",
        hint="To compare two deployments that run already: --base URL. In GitHub Actions install git before "
        "actions/checkout: without it there are only the files.",
        code="PG-A001",
    )


def complaint(done: Done) -> str:
    """The last lines of what git wrote, for a message."""
    return "\n".join(f"  | {line}" for line in done.stderr.strip().splitlines()[-5:])
