"""NotMeasured: a run that came to nothing, left in its run folder for whoever tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NotMeasured:
    schema: int = 1
    name: str  # of the budget file
    target: str
    commit: str
    reason: str  # one line
    url: str = ""  # of the CI job
