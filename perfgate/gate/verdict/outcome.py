"""The outcome of a verdict, from its findings.

It is that of the decided findings, worst first. Undecided ones are counted beside it and change it only where the
policy says so, or where nothing could be decided. A fixed limit that is kept is decided, though the relative limit of
the same budget has no baseline yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from perfgate.model.outcome import BADNESS, Outcome, worst
from perfgate.model.verdict import Finding, Verdict

REASONS: Mapping[str, str] = {  # of a finding: its code, which `perfgate explain` knows
    "over-limit": "PG-V001",
    "regression": "PG-V002",
    "too-few-runs": "PG-V003",
    "improvement": "PG-V004",
    "not-bounded": "PG-V005",
    "within-limits": "PG-V006",
    "no-samples": "PG-V007",
    "runner-or-application": "PG-V008",
    "new-in-this-branch": "PG-V009",
    "load-generator": "PG-V010",
    "ended-early": "PG-V011",
    "too-many-failures": "PG-V012",
    "accepted": "PG-V013",
    "not-confirmed": "PG-V014",
    "scenario-exceptions": "PG-V015",
    "out-of-data": "PG-V016",
    "too-few-users": "PG-V017",
    "workers-lost": "PG-V018",
    "out-of-resources": "PG-V019",
}


def with_outcome(verdict: Verdict) -> Verdict:
    """The verdict with the outcome that its findings come to under its policy (`Verdict.inconclusive`)."""
    return with_codes(replace(verdict, outcome=overall(verdict.findings, verdict.inconclusive)))


def with_codes(verdict: Verdict) -> Verdict:
    """The verdict with the code of each finding's reason."""
    findings = tuple(replace(finding, code=REASONS.get(finding.reason, "")) for finding in verdict.findings)
    return replace(verdict, findings=findings)


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
