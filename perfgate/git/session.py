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
    arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], timeout_s: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs git without input. Ctrl-C does not reach it, and ssh has no terminal to ask at; whatever ends the wait ends
    git and its children.

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
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        output, errors = process.communicate(timeout=timeout_s)
    finally:
        if process is not None:
            _end(process)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:  # closes its pipes, and waits
        if process.poll() is None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
