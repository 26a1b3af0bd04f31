"""Long statements in few characters. Pure."""

from __future__ import annotations

import re

MAX_FINGERPRINT_CHARS = 160

_SELECT = re.compile(r"\s*select\s+(?:distinct\s+)?", re.IGNORECASE)
_FROM = re.compile(r"\sfrom\s", re.IGNORECASE)
_END_SHARE = 0.45  # of the characters, for the end: filter, order and limit


def shortened(statement: str) -> str:
    """At most MAX_FINGERPRINT_CHARS characters of a statement on one line. Columns after the first are left out before
    anything else, then the middle: tables, filter and limit tell most, and ORMs name every column."""
    if len(statement) > MAX_FINGERPRINT_CHARS:
        statement = _with_few_columns(statement)
    if len(statement) <= MAX_FINGERPRINT_CHARS:
        return statement
    end = int(_END_SHARE * MAX_FINGERPRINT_CHARS)
    return f"{statement[: MAX_FINGERPRINT_CHARS - end - 3]} … {statement[-end:]}"


def _with_few_columns(statement: str) -> str:
    """`SELECT a, … FROM`. Without their number: a statement with one column more is still the same."""
    head = _SELECT.match(statement)
    if head is None:
        return statement
    depth, commas, at = 0, [], head.end()
    while at < len(statement):
        character = statement[at]
        depth += (character == "(") - (character == ")")
        if not depth and character == ",":
            commas.append(at)
        if not depth and _FROM.match(statement, at):
            break
        at += 1
    if not commas or at == len(statement):
        return statement
    return f"{statement[: commas[0]]}, …{statement[at:]}"
