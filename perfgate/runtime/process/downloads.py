"""Scenarios that a worker gets from its master: each process has its own copy, in a folder that nobody else may write.

Stock Locust writes them under their plain names into the folder for temporary files. There another worker of the same
machine truncates the file while this one reads it, and finds "No User class"; and anyone may have put a file first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

Parse = Callable[[Any], list[str]]


def into_own_folder(parse: Parse) -> Parse:
    """`parse` writes what it is given into tempfile.gettempdir() and returns the paths; the same, into a folder that
    ends with the process."""
    folders: list[tempfile.TemporaryDirectory[str]] = []  # each is removed once nothing refers to it

    def parse_there(sources: Any) -> list[str]:
        folders.append(tempfile.TemporaryDirectory(prefix="perfgate-worker-", ignore_cleanup_errors=True))
        before, tempfile.tempdir = tempfile.tempdir, folders[-1].name
        try:
            return parse(sources)
        finally:
            tempfile.tempdir = before

    return parse_there
