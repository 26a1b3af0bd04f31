"""Standard streams that may break: a reader that has seen enough, a full disk. What is lost there ends no load and
changes no verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class LossyStream:
    """A stream whose first error is kept instead of raised; what is written from then on goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if self.error is None:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        if self.error is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._give_up(error)

    @property
    def is_incomplete(self) -> bool:
        """Whether somebody still wanted what could not be written."""
        return self.error is not None and not isinstance(self.error, BrokenPipeError)

    def _give_up(self, error: OSError) -> None:
        """Python writes what is left at its end, and would exit with 120."""
        self.error = error
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def lossy_streams() -> Iterator[LossyStream | None]:
    """Puts such streams in the place of stdout and stderr, and gives stdout's."""
    before = sys.stdout, sys.stderr
    output, errors = (LossyStream(stream) if stream else None for stream in before)  # None: closed from the start
    sys.stdout, sys.stderr = cast(TextIO, output), cast(TextIO, errors)
    try:
        yield output
    finally:
        sys.stdout, sys.stderr = before
