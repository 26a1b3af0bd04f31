"""py-spy beside a service: where its Python processes compute, sampled from outside, in collapsed stacks."""

from __future__ import annotations

import linecache
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from perfgate.diagnose import profile
from perfgate.diagnose.profile import Stack
from perfgate.model.errors import DiagnosisError

SAMPLES_PER_S = 100  # samples per second
MAX_PROCESSES = 8  # processes that are sampled: those that have computed most
STOP_TIMEOUT_S = 15.0  # s beyond the time that is sampled
GRANT = (
    "Grant SYS_PTRACE (`docker run --cap-add SYS_PTRACE`), run as root, or allow it on the runner: "
    "`echo 0 | sudo tee /proc/sys/kernel/yama/ptrace_scope`."
)
INSTALL = "diagnose.profile needs py-spy: pip install 'perfgate[profile]'"


class ProfileRecording:
    """Begins at once and lasts `seconds`. Raises DiagnosisError where nothing can be sampled."""

    def __init__(self, pid: int, seconds: float, folder: Path, *, has_idle: bool = False) -> None:
        """`pid` is that of the process above those of the service; `folder` gets what py-spy writes. Threads that wait
        are in it as well (`has_idle`), or only those that compute."""
        program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
        if program is None:
            raise DiagnosisError(INSTALL, code="PG-X002")
        processes = _pythons(pid)
        if not processes:
            raise DiagnosisError(
                "diagnose.profile: the service has no Python process, so py-spy has nothing to see", code="PG-X001"
            )
        self._seconds = seconds
        self._folders = _folders(processes)
        self._children: list[tuple[subprocess.Popen[str], Path]] = []
        for process in processes:
            path = folder / f"pyspy-{process.pid}.txt"
            command = [program, "record", "--pid", str(process.pid), "--rate", str(SAMPLES_PER_S)]
            command += ["--duration", str(max(1, round(seconds))), "--format", "raw", "--full-filenames"]
            command += ["--output", str(path), *(["--idle"] if has_idle else [])]
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            self._children.append((child, path))

    def stacks(self) -> dict[Stack, int]:
        """Waits for the end. Raises DiagnosisError when no process could be sampled."""
        samples: dict[Stack, int] = {}
        problems = []
        for child, path in self._children:
            try:
                _, errors = child.communicate(timeout=self._seconds + STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                _, errors = child.communicate()
            if path.exists():
                raw = path.read_text(encoding="utf-8", errors="replace")
                for stack, number in profile.stacks(raw, self._folders, linecache.getline).items():
                    samples[stack] = samples.get(stack, 0) + number
                path.unlink()
            elif child.returncode:
                problems.append(errors)
        if problems and len(problems) == len(self._children):
            raise _refusal(problems[0])
        return samples

    def close(self) -> None:
        for child, path in self._children:
            if child.poll() is None:
                child.kill()
                child.communicate()
            path.unlink(missing_ok=True)


def _refusal(errors: str) -> DiagnosisError:
    lowered = errors.lower()
    if "permission denied" in lowered or "not permitted" in lowered or "elevated" in lowered:
        return DiagnosisError("diagnose.profile: py-spy may not look into the service", hint=GRANT, code="PG-X001")
    last = (errors.strip().splitlines() or ["it ended without a word"])[-1][:200]
    return DiagnosisError(f"diagnose.profile: py-spy cannot read the service: {last}", code="PG-X001")


def _pythons(pid: int) -> list[psutil.Process]:
    """The Python processes below this one, busiest first."""
    found: list[tuple[float, psutil.Process]] = []
    with suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                name = Path(process.exe()).name
                if "python" in name or name.startswith("uwsgi"):
                    times = process.cpu_times()
                    found.append((-(times.user + times.system), process))
    return [process for _, process in sorted(found, key=lambda item: (item[0], item[1].pid))][:MAX_PROCESSES]


def _folders(processes: Sequence[psutil.Process]) -> tuple[str, ...]:
    folders = []
    for process in processes:
        with suppress(psutil.Error):
            folders.append(process.cwd())
    return tuple(dict.fromkeys(folders))
