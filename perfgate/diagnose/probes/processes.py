"""CPU and memory of a service per request: the whole process tree."""

from __future__ import annotations

from perfgate.diagnose.facts import ProbeCounts
from perfgate.runner.process_tree import Usage, usage


class ProcessProbe:
    """`pid` is that of the process, or of its parent: all that it started counts."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = Usage(0.0, 0)

    def begin(self) -> None:
        self._before = usage(self._pid)

    def counted(self, requests: int) -> ProbeCounts:
        now, before = usage(self._pid), self._before
        if not requests:
            return ProbeCounts()
        values = {"cpu": (now.cpu - before.cpu) / requests, "memory": (now.memory - before.memory) / requests}
        return ProbeCounts(values=values)

    def close(self) -> None:
        """Nothing was opened."""
