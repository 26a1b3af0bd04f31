"""Whether a control group (a container, a systemd unit) keeps processes from the CPU: its quota, as Linux counts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/sys/fs/cgroup")


class Periods(NamedTuple):
    """Periods of the quota so far, and those in which it was used up."""

    all: int
    throttled: int

    def share_since(self, before: Periods) -> float:
        return (self.throttled - before.throttled) / (self.all - before.all) if self.all > before.all else 0.0


def periods(pids: Iterable[int]) -> Periods:
    """All groups of these processes together; none where there is no quota."""
    each = [counted(folder) for folder in {folder for pid in pids for folder in _folders(pid)}]
    return Periods(sum(item.all for item in each), sum(item.throttled for item in each))


def _folders(pid: int) -> Iterator[Path]:
    """Version 2 has one hierarchy ("0::/path"), version 1 one for the CPU ("4:cpu,cpuacct:/path")."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                yield ROOT / path.lstrip("/")
            elif "cpu" in controllers.split(","):
                yield ROOT / controllers / path.lstrip("/")


def counted(folder: Path) -> Periods:
    with suppress(OSError, ValueError, KeyError):
        text = (folder / "cpu.stat").read_text(encoding="ascii")
        values = dict(line.split() for line in text.splitlines())
        return Periods(int(values["nr_periods"]), int(values["nr_throttled"]))
    return Periods(0, 0)
