"""The memory of the services during the load: samples of each process tree, some times a second."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from urllib.parse import urlsplit

from perfgate.loadtest.service.sides import Sides
from perfgate.loadtest.service.starting import Services
from perfgate.model.run import MemorySamples
from perfgate.runner.process_tree import usage

SAMPLE_INTERVAL_S = 0.2  # s


class MemoryWatch:
    """Watches memory. Called time and again while the load runs, it looks no more often than it has to."""

    def __init__(self, services: Services, sides: Sides) -> None:
        names: list[str] = [arm.name for arm in sides.arms] or [""]
        pids = zip(names, (services.pid(urlsplit(target).port or 0) for target in sides.targets), strict=True)
        self._pids = {name: pid for name, pid in pids if pid}
        self._samples: dict[str, list[tuple[float, int]]] = {name: [] for name in self._pids}
        self._due = 0.0

    def sample(self) -> None:
        if not self._pids or monotonic() < self._due:
            return
        for name, pid in self._pids.items():
            self._samples[name].append((monotonic(), usage(pid).memory))
        self._due = monotonic() + SAMPLE_INTERVAL_S

    def since(self, began: float) -> MemorySamples:
        """Samples by arm: (s since `began`, bytes), those of before left out."""
        return {name: (tuple(_after(samples, began)),) for name, samples in self._samples.items() if samples}


def _after(samples: Sequence[tuple[float, int]], began: float) -> list[tuple[float, int]]:
    return [(at - began, size) for at, size in samples if at >= began]
