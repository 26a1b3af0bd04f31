"""Less CPU for one service: by a quota of its control group where that may be set, else (or `by_stops`) by stopping it
for half of the time, as cpulimit does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PERIOD, QUOTA = 10_000, 2_000  # microseconds
STEP = 0.006  # s that it runs, and is stopped
GROUP = "perfgate-zoo"


@contextmanager
def limited(port: int, *, by_stops: bool) -> Iterator[None]:
    """What listens on the port inside this block."""
    done = threading.Event()
    group = None if by_stops else _group()
    thread = threading.Thread(target=_limit, args=(port, group, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if group is not None:
            with suppress(OSError):
                group.rmdir()


def _group() -> Path | None:
    """A control group with the quota; None where none can be made."""
    with suppress(OSError):
        first = Path("/sys/fs/cgroup/cpu")
        group = (first if first.is_dir() else first.parent) / GROUP
        group.mkdir(exist_ok=True)
        if first.is_dir():
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(QUOTA))
        else:
            (group / "cpu.max").write_text(f"{QUOTA} {PERIOD}")
        return group
    return None


def _limit(port: int, group: Path | None, done: threading.Event) -> None:
    process = None
    while process is None:
        if done.wait(0.1):
            return
        process = _listener(port)
    if group is not None:
        (group / "cgroup.procs").write_text(str(process.pid))
        return
    with suppress(psutil.Error):
        while not done.wait(STEP):
            process.send_signal(signal.SIGSTOP)
            done.wait(STEP)
            process.send_signal(signal.SIGCONT)


def _listener(port: int) -> psutil.Process | None:
    for item in psutil.net_connections("tcp"):
        if item.status == psutil.CONN_LISTEN and item.laddr.port == port and item.pid:
            return psutil.Process(item.pid)
    return None
