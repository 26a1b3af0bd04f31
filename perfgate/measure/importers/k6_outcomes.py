"""What k6 itself made of a run besides its requests: checks that failed, iterations not started, thresholds crossed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from perfgate.model.run import Generator

CHECKS, ITERATIONS, DROPPED = "checks", "iterations", "dropped_iterations"
METRICS = frozenset({CHECKS, ITERATIONS, DROPPED})
MAX_NAMES = 1000  # of checks and scenarios
MAX_SHOWN_NAMES = 3


@dataclass(kw_only=True)
class K6Outcomes:
    """Counts of points. Iterations by scenario: only some drop them, and others must not hide it."""

    checks: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # by check
    iterations: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, metric: str, value: float, tags: Mapping[str, str]) -> None:
        if metric == CHECKS:
            self.checks += 1
            if value == 0:
                _count(self.failed, str(tags.get("check", "")), 1)
            return
        _count(self.iterations if metric == ITERATIONS else self.dropped, str(tags.get("scenario", "")), round(value))

    @property
    def generator(self) -> Generator:
        """Iterations that could not be started, out of those of the same scenarios."""
        dropped = sum(self.dropped.values())
        due = dropped + sum(self.iterations[scenario] for scenario in self.dropped)
        return Generator(due=due, sent=due, dropped=dropped)

    def warnings(self) -> Iterator[str]:
        if number := sum(self.failed.values()):
            names = ", ".join(f"{name[:60]} ({times:,})" for name, times in self.failed.most_common(MAX_SHOWN_NAMES))
            which = f": {names}" if any(self.failed) else ""
            yield (
                f"{number:,} of {self.checks:,} checks of k6 failed{which}. "
                "k6 does not say of which requests: no budget counts them."
            )
        if self.generator.dropped:
            yield (
                f"k6 did not start {self.generator.dropped:,} of {self.generator.due:,} iterations: raise `maxVUs` of "
                "its scenario. What was not sent had no latency, so the latencies may be too good."
            )


def crossed(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Names and expressions of thresholds that k6 found crossed: `{"ok": false}`, or true in `--summary-export`."""
    for name, metric in metrics.items():
        thresholds = metric.get("thresholds") if isinstance(metric, dict) else None
        for expression, outcome in (thresholds or {}).items() if isinstance(thresholds, dict) else ():
            if outcome is True or (isinstance(outcome, dict) and outcome.get("ok") is False):
                yield f"{name} {expression}"


def _count(counter: Counter[str], name: str, number: int) -> None:
    counter[name if name in counter or len(counter) < MAX_NAMES else ""] += number
