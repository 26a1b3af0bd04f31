"""This machine: the core that makes load and the one that serves it, generators run to their end, and what it is."""

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

from bench.engine.neighbours import process_cpu, tree

_CORES = sorted(os.sched_getaffinity(0))
GENERATOR = (_CORES[0],)
SERVER = (_CORES[-1],)  # the same one where there is only one
BOTH = tuple(sorted({*GENERATOR, *SERVER}))

LOOK = 0.02  # s between two looks at the CPU time of what runs

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
    """Runs a generator to its end. `counts` says of a command line whether that process's CPU time counts.

    Raises RuntimeError with its last words when it takes longer than `timeout`.
    """
    began = time.monotonic()
    said = folder / "output.txt"
    with said.open("w", encoding="utf-8") as output:
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
            raise RuntimeError(f"{command[0]} did not end within {timeout:g} s: {said.read_text()[-500:]}") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            cpu = meter.stop()
    return Finished(cpu=cpu, seconds=time.monotonic() - began, output=said.read_text(encoding="utf-8"), code=code)


class _Meter(threading.Thread):
    """Adds up the CPU time of a process tree by looking often: what ends is counted as it was last seen."""

    def __init__(self, root: int, counts: Counts) -> None:
        super().__init__(daemon=True)
        self._root, self._counts, self._seen = root, counts, dict[int, float]()
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(LOOK):
            for pid in tree(self._root):
                if self._counts(_command_line(pid)):
                    self._seen[pid] = max(self._seen.get(pid, 0.0), process_cpu(pid))

    def stop(self) -> float:
        self._over.set()
        self.join()
        return sum(self._seen.values())


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def facts() -> dict[str, object]:
    """What a figure depends on besides the program."""
    model = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": model[0] if model else platform.processor(),
        "cores": len(_CORES),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8").splitlines()
    return []
