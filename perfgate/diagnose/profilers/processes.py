"""The processes of a service that a profiler can look into."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil


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
