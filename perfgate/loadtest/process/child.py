"""A child process of perfgate's own: its output kept without secrets, always ended, with all that it started."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TextIO

from perfgate.loadtest.process import keeping
from perfgate.text.redaction import Redactor

MAX_KEPT_LINES = 15  # of its output, in memory


OUTPUT_GRACE_S = 2.0  # s for the last of its output to arrive once it has ended: something it started may keep the pipe


class Child:
    """Starts at once. `tail` is the end of what it has said so far."""

    def __init__(
        self,
        command: Sequence[str] | str,
        *,
        environ: Mapping[str, str],
        log: Path,
        redact: Redactor,
        folder: Path,
        daemons: bool = False,
    ) -> None:
        """A command given as one text is run by the shell. With `daemons`, what has left its process group lives on
        when it ends by itself. Raises OSError when it cannot be started."""
        self.tail: deque[str] = deque(maxlen=MAX_KEPT_LINES)
        self._log: TextIO | None = log.open("w", encoding="utf-8")
        self._redact = redact
        try:
            self._process = keeping.start(command, environ=environ, folder=folder, daemons=daemons)
        except OSError:
            self._log.close()
            raise
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id of its keeper, whose children are the command and what that has started."""
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs. With the code, `tail` has its last words."""
        code = self._process.poll()
        if code is not None:
            self._reader.join(timeout=OUTPUT_GRACE_S)
        return code

    def wait(self, timeout: float) -> bool:
        """Whether it ended within `timeout` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def listen(self, timeout: float) -> None:
        """Returns as soon as it has ended, and after `timeout` seconds otherwise. Costs nothing meanwhile."""
        self._reader.join(timeout)
        if not self._reader.is_alive():  # it says no more, because it ends or because it has closed its output
            self.wait(timeout)

    def terminate(self) -> None:
        """Asks it to end (SIGTERM)."""
        if self.poll() is None:
            self._process.terminate()

    def end(self, timeout: float) -> None:
        """Asks, waits, and then kills whatever is left of it and of what it started. Idempotent."""
        self.terminate()
        self.wait(timeout)
        keeping.kill(self._process)
        self._reader.join(timeout=OUTPUT_GRACE_S)

    def _read(self) -> None:
        """Reads on whatever becomes of the log: a pipe that nobody empties would stop the child."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            clean = self._redact(line)
            self.tail.append(clean.rstrip("\n"))
            self._write(clean)
        self._close()

    def _write(self, text: str) -> None:
        if self._log is None:
            return
        try:
            self._log.write(text)
            self._log.flush()
        except OSError:  # a full disk, for example
            self._close()

    def _close(self) -> None:
        log, self._log = self._log, None
        with suppress(OSError):  # what it could not write before, it tries once more
            if log is not None:
                log.close()
