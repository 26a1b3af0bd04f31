"""A failure confirmed, or not, by measuring again: two runs on two machines rarely share one's bad luck."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from perfgate.gate.verdict.outcome import with_outcome
from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding, Verdict
from perfgate.text.notes import note
from perfgate.text.plurals import and_more, counted

Key = tuple[str, str]  # endpoint and metric

NOT_CONFIRMED = "not-confirmed"
MAX_NAMED_FAILURES = 5  # failures that a note names


def confirm(verdict: Verdict, earlier: Verdict) -> Verdict:
    """The verdict with only those failures that the earlier one has as well, by endpoint and metric, or of which it has
    no data: what was not measured refutes nothing.

    Others become warnings. What is not a failure stays as it is: missing data never passes.
    """
    failed_before = _failed(earlier)
    refuted = {
        (finding.endpoint, finding.metric)
        for finding in earlier.findings
        if finding.outcome not in (Outcome.FAIL, Outcome.NO_DATA)
    }
    findings = tuple(_confirmed(finding, failed_before, refuted, earlier.run) for finding in verdict.findings)
    return with_outcome(
        replace(
            verdict,
            findings=findings,
            notes=(_confirmation(failed_before, verdict, earlier.run), *verdict.notes),
        )
    )


def _failed(verdict: Verdict) -> list[Key]:
    return [(finding.endpoint, finding.metric) for finding in verdict.findings if finding.outcome is Outcome.FAIL]


def _confirmed(finding: Finding, failed_before: Sequence[Key], refuted: Collection[Key], earlier: str) -> Finding:
    if finding.outcome is not Outcome.FAIL:
        return finding
    key = finding.endpoint, finding.metric
    if key in failed_before:
        return replace(finding, sentence=f"{finding.sentence} Confirmed: run {earlier} failed here too.")
    if key not in refuted:
        return replace(finding, sentence=f"{finding.sentence} Not refuted: run {earlier} has no data of it.")
    return replace(
        finding,
        outcome=Outcome.WARN,
        reason=NOT_CONFIRMED,
        sentence=f"{finding.sentence} Not confirmed: run {earlier} did not fail here, so it does not stop the build.",
        criteria=tuple(
            replace(criterion, outcome=Outcome.WARN) if criterion.outcome is Outcome.FAIL else criterion
            for criterion in finding.criteria
        ),
    )


def _confirmation(failed_before: list[Key], verdict: Verdict, earlier: str) -> Note:
    again = _failed(verdict)
    observed = [item for item in failed_before if item in again]
    missing = [" ".join(item) for item in failed_before if item not in again]
    total = counted(len(failed_before), "failure")
    were = "was" if len(observed) == 1 else "were"
    context = f"Measured again to confirm run {earlier}: {len(observed)} of its {total} {were} "
    context += "seen again."
    if missing:
        rest = and_more(len(missing), MAX_NAMED_FAILURES)
        context += f" Not seen again: {', '.join(missing[:MAX_NAMED_FAILURES])}{rest}."
    return note("PG-C008", context)
