"""What perfgate said about one budget file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

FAILED, WRONG, COULD_NOT, INCONCLUSIVE = 1, 2, 3, 4
STOPPED = (130, 143)
WORST = (*STOPPED, WRONG, COULD_NOT, FAILED, INCONCLUSIVE, 0)  # exit codes; others are like "could not measure"
OUTCOMES = ("error", "fail", "no-data", "inconclusive", "warn", "no-baseline", "improved", "pass")  # worst first


@dataclass
class Result:
    budget: Path
    folder: Path  # of its reports
    earlier: Path | None = None  # reports of the run that this one confirms
    code: int = 0
    outcome: str = "error"  # without a verdict
    failed: int = 0
    comment_url: str = ""


def read_outcome(folder: Path) -> tuple[str, int]:
    """The outcome and how many budgets failed; ("error", 0) without a verdict."""
    try:
        verdict = json.loads((folder / "verdict.json").read_bytes())
        findings = [finding["outcome"] for finding in verdict["findings"]]
        outcome = verdict["outcome"]
    except (OSError, ValueError, LookupError, TypeError):
        return "error", 0
    return (outcome if outcome in OUTCOMES else "error"), sum(one in ("fail", "no-data") for one in findings)


def badness(code: int) -> int:
    return WORST.index(code if code in WORST else COULD_NOT)


def in_repository(budget: Path) -> str:
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    path = budget.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else budget.as_posix()
