"""A tail beside the median of the same distribution: the tail is known badly, the median well.

When a whole distribution moves, the median shows it first. The smaller of the two p-values counts, doubled
(Bonferroni). The estimate rests on both, each weighted by its precision; that a tail moves as the median does is known
to within TAIL_MEDIAN_SD (random effects; DerSimonian and Laird 1986, Meta-analysis in clinical trials, section 2), so a
tail that is known well speaks for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from perfgate.gate.history.estimates import Estimate, t_at

TAIL_CONFIDENCE = 0.85  # level of the tail's own bound where the median is there, too
TAIL_MEDIAN_SD = 0.07  # sd (log) of how differently a tail and the median move when the code changes


@dataclass(frozen=True, kw_only=True)
class TailAndMedian:
    """Changes as logarithms. `falls`: a worsening is a fall. Without `median` the tail speaks alone."""

    tail: Estimate
    median: Estimate | None = None
    falls: bool = False

    @property
    def tests(self) -> tuple[Estimate, ...]:
        return (self.tail, self.median) if self.median else (self.tail,)

    def p_value(self, *, worse: bool) -> float:
        return min(1.0, len(self.tests) * min(self._p_of(estimate, worse=worse) for estimate in self.tests))

    def combined(self) -> float:
        """The worsening that both tell, cautiously (`Estimate.rise`)."""
        own = self.worsening_of(self.tail)
        if self.median is None:
            return own
        precision, borrowed_p = self._weights(self.median)
        return (precision * own + borrowed_p * self.worsening_of(self.median)) / (precision + borrowed_p)

    def variance(self) -> float:
        """Variance of `combined`."""
        return 1 / sum(self._weights(self.median)) if self.median else self.tail.sd**2

    def expected(self) -> float:
        """The worsening that a pass needs under the limit: what both tell, unless the tail denies it by more than its
        own standard deviation."""
        return max(self.combined(), self.worsening_of(self.tail) - self.tail.sd)

    def alone(self, level: float) -> float:
        """One-sided upper bound of the tail's own worsening."""
        return self.worsening_of(self.tail) + t_at(level, self.tail.df) * self.tail.sd

    def upper(self, level: float) -> float:
        """One-sided upper bound of the worsening: that of both together, and never less than the tail's own at
        TAIL_CONFIDENCE: a tail may move without its median."""
        if self.median is None:
            return self.alone(level)
        together = self.combined() + t_at(level, min(self.tail.df, self.median.df)) * sqrt(self.variance())
        return max(together, self.alone(min(level, TAIL_CONFIDENCE)))

    def is_decided_by_median(self, level: float) -> bool:
        """Whether only the median is sure at `level` that something changed, in the direction of the tail's change."""
        worse = (self.tail.change < 0) is self.falls
        level /= len(self.tests)
        if self.median is None or self._p_of(self.median, worse=worse) >= level:
            return False
        return self._p_of(self.tail, worse=worse) >= level

    def likely(self, level: float) -> float:
        """The estimate that a failure must have at or over the limit: the tail's own where that is sure."""
        return self.combined() if self.is_decided_by_median(level) else self.worsening_of(self.tail)

    def detectable(self, limit: float, alpha: float, power: float) -> float:
        """The smallest movement (log) that is significant at `alpha`, and at or over `limit` (log), with `power`."""
        level = 1 - alpha / len(self.tests)
        significant = min((t_at(level, test.df) + t_at(power, test.df)) * test.sd for test in self.tests)
        return max(significant, limit + t_at(power, self.tail.df) * sqrt(self.variance()))

    def worsening_of(self, estimate: Estimate) -> float:
        """Cautious, signed so that a worsening is a rise."""
        return -estimate.fall if self.falls else estimate.rise

    def _p_of(self, estimate: Estimate, *, worse: bool) -> float:
        return estimate.p_fall if worse is self.falls else estimate.p_rise

    def _weights(self, median: Estimate) -> tuple[float, float]:
        return 1 / self.tail.sd**2, 1 / (median.sd**2 + TAIL_MEDIAN_SD**2)
