"""Children of perfgate: their last words, their end, and that nothing of them is left."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perfgate.loadtest.child import Child
from perfgate.redaction import Redactor


@contextmanager
def child(command: list[str] | str, tmp_path: Path) -> Iterator[Child]:
    started = Child(command, environ=dict(os.environ), log=tmp_path / "child.log", redact=Redactor(), folder=tmp_path)
    try:
        yield started
    finally:
        started.end(5.0)


def test_the_exit_code_comes_with_the_last_words(tmp_path: Path):
    """Many lines: whoever looks the moment it ends would miss the last of them."""
    for _ in range(20):
        with child([sys.executable, "-c", "print('x\\n' * 20_000 + 'the last word'); exit(7)"], tmp_path) as started:
            while (code := started.poll()) is None:
                pass
            assert (code, started.tail[-1]) == (7, "the last word")
