"""CPU and memory of a service per request: the whole process tree."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

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


def programs(pid: int, port: int) -> list[str]:
    """File names of the programs in the process tree that listen on the port; none where none is seen to, as in a
    container."""
    listening: list[str] = []
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with suppress(psutil.Error):
                sockets = process.net_connections(kind="tcp")
                if any(item.status == psutil.CONN_LISTEN and item.laddr.port == port for item in sockets):
                    listening.append(Path(process.exe()).name)
    return listening
