"""How fast this machine is at the moment: a fixed piece of work, in between, while nothing is sent."""

from __future__ import annotations

from time import perf_counter

from perfgate.runner.reference.workload import Workload

BURSTS, ANSWERS = 6, 4  # about 25 ms in all


class Reference:
    def __init__(self) -> None:
        self._workload = Workload()

    def __call__(self) -> list[float]:
        """Seconds of each burst: always the same work."""
        return [self._burst() for _ in range(BURSTS)]

    def _burst(self) -> float:
        began = perf_counter()
        for number in range(ANSWERS):
            self._workload.answer(number)
        return perf_counter() - began
