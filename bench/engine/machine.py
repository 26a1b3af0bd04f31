"""This machine: the core that makes load and the one that serves it, CPU time of process trees, and what it is."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
GENERATOR = (_CORES[0],)
SERVER = (_CORES[-1],)  # the same one where there is only one
BOTH = tuple(sorted({*GENERATOR, *SERVER}))

LOOK = 0.02  # s between two looks at the CPU time of what runs
TICKS = os.sysconf("SC_CLK_TCK")

Counts = Callable[[str], bool]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """`cpu`: seconds that the counted processes of the tree had used when last seen alive."""

    cpu: float
    seconds: float
    output: str
    code: int


def pinned(cores: Sequence[int], command: Sequence[str]) -> list[str]:
    return ["taskset", "-c", ",".join(str(core) for core in cores), *command]


def run(
    command: Sequence[str],
    *,
    cores: Sequence[int] = GENERATOR,
    folder: Path,
    environ: dict[str, str] | None = None,
    timeout: float,
    counts: Counts = lambda _command_line: True,
) -> Finished:
    """Runs a generator to its end. Raises RuntimeError with its last words when it takes longer than `timeout`."""
    began = time.monotonic()
    with (folder / "output.txt").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            pinned(cores, command),
            cwd=folder,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        meter = _Meter(process.pid, counts)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{command[0]} did not end within {timeout:g} s: {_tail(output)}") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            cpu = meter.stop()
        output.seek(0)
        return Finished(cpu=cpu, seconds=time.monotonic() - began, output=output.read(), code=code)


def _tail(output: object) -> str:
    return Path(output.name).read_text(encoding="utf-8")[-500:]  # type: ignore[attr-defined]


class _Meter(threading.Thread):
    """Adds up the CPU time of a process tree by looking often: what ends is counted as it was last seen."""

    def __init__(self, root: int, counts: Counts) -> None:
        super().__init__(daemon=True)
        self._root, self._counts, self._seen = root, counts, dict[int, float]()
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(LOOK):
            for pid in _tree(self._root):
                with suppress(OSError, IndexError):
                    if self._counts(_command_line(pid)):
                        self._seen[pid] = _cpu(pid)

    def stop(self) -> float:
        self._over.set()
        self.join()
        return sum(self._seen.values())


def _tree(root: int) -> list[int]:
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        with suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                todo += [int(one) for one in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    return found


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def facts() -> dict[str, object]:
    """What a figure depends on besides the program."""
    model = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": model[0] if model else platform.processor(),
        "cores": len(_CORES),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "steal_and_pressure": "".join(_lines("/proc/pressure/cpu")[:1]).strip(),
    }


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8").splitlines()
    return []
