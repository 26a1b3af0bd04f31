"""The profiler of V8 beside a service: where its Node processes compute, and what stays on their heaps. Nothing more
listens while they are sampled: an inspector that was closed is open only as long as it takes to begin and to end."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from perfgate.diagnose.profile import SampledProfile
from perfgate.diagnose.profilers import cpuprofile, inspector
from perfgate.diagnose.profilers.processes import busiest, computed, folders, source_line
from perfgate.model.errors import DiagnosisError

NODE = re.compile(r"node(js)?[\d.]*")  # file names of programs
MAX_PROCESSES = 8  # processes that are sampled
MIN_BUSY_RATIO = 0.1  # of the CPU time of the busiest: what only started the others (npm) is left alone
CLUSTER_WORKER = "NODE_UNIQUE_ID"  # a variable that Node sets for workers of its module `cluster`
BEGIN, END = Path(__file__).with_name("node_begin.js"), Path(__file__).with_name("node_end.js")


class ThreadTimes(NamedTuple):
    """CPU seconds so far: of the whole process, and of its threads beside the main one."""

    all: float
    beside: float


class NodeRecording:
    """Begins at once, and lasts until `profile` is called. Raises DiagnosisError where nothing can be sampled."""

    def __init__(self, pid: int, seconds: float, folder: Path, *, has_idle: bool = False) -> None:  # noqa: ARG002
        """`pid` is that of the process above those of the service."""
        self._sampled: list[tuple[psutil.Process, ThreadTimes]] = []
        processes = _working(busiest(pid, NODE))
        if not processes:
            raise DiagnosisError(
                "diagnose.profile: the service has no Node process that takes SIGUSR1 (on Linux)", code="PG-X001"
            )
        self._folders = folders(processes)
        for process in processes:
            try:
                inspector.evaluate(process, BEGIN.read_text(encoding="utf-8"))
            except DiagnosisError:
                if not self._sampled:
                    raise
                break  # those that are sampled show what requests do
            self._sampled.append((process, _times(process)))

    def profile(self) -> SampledProfile:
        """Raises DiagnosisError when a process does not answer."""
        profiles, took, beside = [], 0.0, 0.0
        while self._sampled:
            process, before = self._sampled.pop()
            now = _times(process)
            reply = inspector.evaluate(process, END.read_text(encoding="utf-8"))
            took, beside = took + now.all - before.all, beside + now.beside - before.beside
            profiles.append(cpuprofile.ProcessProfile(reply, self._folders, source_line))
        try:
            return cpuprofile.merged(profiles, took, beside)
        except (LookupError, TypeError, ValueError) as error:
            raise DiagnosisError("diagnose.profile: Node's profile cannot be read", code="PG-X001") from error

    def close(self) -> None:
        """Ends what still samples."""
        for process, _ in self._sampled:
            with suppress(DiagnosisError):
                inspector.evaluate(process, END.read_text(encoding="utf-8"))
        self._sampled.clear()


def _working(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that do a good part of the work, of those that a signal does no harm. The primary of a cluster passes the
    signal on to all its workers, and only hands out connections."""
    workers, primaries = list[psutil.Process](), set[int]()
    for process in processes:
        with suppress(psutil.Error):  # ended meanwhile, or another user's: the others are there
            if CLUSTER_WORKER in process.environ():
                primaries.add(process.ppid())
            workers.append(process)
    workers = [process for process in workers if process.pid not in primaries]
    most = max(map(computed, workers), default=0.0)
    busy = [item for item in workers if computed(item) >= MIN_BUSY_RATIO * most and inspector.takes_signal(item)]
    return busy[:MAX_PROCESSES]


def _times(process: psutil.Process) -> ThreadTimes:
    """Zero where the process is gone."""
    with suppress(psutil.Error):
        threads = {item.id: item.user_time + item.system_time for item in process.threads()}
        return ThreadTimes(sum(threads.values()), sum(took for tid, took in threads.items() if tid != process.pid))
    return ThreadTimes(0.0, 0.0)
