"""A comment whose verdict is not of the newest commit any more: a notice at its top, and below it what it said.

Hidden marks keep what was said last apart, so that a second notice replaces the first. They cannot be forged from
outside: no text in a comment of ours can contain a comment of HTML.
"""

from __future__ import annotations

import re

MAX_COMMENT_UNITS = 65_000  # UTF-16 units, as browsers count; GitHub takes 65,536
_HEAD = re.compile(r"(?:<!-- perfgate (?!last)[^>\n]*-->\n)*")
_COMMIT = re.compile(r"<!-- perfgate (?:run|job) \S+ of ([0-9a-f]{7,64}) -->")
_LAST_BLOCK = re.compile(
    r"<!-- perfgate last(?: of ([0-9a-f]{7,64}))? -->\n(.*)\n<!-- perfgate last ends -->", re.DOTALL
)


def of(commit: str) -> str:
    """What the second line of a comment, about its run, says of the commit; empty if it is unknown."""
    return f" of {commit}" if re.fullmatch(r"[0-9a-f]{7,64}", commit) else ""


def superseded(head: str, notice: str, body: str) -> str:
    """`head`: the hidden lines that it begins with from now on. `body`: as it is."""
    plain = body.replace("\r\n", "\n")
    commit, last = _last(plain)
    at = f", at <code>{commit[:7]}</code>" if commit else ""
    text = (
        f"{head}\n{notice}\n\n<details><summary>Measured last{at}</summary>\n\n"
        f"<!-- perfgate last{of(commit)} -->\n{last}\n<!-- perfgate last ends -->\n\n</details>\n"
    )
    return text if len(text.encode("utf-16-le", errors="replace")) // 2 <= MAX_COMMENT_UNITS else f"{head}\n{notice}\n"


def _last(body: str) -> tuple[str, str]:
    """The commit ("" if unknown) and the text of the last verdict."""
    if match := _LAST_BLOCK.search(body):
        return match[1] or "", match[2]
    head = _HEAD.match(body)
    end = head.end() if head else 0
    commit = _COMMIT.search(body[:end])
    return (commit[1] if commit else ""), body[end:].strip()
