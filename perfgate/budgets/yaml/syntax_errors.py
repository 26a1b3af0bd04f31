"""PyYAML's syntax errors in words that help, whichever of its two parsers (C or Python) raised them."""

from __future__ import annotations

from yaml import MarkedYAMLError, YAMLError

from perfgate.budgets.yaml.document import SourcePosition, mistake
from perfgate.model.errors import Mistake

_QUOTE = "quote the text"
_INDENT = "check the indentation: keys of one map begin in the same column"

NEVER_CLOSED = "never closed"
_WORDS = (  # (part of PyYAML's problem, what happened, what to do)
    ("mapping values are not allowed", "a `: ` is not expected here", f"{_QUOTE} if it holds `: `; {_INDENT}"),
    ("tab character", "a tab where spaces are needed", "indent with spaces"),
    ("cannot start any token", "an unquoted text cannot begin with `{character}`", f"{_QUOTE}"),
    ("another document", "a second YAML document begins here", "one budget file holds one document: remove the `---`"),
    ("could not find expected ':'", "a key without `:`", "write `key: value`"),
    ("unexpected end of stream", "a quote is opened here and never closed", "close the quote"),
    (NEVER_CLOSED, "a bracket is opened here and never closed", "close it"),
    ("alphabetic or numeric character", "an unquoted text cannot begin with `{character}`", f"{_QUOTE}"),
    ("undefined alias", "no anchor of this name comes before", f"define it with `&name`, or {_QUOTE}"),
    ("second occurrence", "an anchor of this name exists already", "use another name"),
    (
        "',' or ']'",
        "a list opened with `[` goes wrong here",
        f"close it with `]`; {_QUOTE}s that hold braces or commas",
    ),
    (
        "',' or '}'",
        "a map opened with `{` goes wrong here",
        f'{_QUOTE}s that hold braces or commas, as "GET /items/{{id}}"; or close it with `}}`',
    ),
    (
        "unknown escape character",
        "an unknown escape in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    ("'-' indicator", "a list and a map are mixed", _INDENT),
    ("unexpected ':'", "a `:` without a space after it", f"write `key: value`, or {_QUOTE}"),
    ("<block end>", "this is not expected here", f"{_INDENT}; {_QUOTE}s that begin with a brace or hold quotes"),
    ("find expected key", "this is not expected here", f"{_INDENT}; {_QUOTE}s that begin with a brace or hold quotes"),
)
_AT_THE_START = (
    NEVER_CLOSED,
    "could not find expected ':'",
    "unexpected end of stream",
    "alphabetic or numeric character",
)


def syntax_mistake(file: str, lines: tuple[str, ...], error: YAMLError) -> Mistake:
    if not isinstance(error, MarkedYAMLError):
        return mistake(file, lines, SourcePosition(0, 0), f"not YAML: {error}", code="PG-B002")
    problem = error.problem or error.context or "cannot be read"
    at_the_end = error.problem_mark is not None and not "".join(lines[error.problem_mark.line :]).strip()
    if "expected ',' or" in problem and at_the_end:
        problem = NEVER_CLOSED
    at_the_start = any(words in problem for words in _AT_THE_START)
    mark = (error.context_mark if at_the_start else error.problem_mark) or error.problem_mark or error.context_mark
    # the end of the file lies after the last line
    line = min(mark.line + 1, len(lines)) if mark else 0
    place = SourcePosition(line, mark.column + 1 if mark.line < len(lines) else 1) if mark else SourcePosition(0, 0)
    source = lines[line - 1] if line else ""
    character = source[place.column - 1 : place.column]
    if character == "\t":
        problem = "tab character"
    for part, message, hint in _WORDS:
        if part in problem:
            return mistake(file, lines, place, message.replace("{character}", character), hint=hint, code="PG-B002")
    return mistake(file, lines, place, f"not YAML: {problem}", hint=_INDENT, code="PG-B002")
