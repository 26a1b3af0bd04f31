"""The exit code of a verdict."""

from __future__ import annotations

from perfgate.model.budget_file import GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Verdict

EXIT_FAIL, EXIT_NOT_MEASURED, EXIT_INCONCLUSIVE = 1, 3, 4


def exit_code(verdict: Verdict, policy: GatePolicy) -> int:
    """0 for everything that should not stop a build."""
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return EXIT_INCONCLUSIVE if policy.inconclusive == "fail" else 0
    return {Outcome.FAIL: EXIT_FAIL, Outcome.NO_DATA: EXIT_NOT_MEASURED}.get(verdict.outcome, 0)
