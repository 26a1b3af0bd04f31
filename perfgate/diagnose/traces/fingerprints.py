"""Statements without their literals. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from perfgate.diagnose.shortening import MAX_FINGERPRINT_CHARS, shortened
from perfgate.text.sanitize import one_line

MAX_STATEMENT_CHARS = 20_000  # characters of a statement that are looked at
# Where "..." is a name and never a literal: not so in MySQL, SQLite and BigQuery, nor in the JSON of MongoDB.
_NAMING = (
    *("postgresql", "cockroachdb", "redshift", "aws.redshift", "oracle", "oracle.db", "db2", "ibm.db2", "cassandra"),
    *("h2database", "h2", "hsqldb", "derby", "trino", "snowflake"),
)
_OUTER_COMMENT = re.compile(r"\A\s*/\*[^*]*\*/|/\*[^*]*\*/[\s;]*\Z")  # what ORMs and drivers add
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|--[^\n]*", re.DOTALL)
_DOUBTFUL = ("\\", "#", "/*", "--")  # beside quotes: dialects disagree where a literal or a comment ends
_ANY_QUOTE = re.compile(r"['\"].*['\"]|['\"].*\Z", re.DOTALL)
_LITERAL = re.compile(
    r"(?:\b[bBxXeEnN])?'(?:[^']|'')*(?:'|\Z)"
    r"|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)"
    r'|"(?P<double>(?:[^"]|"")*)(?:"|\Z)',
    re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_][\w$.]{0,62}\Z")
_NUMBER = re.compile(r"(?<![\w$.:@%])[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\w)")
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|\$\d+|(?<![:\w]):\w+|@[pP]\d+")
_LIST = re.compile(
    r"\b(IN|VALUES|ANY)\s*\(\s*\?(?:\s*,\s*\?)*\s*\)(?:\s*,\s*\(\s*\?(?:\s*,\s*\?)*\s*\))*", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def statement(text: str, system: str = "") -> str:
    """One line of SQL with `?` for each literal and placeholder, `(...)` for each list of them.

    Where it is not sure which quote ends what, all between the first and the last is masked.
    """
    text = _OUTER_COMMENT.sub(" ", text[:MAX_STATEMENT_CHARS])
    if any(mark in text for mark in _DOUBTFUL):
        text = _ANY_QUOTE.sub("?", text)
    text = _LITERAL.sub(lambda match: _masked(match, system), text)
    text = _NUMBER.sub("?", _PLACEHOLDER.sub("?", _COMMENT.sub(" ", text)))
    return shortened(_LIST.sub(r"\1 (...)", one_line(text, MAX_STATEMENT_CHARS)))


def _masked(match: re.Match[str], system: str) -> str:
    """A name in double quotes stays where the dialect has those and it looks like one."""
    name = match["double"]
    return match[0] if name and system in _NAMING and _NAME.match(name) else "?"


def command(text: str) -> str:
    """The first word of a cache's command: what follows are keys and values."""
    words = one_line(text[:MAX_FINGERPRINT_CHARS], MAX_FINGERPRINT_CHARS).split()
    word = words[0] if words else ""
    return word.upper() if re.fullmatch(r"[A-Za-z][A-Za-z_.]{0,30}", word) else ""
