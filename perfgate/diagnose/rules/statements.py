"""Statements of base and head, and how they are shown."""

from __future__ import annotations

import re

from perfgate.diagnose.facts import Statement
from perfgate.diagnose.rules.case import Case, counted, ms

WRITES = re.compile(
    r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*"  # comments in front, as those that name the request
    r"(?:(?:insert|update|delete|merge|replace|call|copy\s+[^\s(]+\s*(?:\([^)]*\)\s*)?from)\b"
    r"|with\b.*\b(?:insert\s+into|merge\s+into|delete\s+from|(?<!for )(?<!key )update\s))",
    re.IGNORECASE | re.DOTALL,
)


def more_often(case: Case) -> list[tuple[Statement, float]]:
    """Statements that are sent more often than before, and how many times more per request; most time first."""
    before = {statement.fingerprint: statement.calls for statement in case.base.statements} if case.base else {}
    more = [(item, item.calls - before.get(item.fingerprint, 0.0)) for item in case.head.statements]
    return sorted([pair for pair in more if pair[1] >= 0.3], key=lambda pair: -pair[1] * pair[0].seconds)


def heaviest(case: Case) -> list[str]:
    return [described(statement) for statement in case.head.statements[:1]]


def note(case: Case) -> list[str]:
    """What is to be said of the plan of the heaviest statement."""
    return [statement.note for statement in case.head.statements[:1] if statement.note]


def described(statement: Statement) -> str:
    return (
        f"`{statement.fingerprint}` {ms(statement.seconds)} per call, {counted(statement.calls, 'call')} and "
        f"{counted(statement.rows, 'row')} per request"
    )
