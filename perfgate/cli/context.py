"""What a verb that sends load reads from the outside world: folder, environment, clock, versions, commit."""

from __future__ import annotations

import os
import secrets
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

from perfgate import __version__
from perfgate.cli.guard import say
from perfgate.model.errors import UsageError

if TYPE_CHECKING:
    from perfgate.workflows.steps.request import RunContext

MAX_PROCESSES = 256


def run_context(kind: str, out: Path | None = None) -> RunContext:
    """The context of a run that is not remembered. Its folder is `out`, else a new one in `.perfgate/<kind>/`."""
    from perfgate.ci import revision
    from perfgate.files import run_folder
    from perfgate.workflows.steps.request import RunContext

    root = Path.cwd()
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return RunContext(
        root=root,
        environ=child_environment(),
        run_id=run_id,
        started=now.isoformat(timespec="milliseconds"),
        folder=out or root / run_folder.HOME / kind / run_id,
        revision=revision.read(os.environ, root),
        doubt=revision.other_code(os.environ, root),
        versions={"perfgate": __version__, "locust": version("locust"), "python": python_version()},
    )


def remembered_run_context(out: Path | None) -> RunContext:
    """The context of a run with access to the history, to what was accepted, and to the timings of the service's
    middleware."""
    from dataclasses import replace

    from perfgate.ci import credentials, git_questions, revision
    from perfgate.cli.accepting import gather
    from perfgate.workflows.steps import counting

    context = run_context("runs", out)
    root, code = context.root, context.revision
    if not code.commit and (trouble := git_questions.reading_problem(os.environ, root)):
        say(f"perfgate: commit and branch are not known. git says: {trouble}")
    if other := revision.other_checkout(code, os.environ):
        say(f"perfgate: {other}")
    access = credentials.git_auth_environment(os.environ, root)
    return replace(
        context,
        environ=counting.with_timing_secret(context.environ, secrets.token_hex(16)),
        access=access,
        claims=lambda branch, last: gather({**os.environ, **access}, root, code, branch=branch, last=last, say=say),
    )


def child_environment() -> dict[str, str]:
    """The environment, with the programs of perfgate's own installation found after all others: a `service` of
    `perfgate demo` works without an activated virtual environment. A token that is for perfgate alone stays out."""
    from perfgate.ci import credentials

    own = str(Path(sys.executable).parent)
    return {
        **credentials.without_secrets(os.environ),
        "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), own]),
    }


def processes_of(text: str, given: str = "--processes ") -> int:
    """Raises UsageError for anything but a number from 1 or `auto`; `given` is how it was given."""
    if text == "auto":
        return max(1, (os.cpu_count() or 2) - 1)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_PROCESSES:
        raise UsageError(f"{given}{text}: give a number from 1 to {MAX_PROCESSES}, or auto", code="PG-U003")
    return int(text)
