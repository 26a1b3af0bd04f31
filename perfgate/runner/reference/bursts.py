"""How fast this machine is at the moment: a fixed piece of work, in between, while nothing is sent."""

from __future__ import annotations

from time import perf_counter, thread_time

from perfgate.runner.reference.workload import Workload

BURSTS, ANSWERS = 6, 4  # about 25 ms in all


class ReferenceBursts:
    def __init__(self) -> None:
        self._workload = Workload()

    def __call__(self) -> list[tuple[float, float]]:
        """Seconds of each burst, always the same work: how long it took, and how much of that on a CPU."""
        return [self._burst() for _ in range(BURSTS)]

    def _burst(self) -> tuple[float, float]:
        began, computed = perf_counter(), thread_time()
        for number in range(ANSWERS):
            self._workload.answer(number)
        return perf_counter() - began, thread_time() - computed
