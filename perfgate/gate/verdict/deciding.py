"""What a criterion comes to, by the evidence.

- fail (warn, if that is its severity): the change is significant, and its estimate is at or above limit and floor
  (beside the history, where only the median is sure, the estimate that both tell);
- improved: the same in the other direction;
- pass: the estimate is under limit or floor, and a violation of more than the sensitivity is ruled out: the one-sided
  95 % upper bound of the worsening is below the larger of the two;
- inconclusive: anything else. The estimate is over the limit and may be chance, or the run is blind.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfgate.gate.absolute import LimitCheck, Question, Standing, check_limit
from perfgate.gate.comparison import Comparison
from perfgate.gate.levels import ALPHA
from perfgate.model.budget_file import Criterion, Sensitivity, Severity
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult

ROUNDING_ERROR = 1e-9  # of floats: an estimate at the limit is over it
MIN_EXTRA_FAILURES = 3.0  # more than the baseline's share: fewer failed requests are no regression of an error rate


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """Comparison with its p-values adjusted for all hypotheses of the run (Holm)."""

    comparison: Comparison
    adjusted_worse: float
    adjusted_better: float

    @property
    def is_worse(self) -> bool:
        return self.adjusted_worse < ALPHA or (self.comparison.exact and self.comparison.change > 0)

    @property
    def is_better(self) -> bool:
        return self.adjusted_better < ALPHA or (self.comparison.exact and self.comparison.change < 0)


def relative(
    criterion: Criterion, weighed: Weighed | None, floor: float, requests: int, sensitivity: Sensitivity
) -> Outcome:
    """`floor` is in the metric's base unit."""
    if weighed is None:
        return Outcome.NO_BASELINE
    # A fact at its limit keeps it: `+1` allows one more.
    rounding = ROUNDING_ERROR if weighed.comparison.exact else -ROUNDING_ERROR
    threshold = threshold_of(criterion, weighed.comparison, floor) + rounding
    change, estimate = weighed.comparison.change, weighed.comparison.estimate
    is_share = weighed.comparison.is_difference and not weighed.comparison.exact
    enough = not is_share or change * requests >= MIN_EXTRA_FAILURES
    if change > 0 and estimate >= threshold and weighed.is_worse and enough:
        return outcome_when_broken(criterion.severity)
    if change < 0 and -estimate >= threshold and weighed.is_better:
        return Outcome.IMPROVED
    return Outcome.PASS if _is_kept(weighed.comparison, threshold, sensitivity) else Outcome.INCONCLUSIVE


def _is_kept(comparison: Comparison, threshold: float, sensitivity: Sensitivity) -> bool:
    """Whether it is under the limit for sure; or as far as is known, with more than the sensitivity ruled out."""
    if comparison.bound < threshold or (comparison.exact and comparison.change <= 0):
        return True
    return comparison.expectation < threshold and comparison.ruled_out < tolerated(comparison, threshold, sensitivity)


def tolerated(comparison: Comparison, threshold: float, sensitivity: Sensitivity) -> float:
    """What the bound of a pass must stay below, in the evidence's unit."""
    if sensitivity.at_limit or comparison.exact:
        return threshold
    return max(threshold, sensitivity.errors if comparison.is_difference else sensitivity.latency)


def threshold_of(criterion: Criterion, comparison: Comparison, floor: float) -> float:
    """The worsening that breaks a criterion, in the comparison's unit: its limit, or the floor if that is more."""
    limit = in_unit_of(comparison, abs(criterion.limit), difference=criterion.difference)
    return max(limit, in_unit_of(comparison, floor, difference=True))


def in_unit_of(comparison: Comparison, amount: float, *, difference: bool) -> float:
    """A ratio of the baseline, or with `difference` an amount in the base unit, as the evidence counts."""
    if difference == comparison.is_difference or not amount:
        return amount
    if difference:
        return amount / comparison.baseline if comparison.baseline else float("inf")
    return amount * comparison.baseline


def absolute(
    criterion: Criterion, result: EndpointResult, metric: str, question: Question
) -> tuple[Outcome, LimitCheck]:
    """Judges by how the value stands to the limit, each bound failing once in twenty at most in all `looks`
    together."""
    check = check_limit(result, metric, question)
    if criterion.limit == 0 and check.measured == 0:
        return Outcome.PASS, check  # "nothing may fail" is about this run: no number of requests would bound it at 0
    if check.standing is Standing.UNDECIDED:
        return Outcome.INCONCLUSIVE, check
    return (Outcome.PASS if check.standing is Standing.KEPT else outcome_when_broken(criterion.severity)), check


def outcome_when_broken(severity: Severity) -> Outcome:
    return Outcome.FAIL if severity is Severity.FAIL else Outcome.WARN
