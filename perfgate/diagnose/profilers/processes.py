"""The processes of a service that a profiler can look into, and the files that they name as theirs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG

import psutil

MAX_SOURCE_BYTES = 10_000_000  # of a file whose lines are looked up
MAX_SOURCES = 64  # files whose lines are kept
MAX_LINE_CHARS = 500


def busiest(pid: int, program: re.Pattern[str]) -> list[psutil.Process]:
    """The processes below this one whose program has such a file name, those first that have computed most."""
    result: list[tuple[float, psutil.Process]] = []
    with suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                if program.fullmatch(Path(process.exe()).name):
                    result.append((-computed(process), process))
    return [process for _, process in sorted(result, key=lambda item: (item[0], item[1].pid))]


def computed(process: psutil.Process) -> float:
    """CPU seconds so far; 0 of a process that has ended."""
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def folders(processes: Sequence[psutil.Process]) -> tuple[str, ...]:
    """The folders that they run in: those that the application's own files are named from."""
    result = []
    for process in processes:
        with suppress(psutil.Error):
            result.append(process.cwd())
    return tuple(dict.fromkeys(result))


def source_line(path: str, number: int) -> str:
    """A line of a source file, from 1 on; empty where it cannot be read. A process may name anything as its source: a
    FIFO or a device would never end, so only regular files count."""
    lines = _source(path)
    return lines[number - 1] if 0 < number <= len(lines) else ""


@lru_cache(maxsize=MAX_SOURCES)
def _source(path: str) -> tuple[str, ...]:
    with suppress(OSError, ValueError):
        about = Path(path).stat()
        if S_ISREG(about.st_mode) and 0 < about.st_size <= MAX_SOURCE_BYTES:  # those of /proc have no size
            with Path(path).open(encoding="utf-8", errors="replace") as file:
                return tuple(line[:MAX_LINE_CHARS] for line in file.read(MAX_SOURCE_BYTES).split("\n"))
    return ()
