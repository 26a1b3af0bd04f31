"""Evidence: what the data say about the change of one metric of one endpoint, whichever way it was compared."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The change of a metric against its baseline, as a worsening: +0.1 is 10 % worse, whichever direction that is.

    `historical.py` and `paired.py` make it, `judging.py` decides by it. Ratios, unless `is_difference`: then the
    metric's base unit (errors in shares, where ratios of small counts say little).
    """

    measured: float  # base unit
    baseline: float  # base unit
    change: float  # estimate
    interval: tuple[float, float]  # 95 %, two-sided
    bound: float  # one-sided 95 % upper bound: a pass needs it under the limit
    p_worse: float  # one-sided, of "not worse" (in A/B: not worse than the null margin)
    p_better: float
    is_difference: bool = False
    exact: bool = False  # a fact without noise (sizes): the numbers decide, no test
    runs: int = 0  # earlier runs compared with; 0 in A/B
    detectable: float = 0.0  # the smallest worsening that this comparison would have found four times in five
    hidden: str = ""  # what of the worsening the bound is about, for people; "a rise" (or fall) when empty
    doubt: str = ""  # for people: what keeps the worsening from being understood, and what would tell
    cure: str = ""  # what would decide, for people: "4 minutes at this rate, or `--base-ref`, would show it"
    more: float = inf  # times as many requests (as long a run) would decide; infinite where they would not
    likely: float | None = None  # the estimate that limits are held against, where it rests on more than `change`
    support: str = ""  # for people: what else shows that the change is more than chance; told where it counts
    notes: tuple[str, ...] = ()  # for people, sentences: "Taken out: +12 % that all endpoints have in common."

    @property
    def estimate(self) -> float:
        return self.change if self.likely is None else self.likely


def exact(measured: float, baseline: float, *, higher_is_better: bool, runs: int = 0) -> Evidence:
    """Of a metric without noise."""
    ratio = measured / baseline - 1 if baseline else (0.0 if measured == baseline else float("inf"))
    change = -ratio if higher_is_better else ratio
    return Evidence(
        measured=measured,
        baseline=baseline,
        change=change,
        interval=(change, change),
        bound=change,
        p_worse=float(change <= 0),
        p_better=float(change >= 0),
        exact=True,
        runs=runs,
    )
