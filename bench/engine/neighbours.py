"""What else the machine is doing: a generator that shares its core with strangers says more of them than of itself."""

from __future__ import annotations

import os
import resource
import time
from contextlib import suppress
from pathlib import Path

CALM = 0.2  # cores that others may use while something is measured
GLANCE = 0.5  # s
TICKS = os.sysconf("SC_CLK_TCK")


class Neighbours:
    """Cores used by other processes (and by other virtual machines: steal) since it was made."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), _busy(), _own()

    def cores(self) -> float:
        passed = time.monotonic() - self._began
        return max(0.0, (_busy() - self._busy - (_own() - self._own)) / passed)


def wait_for_calm(patience: float) -> None:
    """Returns as soon as the others are calm, and in any case after `patience` seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        neighbours = Neighbours()
        time.sleep(GLANCE)
        if neighbours.cores() <= CALM:
            return


def _busy() -> float:
    """CPU seconds of all cores so far, without idleness and waiting for disks."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _idle, _waiting, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / TICKS


def _own() -> float:
    """CPU seconds of this process and all it has started, alive or not."""
    total = sum(process_cpu(pid) for pid in tree(os.getpid()))
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return total + ended.ru_utime + ended.ru_stime


def tree(root: int) -> list[int]:
    """A process and all its descendants."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        with suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                todo += [int(one) for one in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    return found


def process_cpu(pid: int) -> float:
    """CPU seconds of a process with all its threads; 0 when it is gone."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return 0.0
