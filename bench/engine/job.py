"""What a generator is asked to do, and what it says it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Job:
    """Closed model with `users`, or open model with `rate` (requests/s); seconds.

    `capture`: a path with a random number in it, and one value taken from the JSON of every answer. Otherwise one
    fixed path, and only the status is looked at.
    """

    target: str  # scheme://host:port
    users: int = 0
    rate: float = 0.0
    warmup: float
    duration: float
    capture: bool = False
    burn: float = 0.0  # s of Python that the scenario itself spends after each answer
    trusted: Path | None = None  # certificate
    processes: int = 1
    even: bool = False  # arrivals of the open model at equal distances, where the tool has a choice

    @property
    def seconds(self) -> float:
        return self.warmup + self.duration

    @property
    def sockets(self) -> int:
        """Virtual users to have at hand in the open model: for answers of up to 100 ms, and a stall."""
        return self.users or int(max(100, 0.6 * min(self.rate, 1000), 0.1 * self.rate))


@dataclass(frozen=True, kw_only=True)
class Said:
    """A generator's own report on one job. Times in seconds.

    `requests` are those of the measured time, `sent` all since its start. The percentiles are about the requests that
    began in `window` (ns of the wall clock) and went to `path`, where it is told.
    """

    requests: int
    sent: int
    seconds: float
    cpu: float
    failures: int = 0
    percentiles: dict[str, float] = field(default_factory=dict)  # p50, p95, p99
    window: tuple[int, int] | None = None
    path: str = ""
    notes: dict[str, float] = field(default_factory=dict)


class Generator(Protocol):
    """A tool that makes load."""

    name: str

    def absent(self) -> str:
        """Why it cannot be measured here; empty when it can."""
        ...

    def run(self, job: Job, folder: Path) -> Said:
        """Raises RuntimeError when the tool does not do the job."""
        ...
