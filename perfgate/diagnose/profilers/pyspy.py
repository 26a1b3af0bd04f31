"""py-spy beside a service: where its Python processes compute, sampled from outside, in collapsed stacks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from perfgate.diagnose.profile import SampledProfile, Stack
from perfgate.diagnose.profilers import collapsed
from perfgate.diagnose.profilers.processes import busiest, computed, folders, source_line
from perfgate.model.errors import DiagnosisError

PYTHON = re.compile(r".*python.*|uwsgi.*")  # file names of programs
SAMPLES_PER_S = 100  # samples per second
MAX_PROCESSES = 8  # processes that are sampled: those that have computed most
STOP_TIMEOUT_S = 15.0  # s beyond the time that is sampled
GRANT = (
    "Grant SYS_PTRACE (`docker run --cap-add SYS_PTRACE`), run as root, or allow it on the runner: "
    "`echo 0 | sudo tee /proc/sys/kernel/yama/ptrace_scope`."
)
INSTALL = "diagnose.profile needs py-spy: pip install 'perfgate[profile]'"


class PySpyRecording:
    """Begins at once and lasts `seconds`. Raises DiagnosisError where nothing can be sampled."""

    def __init__(self, pid: int, seconds: float, folder: Path, *, has_idle: bool = False) -> None:
        """`pid` is that of the process above those of the service; `folder` gets what py-spy writes. Threads that wait
        are in it as well (`has_idle`), or only those that compute."""
        program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
        if program is None:
            raise DiagnosisError(INSTALL, code="PG-X002")
        processes = busiest(pid, PYTHON)[:MAX_PROCESSES]
        if not processes:
            raise DiagnosisError(
                "diagnose.profile: the service has no Python process, so py-spy has nothing to see", code="PG-X001"
            )
        self._seconds = seconds
        self._folders, self._has_idle = folders(processes), has_idle
        self._processes, self._computed = processes, [computed(process) for process in processes]
        self._children: list[tuple[subprocess.Popen[str], Path]] = []
        for process in processes:
            path = folder / f"pyspy-{process.pid}.txt"
            command = [program, "record", "--pid", str(process.pid), "--rate", str(SAMPLES_PER_S)]
            command += ["--duration", str(max(1, round(seconds))), "--format", "raw", "--full-filenames"]
            command += ["--output", str(path), *(["--idle"] if has_idle else [])]
            try:
                child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
                )
            except OSError:
                self.close()
                raise
            self._children.append((child, path))

    def profile(self) -> SampledProfile:
        """Waits for the end. Raises DiagnosisError when no process could be sampled."""
        sampled: list[tuple[Mapping[Stack, int], float]] = []
        problems = []
        for (child, path), process, before in zip(self._children, self._processes, self._computed, strict=True):
            try:
                _, errors = child.communicate(timeout=self._seconds + STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                _, errors = child.communicate()
            if path.exists():
                raw = path.read_text(encoding="utf-8", errors="replace")
                cpu = 0.0 if self._has_idle else max(0.0, computed(process) - before)  # who waits takes none
                samples = collapsed.running(collapsed.stacks(raw, self._folders, source_line), cpu * SAMPLES_PER_S)
                sampled.append((samples, cpu))
                path.unlink()
            elif child.returncode:
                problems.append(errors)
        if problems and len(problems) == len(self._children):
            raise _refusal(problems[0])
        samples = collapsed.weighed(sampled)
        loop = collapsed.inside_loops(samples) if self._has_idle else None
        return SampledProfile(samples=samples, rate=SAMPLES_PER_S, loop=loop)

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
    last = (errors.strip().splitlines() or ["it ended without an error message"])[-1][:200]
    return DiagnosisError(f"diagnose.profile: py-spy cannot read the service: {last}", code="PG-X001")
