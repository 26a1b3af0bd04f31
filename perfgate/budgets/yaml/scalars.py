"""What an unquoted YAML scalar means here: decimal numbers, true, false, null and texts, and nothing else.

YAML 1.1 and 1.2 read `no`, `0123`, `1:30` and others differently, so that an editor, a linter and perfgate would
disagree about them. Such scalars are mistakes: whoever writes one means something, and cannot see what is read.
"""

from __future__ import annotations

import re

from perfgate.model.budget_file import Json


class ScalarTrapError(ValueError):
    """An unquoted scalar that YAML readers understand differently. `hint` says what to write instead."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SignedInteger(int):
    """An integer that was written with a plus. In a budget the sign says that the limit is relative."""

    def __str__(self) -> str:
        return f"+{int(self)}"


class SignedDecimal(float):
    """A decimal number that was written with a plus."""

    def __str__(self) -> str:
        return f"+{float(self)!r}"


_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_SWITCH = re.compile(r"(yes|on)|(no|off)", re.IGNORECASE)  # `y` and `n` are texts: names of coordinates, mostly
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})\.[0-9]{1,30}")

_TRAPS = (  # (pattern, what is wrong, what to write)
    (r"[-+]?0[0-9]+(\.[0-9]*)?", "is an octal number for some YAML readers", 'quote it: "{0}"'),
    (r"[-+]?0[xob][0-9a-fA-F_]+", "is not a decimal number", 'write it as a decimal number, or quote it: "{0}"'),
    (
        r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?",
        "is read in base 60 by YAML",
        'write `90s` for 1:30, or quote it: "{0}"',
    ),
    (r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?", "is a number for some YAML readers and a text for others", 'quote it: "{0}"'),
    (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
        "is a number for some YAML readers and a text for others",
        'write it with digits before and after the point and without exponent, or quote it: "{0}"',
    ),
    (r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "is not a number that can be used here", 'quote it: "{0}"'),
    (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?", "is a date for some YAML readers", 'quote it: "{0}"'),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), wrong, hint) for pattern, wrong, hint in _TRAPS)


def meaning(text: str) -> Json:
    """The value of an unquoted scalar. Raises ScalarTrapError."""
    if text in _WORDS:
        return _WORDS[text]
    if switch := _SWITCH.fullmatch(text):
        truth = "true" if switch[1] else "false"
        raise ScalarTrapError(
            f"`{text}` is {truth} for some YAML readers and a text for others",
            hint=f'write {truth}, or quote it: "{text}"',
        )
    if _INTEGER.fullmatch(text):
        return SignedInteger(text) if text[0] == "+" else int(text)
    if _DECIMAL.fullmatch(text):
        return SignedDecimal(text) if text[0] == "+" else float(text)
    for pattern, wrong, hint in _PATTERNS:
        if pattern.fullmatch(text):
            raise ScalarTrapError(f"`{text}` {wrong}", hint=hint.format(text))
    return text
