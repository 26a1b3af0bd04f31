"""What a metric may be: budgets and their criteria."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Severity(StrEnum):
    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One limit on one metric, absolute or relative to the baseline.

    `limit` is in the metric's base unit (s, B, ratio, 1/s) when absolute; when relative it is a ratio of the
    baseline (`+10%` is 0.10), or with `difference` an amount in the base unit (`+20ms` is 0.020, `+0.5pp` is 0.005).
    """

    kind: Kind
    limit: float
    text: str  # as written in the budget file
    severity: Severity = Severity.FAIL
    difference: bool = False


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The criteria of one metric of one endpoint or journey. `line` is where the budget file says so (0: defaults)."""

    endpoint: str
    metric: str  # a key of METRICS
    criteria: tuple[Criterion, ...]
    line: int = 0
