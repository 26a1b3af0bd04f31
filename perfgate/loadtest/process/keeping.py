"""Starts processes that do not outlive perfgate, whatever kills it and whenever: each has a keeper (`keeper.py`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from perfgate.loadtest.process import keeper

COMMAND = (sys.executable, "-I", "-S", keeper.__file__)
KEEPER_TIMEOUT_S = keeper.KILL_TIMEOUT_S + 5.0  # s for a keeper to kill what is left


def start(
    command: Sequence[str] | str,
    *,
    environ: Mapping[str, str],
    folder: Path | None = None,
    stderr: int = subprocess.STDOUT,
    daemons: bool = False,
) -> subprocess.Popen[str]:
    """The keeper of a command (a text is run by the shell), in a session of its own: Ctrl-C reaches perfgate alone.

    SIGTERM and the exit code are the command's. With `daemons`, what has left its process group lives on when the
    command ends by itself. Raises OSError when it cannot be started.
    """
    words = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    return subprocess.Popen(
        [*COMMAND, *(["--daemons"] if daemons else []), *words],
        env=dict(environ),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    """Ends at once what is left of the command and of all that it started. Idempotent."""
    assert process.stdin is not None
    if not process.stdin.closed:
        with suppress(BrokenPipeError):
            process.stdin.write(keeper.AT_ONCE.decode())
            process.stdin.flush()
        with suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(KEEPER_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
