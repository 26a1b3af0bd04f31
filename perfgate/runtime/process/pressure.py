"""How much the machine of the load generator was short of CPU, as far as the kernel tells."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import NamedTuple


class Pressure(NamedTuple):
    """Shares (0 to 1) of the time between two readings: some task waited for a CPU; another machine had ours."""

    waiting: float = 0.0
    stolen: float = 0.0


class PressureMeter:
    """Reads /proc/pressure/cpu (PSI) and /proc/stat. Where they are missing, both shares are 0."""

    def __init__(self) -> None:
        self._began = monotonic(), _waited(), _stolen()

    def read(self) -> Pressure:
        """The pressure since the meter was made."""
        began, waited, stolen = self._began
        elapsed = max(monotonic() - began, 0.001)
        now_stolen, now_total = _stolen()
        total = max(now_total - stolen[1], 1)
        return Pressure((_waited() - waited) / 1e6 / elapsed, (now_stolen - stolen[0]) / total)


def _waited() -> int:
    """Microseconds in which some task waited for a CPU, since boot."""
    try:
        some = Path("/proc/pressure/cpu").read_text(encoding="ascii").splitlines()[0]
        return int(some.rpartition("total=")[2])
    except (OSError, ValueError, IndexError):
        return 0


def _stolen() -> tuple[int, int]:
    """Ticks stolen by the hypervisor, and all ticks, of all CPUs since boot."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]]
        return fields[7], sum(fields[:8])
    except (OSError, ValueError, IndexError):
        return 0, 0
