"""Changes that somebody accepted: shown with their numbers, and no failure.

An acceptance is about a change: it moves the level that runs are compared with. A fixed limit is not moved by it; that
is changed where it is written, in the budget file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfgate.gate.verdict.outcome import with_outcome
from perfgate.model.budget_file import Kind
from perfgate.model.outcome import Outcome, worst
from perfgate.model.run import Acceptance
from perfgate.model.verdict import Finding, Verdict
from perfgate.text.notes import note

ACCEPTED = "accepted"


def accept(verdict: Verdict, acceptances: Sequence[Acceptance], remarks: Sequence[str] = ()) -> Verdict:
    """The verdict with accepted regressions as warnings, and with `remarks`. What is no regression stays as it is."""
    if not acceptances and not remarks:
        return verdict
    findings = tuple(_accepted(finding, acceptances) for finding in verdict.findings)
    return with_outcome(
        replace(
            verdict,
            findings=findings,
            acceptances=(*verdict.acceptances, *acceptances),
            notes=(*(note("PG-C007", remark) for remark in remarks), *verdict.notes),
        )
    )


def _accepted(finding: Finding, acceptances: Sequence[Acceptance]) -> Finding:
    word = _word_for(finding, acceptances)
    regressed = any(
        criterion.kind is Kind.RELATIVE and criterion.outcome is Outcome.FAIL for criterion in finding.criteria
    )
    if word is None or finding.outcome is not Outcome.FAIL or not regressed:
        return finding
    criteria = tuple(
        replace(criterion, outcome=Outcome.WARN)
        if criterion.kind is Kind.RELATIVE and criterion.outcome is Outcome.FAIL
        else criterion
        for criterion in finding.criteria
    )
    text = f"{finding.sentence} Accepted by {word.author}: {word.reason}."
    outcome = worst(criterion.outcome for criterion in criteria)
    if outcome is Outcome.FAIL:
        fixed = "That lifts no fixed limit: where this is meant, change it in the budget file."
        return replace(finding, criteria=criteria, sentence=f"{text} {fixed}", reason="over-limit")
    return replace(finding, criteria=criteria, sentence=text, outcome=outcome, reason=ACCEPTED)


def _word_for(finding: Finding, acceptances: Sequence[Acceptance]) -> Acceptance | None:
    """The most particular one."""
    about = [
        acceptance
        for acceptance in acceptances
        if acceptance.endpoint in ("", finding.endpoint) and acceptance.metric in ("", finding.metric)
    ]
    return max(about, key=lambda item: (bool(item.endpoint), bool(item.metric), item.at), default=None)
