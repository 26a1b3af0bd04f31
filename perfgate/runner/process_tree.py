"""What a process and all that it started use: CPU time, memory, and the ports they listen on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import psutil


class Usage(NamedTuple):
    """`cpu` in seconds since they began, `memory` resident, in bytes."""

    cpu: float
    memory: int


def process_tree(pid: int) -> list[psutil.Process]:
    """The process and all that it started; none where it has ended."""
    import psutil

    with suppress(psutil.Error):
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    return []


def usage(pid: int) -> Usage:
    """The sum over the process tree. The CPU time of what has ended counts as its parent's, which has waited for it."""
    import psutil

    cpu, memory = 0.0, 0
    for process in process_tree(pid):
        with suppress(psutil.Error):
            times = process.cpu_times()
            cpu += times.user + times.system
            cpu += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)  # on Unix
            memory += process.memory_info().rss
    return Usage(cpu, memory)


def ports_of(process: psutil.Process) -> set[int]:
    """TCP ports that one process listens on. Raises psutil.Error."""
    import psutil

    sockets = process.net_connections(kind="tcp")
    return {item.laddr.port for item in sockets if item.status == psutil.CONN_LISTEN}


def listening_ports(pid: int) -> set[int]:
    """TCP ports that the process tree listens on, as far as they can be seen."""
    import psutil

    ports: set[int] = set()
    for process in process_tree(pid):
        with suppress(psutil.Error):
            ports |= ports_of(process)
    return ports
