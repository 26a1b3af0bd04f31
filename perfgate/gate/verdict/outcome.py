"""The outcome of a verdict, from its findings.

It is that of the decided findings, worst first. Undecided ones are counted beside it and change it only where the
policy says so, or where nothing could be decided. A fixed limit that is kept is decided, though the relative limit of
the same budget has no baseline yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfgate.model.outcome import BADNESS, Outcome, worst
from perfgate.model.verdict import Finding, Verdict


def with_outcome(verdict: Verdict) -> Verdict:
    """The verdict with the outcome that its findings come to under its policy (`Verdict.inconclusive`)."""
    return replace(verdict, outcome=overall(verdict.findings, verdict.inconclusive))


def overall(findings: Sequence[Finding], inconclusive: str = "neutral") -> Outcome:
    """`inconclusive` is the policy: neutral, warn or fail. Without findings there is no data."""
    if not findings:
        return Outcome.NO_DATA
    decided = [_decided(finding) for finding in findings if finding.outcome is not Outcome.INCONCLUSIVE]
    known = [outcome for outcome in decided if outcome is not Outcome.NO_BASELINE]
    if not decided:
        return Outcome.INCONCLUSIVE
    outcome = worst(known) if known else Outcome.NO_BASELINE
    if len(decided) == len(findings) or inconclusive == "neutral":
        return outcome
    least = Outcome.WARN if inconclusive == "warn" else Outcome.INCONCLUSIVE
    return min(outcome, least, key=BADNESS.__getitem__)


def _decided(finding: Finding) -> Outcome:
    if finding.outcome is Outcome.NO_BASELINE and any(
        criterion.outcome is Outcome.PASS for criterion in finding.criteria
    ):
        return Outcome.PASS
    return finding.outcome
