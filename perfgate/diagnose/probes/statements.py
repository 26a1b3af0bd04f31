"""Statements that a database counts: what they come to per request, and how their text is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from perfgate.diagnose.shortening import shortened

MAX_EXPLAINED_STATEMENTS = 8  # statements that are explained
_LAST_COMMENT = re.compile(r"\s*/\*[^*]*\*/\s*\Z")  # what ORMs and drivers add
# What a text of pg_stat_statements may hold beside names and placeholders: literals of CALL and other utility commands,
# those of an entry that was evicted while its statement ran, comments. Where it is not sure what ends a comment or a
# literal (comments in comments, backslashes), all that follows goes with it.
_TOKEN = re.compile(
    r"(?P<rest>\s*/\*, \.\.\. \*/)"  # of a list, as PostgreSQL 18 writes it
    r"|(?P<comment>--[^\n]*|/\*(?:(?!/\*|\*/).)*\*/|/\*.*)"
    r"|(?P<literal>\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)"
    r"|'(?:[^'\\]|'')*\\.*'|'(?:[^'\\]|'')*\\.*|(?:\b[bBxXnN]|\b[uU]&)?'(?:[^']|'')*(?:'|\Z)"
    r"|\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)"
    r"|(?<![\w$.])(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\w))"
    r'|"(?:[^"]|"")*(?:"|\Z)',  # a name
    re.DOTALL,
)


class StatementCount(Protocol):
    """How often a statement ran, the rows it gave or changed, and the seconds it took, in all."""

    @property
    def calls(self) -> int: ...

    @property
    def rows(self) -> int: ...

    @property
    def seconds(self) -> float: ...


def per_request(grown: Sequence[StatementCount], requests: int) -> dict[str, float]:
    """Queries, rows and seconds per request; with any query, the mean seconds of one."""
    calls, seconds = sum(row.calls for row in grown), sum(row.seconds for row in grown)
    values = {
        "queries": calls / requests,
        "rows": sum(row.rows for row in grown) / requests,
        "database": seconds / requests,
    }
    return values | ({"query_seconds": seconds / calls} if calls else {})


def fingerprint(query: str) -> str:
    """The text of a statement without literals, on one short line."""
    return shortened(_LAST_COMMENT.sub("", " ".join(query.split())))


def masked(query: str) -> str:
    """The text of a statement of PostgreSQL with `?` for each literal that is left in it, and without comments."""
    return " ".join(_TOKEN.sub(_mask, query).split())


def _mask(token: re.Match[str]) -> str:
    if token["rest"]:
        return ", ..."
    if token["comment"]:
        return " "
    return "?" if token["literal"] else token[0]
