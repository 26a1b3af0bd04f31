"""Statements that a database counts: what they come to per request, and how their text is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from perfgate.diagnose.shortening import shortened

MAX_EXPLAINED_STATEMENTS = 8  # statements that are explained
_LAST_COMMENT = re.compile(r"\s*/\*[^*]*\*/\s*\Z")  # what ORMs and drivers add


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
