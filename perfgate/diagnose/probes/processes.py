"""CPU and memory of a service per request: the whole process tree."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

from perfgate.diagnose.facts import ProbeCounts
from perfgate.runner.process_tree import Usage, ports_of, process_tree, usage

ELSEWHERE = (
    "no process of `service` listens on port {port} (a container does?): its CPU, memory and connections are not seen. "
    "Start the application itself as `service`, without a container."
)


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
    for process in process_tree(pid):
        with suppress(psutil.Error):
            if _listens(process, port):
                listening.append(Path(process.exe()).name)
    return listening


def answers_elsewhere(pid: int, port: int) -> bool:
    """Whether none of the process tree listens on the port, as where `docker compose` starts a container: what these
    processes compute is none of the service's work. False where it cannot be known."""
    with suppress(psutil.AccessDenied):
        return not any(_listens(process, port) for process in process_tree(pid))
    return False


def _listens(process: psutil.Process, port: int) -> bool:
    """Raises AccessDenied for another user's process."""
    with suppress(psutil.NoSuchProcess):
        return port in ports_of(process)
    return False
