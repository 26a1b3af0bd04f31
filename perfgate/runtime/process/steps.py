"""Stages of the closed model, in Locust's own terms."""

from __future__ import annotations

from collections.abc import Sequence

from locust import LoadTestShape

from perfgate.model.budget_file import Stage


class Steps(LoadTestShape):
    """Stages of the closed model: so many users for so long."""

    abstract = True  # never picked up from a locustfile that imports this module

    def __init__(self, stages: Sequence[Stage]) -> None:
        super().__init__()
        self._stages = stages

    def tick(self) -> tuple[int, float] | None:
        passed = self.get_run_time()
        for stage in self._stages:
            if passed < stage.duration:
                return int(stage.level), max(1.0, stage.level)
            passed -= stage.duration
        last = int(self._stages[-1].level)  # the conductor decides when the test ends
        return last, max(1.0, float(last))
