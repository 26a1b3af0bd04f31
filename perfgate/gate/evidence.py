"""Evidence: what the data say about the change of one metric of one endpoint, whichever way it was compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The change of a metric against its baseline, as a worsening: +0.1 is 10 % worse, whichever direction that is.

    `history.py` and `paired.py` make it, `judging.py` decides by it. Ratios, unless `is_difference`: then the metric's
    base unit (errors in shares, where ratios of small counts say little).
    """

    measured: float  # base unit
    baseline: float  # base unit
    change: float  # estimate
    interval: tuple[float, float]  # 95 %, two-sided
    bound: float  # one-sided 95 % upper bound: a pass needs it under the limit
    p_worse: float  # one-sided, of "not worse" (in A/B: not worse than the null margin)
    p_better: float
    is_difference: bool = False
    runs: int = 0  # earlier runs compared with; 0 in A/B
    detectable: float = 0.0  # the smallest worsening that this comparison would have found four times in five
    cure: str = ""  # what would decide, for people: "4 minutes at this rate, or `--base-ref`, would show it"
    notes: tuple[str, ...] = ()  # for people: "taken out: a movement of +12 % common to all endpoints"
