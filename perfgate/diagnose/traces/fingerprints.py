"""Statements without their literals. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from perfgate.text.sanitize import one_line

LONGEST = 160  # characters of a fingerprint
MOST = 20_000  # characters of a statement that are looked at
_QUOTING = ("mysql", "mariadb", "sqlite", "spanner", "clickhouse", "")  # where "..." may be a literal
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)|--[^\n]*", re.DOTALL)
_DOLLARS = re.compile(r"\$(\w*)\$.*?(?:\$\1\$|\Z)", re.DOTALL)
_QUOTED = re.compile(r"\b[bBxXeEnN]?'(?:[^']|'')*(?:'|\Z)|'(?:[^']|'')*(?:'|\Z)")
_DOUBLE = re.compile(r'"((?:[^"]|"")*)(?:"|\Z)')
_NAME = re.compile(r"[A-Za-z_][\w$.]{0,62}\Z")
_NUMBER = re.compile(r"(?<![\w$.:@%])[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\w)")
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|\$\d+|(?<![:\w]):\w+|@[pP]\d+")
_LIST = re.compile(r"\b(IN|VALUES|ANY)\s*\(\s*\?(?:\s*,\s*\?)*\s*\)(?:\s*,\s*\(\s*\?(?:\s*,\s*\?)*\s*\))*", re.IGNORECASE)


@lru_cache(maxsize=4096)
def statement(text: str, system: str = "") -> str:
    """One line of SQL with `?` for each literal and placeholder, `(...)` for each list of them.

    Dialects disagree about backslashes and double quotes: where it is not sure where a literal ends, more is masked.
    """
    text = text[:MOST]
    if "\\" in text and "'" in text:
        first, last = text.index("'"), text.rindex("'")
        text = f"{text[:first]}?{text[last + 1 :]}"
    text = _QUOTED.sub("?", _DOLLARS.sub("?", text))
    text = _DOUBLE.sub(lambda match: _double_quoted(match, system), text)
    text = _NUMBER.sub("?", _PLACEHOLDER.sub("?", _COMMENT.sub(" ", text)))
    line = _LIST.sub(r"\1 (...)", one_line(text, MOST))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _double_quoted(match: re.Match[str], system: str) -> str:
    """A name stays where the dialect has names in double quotes and it looks like one."""
    return match[0] if system not in _QUOTING and _NAME.match(match[1]) else "?"


def command(text: str) -> str:
    """The first word of a cache's command: what follows are keys and values."""
    words = one_line(text[:LONGEST], LONGEST).split()
    word = words[0] if words else ""
    return word.upper() if re.fullmatch(r"[A-Za-z][A-Za-z_.]{0,30}", word) else ""
