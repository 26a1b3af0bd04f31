"""Runs git in a session of its own, with all that it starts to reach a remote."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from perfgate.runner.deferred_signals import defer_signals


def run_in_session(
    arguments: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    timeout_s: float | None = None,
    reads_errors: bool = True,
) -> subprocess.CompletedProcess[bytes]:
    """Runs git without input. Ctrl-C does not reach it, and ssh has no terminal to ask at; what ends the wait early
    ends git and all that it started. Without `reads_errors` nothing waits for a program that git leaves behind with
    its stderr, as ssh does for its next connection.

    Raises OSError or ValueError when it cannot be started, subprocess.TimeoutExpired.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with defer_signals():  # one between the start and the wait would leave git behind
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if reads_errors else subprocess.DEVNULL,
                start_new_session=True,
            )
        output, errors = process.communicate(timeout=timeout_s)
    except BaseException:
        if process is not None:
            _end(process)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors or b"")


def _end(process: subprocess.Popen[bytes]) -> None:
    with process, suppress(OSError):  # closes its pipes, and waits
        os.killpg(process.pid, signal.SIGKILL)
