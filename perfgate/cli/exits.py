"""The exit code of a verdict."""

from __future__ import annotations

from perfgate.model.budget_file import GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Verdict

BROKEN, NO_MEASUREMENT, INCONCLUSIVE = 1, 3, 4


def exit_code(verdict: Verdict, policy: GatePolicy) -> int:
    """0 for everything that should not stop a build."""
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return INCONCLUSIVE if policy.inconclusive == "fail" else 0
    return {Outcome.FAIL: BROKEN, Outcome.NO_DATA: NO_MEASUREMENT}.get(verdict.outcome, 0)
