"""Comparison: what the data say about the change of one metric of one endpoint, whichever way it was compared."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log1p

from perfgate.model.metric import Metric
from perfgate.model.run import Arm, EndpointResult, Run

SAME_CHANGE_LOG = 0.005  # of the logarithm of a change
RESOLUTION = 1e-9  # base unit: a smaller baseline counts as much, so that every change is a number


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The change of a metric against its baseline, as a worsening: +0.1 is 10 % worse, whichever direction that is.

    `historical.py` and `paired.py` make it, `judging.py` decides by it. Ratios, unless `is_difference`: then the
    metric's base unit (errors in shares, where ratios of small counts say little).
    """

    measured: float  # base unit
    baseline: float  # base unit
    change: float  # estimate
    interval: tuple[float, float]  # 95 %, two-sided
    bound: float  # one-sided 95 % upper bound of the metric by itself: under the limit it proves a pass
    p_worse: float  # one-sided, of "not worse" (in A/B: not worse than the null margin)
    p_better: float
    is_difference: bool = False
    falls: bool = False  # a worsening is a fall of the metric
    exact: bool = False  # a fact without noise (sizes): the numbers decide, no test
    runs: int = 0  # earlier runs compared with; 0 in A/B
    detectable: float = 0.0  # the smallest worsening that this comparison would have found four times in five
    cure: str = ""  # what would decide, for people: "`duration: 20s..4m`, or `--base-ref`, would show it"
    more: float = inf  # times as many requests (as long a run) would decide; infinite where they would not
    likely: float | None = None  # the estimate that a failure needs over the limit, where it is not `change`
    outer: float | None = None  # one-sided 95 % upper bound that a pass needs under the sensitivity, where not `bound`
    expected: float | None = None  # the estimate that a pass needs under it, where it is not `change`
    support: str = ""  # for people: what else shows that the change is more than chance; told where it counts
    taken_out: str = ""  # whose movement `change` lacks, for people: "all endpoints together"
    notes: tuple[str, ...] = ()  # for people, sentences: "Taken out: +12 % that all endpoints have in common."

    @property
    def seen(self) -> float:
        """The worsening from `baseline` to `measured`, whatever was taken out of `change`."""
        if self.is_difference or self.exact or not self.baseline:
            return self.change
        rise = self.measured / self.baseline - 1
        return -rise if self.falls else rise

    @property
    def estimate(self) -> float:
        return self.change if self.likely is None else self.likely

    @property
    def ruled_out(self) -> float:
        """The worsening from which on a violation is ruled out."""
        return self.bound if self.outer is None else min(self.bound, self.outer)

    @property
    def expectation(self) -> float:
        return self.change if self.expected is None else self.expected


def signed(worsening: float, comparison: Comparison, metric: Metric) -> float | None:
    """The change of the metric itself, as a ratio: a worse rate is a fall. None when there is no ratio to 0."""
    if comparison.is_difference:
        if not comparison.baseline:
            return None
        worsening /= comparison.baseline
    return -worsening if metric.higher_is_better else worsening


def is_apart(own: float, observed: float | None, by: float = SAME_CHANGE_LOG) -> bool:
    """Whether something was taken out of the change that is seen (ratios), by more than `by` (of the logarithm)."""
    return observed is None or observed <= -1 or own <= -1 or abs(log1p(own) - log1p(observed)) > by


def exact(measured: float, baseline: float, *, higher_is_better: bool, runs: int = 0) -> Comparison:
    """Returns the evidence about a metric without noise; beside a baseline of 0 as a difference, for there is no
    ratio."""
    moved = measured / baseline - 1 if baseline else measured
    change = -moved if higher_is_better else moved
    return Comparison(
        measured=measured,
        baseline=baseline,
        change=change,
        interval=(change, change),
        bound=change,
        p_worse=float(change <= 0),
        p_better=float(change >= 0),
        is_difference=not baseline,
        falls=higher_is_better,
        exact=True,
        runs=runs,
    )


def results_by_name(measured: Run | Arm) -> dict[str, EndpointResult]:
    """Returns the results of a run, or of one side of an A/B run, by the names of their endpoints."""
    return {result.name: result for result in measured.endpoints}
