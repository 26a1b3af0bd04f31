"""Locust ended and left no result: why, for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from perfgate.model.errors import LoadTestError
from perfgate.model.plan import Plan

NO_USERS = "No User class found"  # Locust's words


def without_result(plan: Plan, code: int | None, last: Iterable[str], log: Path) -> LoadTestError:
    """`last` are the last lines that Locust wrote."""
    lines = tuple(last)
    if plan.scenarios and any(NO_USERS in line for line in lines):
        return LoadTestError(
            f"There is no class of users in {', '.join(path.name for path in plan.scenarios)}.",
            hint="Write one (`class Shopper(HttpUser)` with a @task), or take the file out of `scenarios`.",
            code="PG-L006",
        )
    text = "\n".join(f"  | {line}" for line in lines)
    return LoadTestError(
        f"Locust ended (exit code {code}) without a result. Its last words:\n{text}",
        hint=f"The whole log is {log}",
        code="PG-L002",
    )
