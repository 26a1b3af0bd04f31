"""Rows of report.html for a run that nothing could be compared with yet: what is kept, what waits for a baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfgate.model.budget_file import Kind
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.report import words
from perfgate.report.escaping import plain


@dataclass(frozen=True, kw_only=True)
class FirstRow:
    """Limits of one endpoint in words, such as "p50 300 ms, p95 1 s"."""

    kept: str
    waiting: str

    @property
    def outcome(self) -> Outcome:
        return Outcome.PASS if self.kept else Outcome.NO_BASELINE


def row(findings: Sequence[Finding]) -> FirstRow | None:
    """Returns None where something else was seen than kept limits and missing baselines."""
    if not findings or any(finding.outcome not in (Outcome.PASS, Outcome.NO_BASELINE) for finding in findings):
        return None
    return FirstRow(
        kept=", ".join(_limits(findings, Kind.ABSOLUTE, Outcome.PASS)),
        waiting=", ".join(_limits(findings, Kind.RELATIVE, Outcome.NO_BASELINE)),
    )


def _limits(findings: Sequence[Finding], kind: Kind, outcome: Outcome) -> Iterator[str]:
    for finding in findings:
        limits = [
            words.limit(finding, criterion)
            for criterion in finding.criteria
            if criterion.kind is kind and criterion.outcome is outcome
        ]
        if limits:
            yield f"{plain(finding.metric, 40)} {' '.join(limits)}"
