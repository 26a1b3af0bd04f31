"""CPU and memory of a service per request: the whole process tree, by psutil."""

from __future__ import annotations

from contextlib import suppress

import psutil

from perfgate.diagnose.facts import ProbeCounts


class ProcessProbe:
    """`pid` is that of the process, or of its parent: all that it started counts."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu, self._memory = 0.0, 0

    def begin(self) -> None:
        self._cpu, self._memory = self._now()

    def counted(self, requests: int) -> ProbeCounts:
        cpu, memory = self._now()
        if not requests:
            return ProbeCounts()
        return ProbeCounts(values={"cpu": (cpu - self._cpu) / requests, "memory": (memory - self._memory) / requests})

    def close(self) -> None:
        """Nothing was opened."""

    def _now(self) -> tuple[float, int]:
        """CPU seconds and bytes of resident memory. A process that has ended meanwhile counts no more."""
        cpu, memory = 0.0, 0
        with suppress(psutil.Error):
            top = psutil.Process(self._pid)
            for process in (top, *top.children(recursive=True)):
                with suppress(psutil.Error):
                    times = process.cpu_times()
                    cpu += times.user + times.system
                    memory += process.memory_info().rss
        return cpu, memory
