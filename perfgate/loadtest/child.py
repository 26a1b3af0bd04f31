"""A child process of perfgate's own: in a group of its own, its output kept without secrets, always ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from perfgate.redaction import Redactor

LAST_LINES = 15


LAST_WORDS = 2.0  # s for the last of its output to arrive once it has ended: something it started may keep the pipe


class Child:
    """Starts at once. `tail` is the end of what it has said so far."""

    def __init__(
        self, command: Sequence[str] | str, *, environ: Mapping[str, str], log: Path, redact: Redactor, folder: Path
    ) -> None:
        """A command given as one text is run by the shell. Raises OSError when it cannot be started."""
        self.tail: deque[str] = deque(maxlen=LAST_LINES)
        self._log, self._redact = log.open("w", encoding="utf-8"), redact
        try:
            self._process = subprocess.Popen(
                command,
                shell=isinstance(command, str),
                env=dict(environ),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C reaches perfgate alone, which then ends the child in good order
            )
        except OSError:
            self._log.close()
            raise
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        """The exit code, or None while it runs. With the code, `tail` has its last words."""
        code = self._process.poll()
        if code is not None:
            self._reader.join(timeout=LAST_WORDS)
        return code

    def wait(self, timeout: float) -> bool:
        """Whether it ended within `timeout` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def terminate(self) -> None:
        """Asks it to end (SIGTERM)."""
        if self.poll() is None:
            self._process.terminate()

    def end(self, patience: float) -> None:
        """Asks, waits, and then kills whatever is left of its group. Idempotent."""
        self.terminate()
        self.wait(patience)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(timeout=LAST_WORDS)
        self._log.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            clean = self._redact(line)
            self.tail.append(clean.rstrip("\n"))
            if self._log.closed:
                return
            self._log.write(clean)
            self._log.flush()
