"""A text that matches a regular expression: the shortest that the expression allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip - Python's own reading of an expression

MAX_TEXT_CHARS = 10_000  # characters
LETTERS = "a1A_-. /"  # tried in this order where many characters fit


def matching(pattern: str, least: int = 0) -> str | None:
    """A text in which the pattern is found, with at least so many characters; None where none could be made."""
    try:
        compiled, parsed = re.compile(pattern), parser.parse(pattern)
        for times in (0, least):
            text = _sequence(parsed, {}, times)
            if len(text) >= least and compiled.search(text):
                return text
    except (re.error, ValueError, OverflowError, RecursionError):
        return None
    return None


def _sequence(parts: Iterable[Any], groups: dict[int, str], times: int) -> str:
    text = "".join(_one(str(operation), argument, groups, times) for operation, argument in parts)
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError("too long")
    return text


def _one(operation: str, argument: Any, groups: dict[int, str], times: int) -> str:
    if operation == "LITERAL":
        return chr(argument)
    if operation == "NOT_LITERAL":
        return next(letter for letter in LETTERS if ord(letter) != argument)
    if operation == "ANY":
        return "a"
    if operation == "IN":
        return _of_set(argument)
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, inner = argument
        number = min(int(high), max(int(low), times))
        return "".join(_sequence(inner, groups, times) for _ in range(min(number, MAX_TEXT_CHARS)))
    if operation == "SUBPATTERN":
        text = _sequence(argument[3], groups, times)
        groups[argument[0] or 0] = text
        return text
    if operation == "BRANCH":
        return _sequence(argument[1][0], groups, times)
    if operation == "ATOMIC_GROUP":
        return _sequence(argument, groups, times)
    if operation == "GROUPREF":
        return groups.get(argument, "")
    if operation in ("AT", "ASSERT", "ASSERT_NOT"):
        return ""  # whether it holds, the search says
    raise ValueError(operation)


def _of_set(items: list[tuple[Any, Any]]) -> str:
    """A character of a set such as `[a-z_]`: of those that are easily sent where it can be."""
    fitting = [letter for letter in LETTERS if _is_in_set(letter, items)]
    if fitting:
        return fitting[0]
    for operation, argument in items:
        if str(operation) == "LITERAL":
            return chr(argument)
        if str(operation) == "RANGE":
            return chr(argument[0])
    return next(chr(code) for code in range(33, 127) if _is_in_set(chr(code), items))


def _is_in_set(letter: str, items: list[tuple[Any, Any]]) -> bool:
    is_negated = bool(items) and str(items[0][0]) == "NEGATE"
    is_inside = any(_is_item(letter, str(operation), argument) for operation, argument in items)
    return is_inside != is_negated


def _is_item(letter: str, operation: str, argument: Any) -> bool:
    if operation == "LITERAL":
        return bool(ord(letter) == argument)
    if operation == "RANGE":
        return bool(argument[0] <= ord(letter) <= argument[1])
    kinds: dict[str, bool] = {
        "DIGIT": letter.isdigit(),
        "SPACE": letter.isspace(),
        "WORD": letter.isalnum() or letter == "_",
    }
    if operation == "CATEGORY":
        name = str(argument).removeprefix("CATEGORY_")
        return kinds[name.removeprefix("NOT_")] != name.startswith("NOT_")
    return False
