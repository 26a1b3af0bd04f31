"""Python source as values: literals that are safe for any text, and expressions laid out as `ruff format` would."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_LINE_CHARS = 120
INDENT = "    "


@dataclass(frozen=True)
class Code:
    """An expression as it stands."""

    text: str


@dataclass(frozen=True)
class Call:
    """`name(arguments, key=value)`; `name` is code, arguments are values or expressions."""

    name: str
    arguments: Sequence[Any] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Joined:
    """Two or more values or expressions with an operator between them."""

    operator: str
    operands: Sequence[Any]


def quoted(text: str) -> str:
    """A string literal; in double quotes, unless single ones save escapes. Nothing in `text` can end it."""
    escaped = "".join(repr(character)[1:-1] for character in text)  # of one character, repr never escapes quotes
    quote = _quote(text)
    return quote + escaped.replace(quote, f"\\{quote}") + quote


def pattern(text: str) -> Code:
    """A regular expression, without doubled backslashes where a raw string can hold it."""
    quote = _quote(text)
    raw = "\\" in text and text.isprintable() and quote not in text and not text.endswith("\\")
    return Code(f"r{quote}{text}{quote}" if raw else quoted(text))


def number(value: float) -> Code:
    """A quantity: `5`, not `5.0`."""
    return Code(repr(int(value) if value == int(value) else value))


def assignment(name: str, value: Any, indent: int = 0) -> str:
    """`name = value`; an operation that does not fit on the line gets parentheses."""
    before = len(name) + 3
    if isinstance(value, Joined) and not _fits(_on_one_line(value), indent, before):
        margin = INDENT * indent
        return f"{name} = (\n{margin}{INDENT}{render(value, indent + 1)}\n{margin})"
    return f"{name} = {render(value, indent, before)}"


def render(value: Any, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """`value` as source: on one line where it fits between `before` and `after` other characters, else one item a
    line. `indent` is the level of the line it begins on."""
    line = _on_one_line(value)
    if _fits(line, indent, before + after):
        return line
    if isinstance(value, Joined):
        return _operation(value, indent, before, after)
    opening, items, closing = _items(value, indent + 1)
    if not items:
        return line
    inner = INDENT * (indent + 1)
    return f"{opening}\n" + "".join(f"{inner}{item}\n" for item in items) + INDENT * indent + closing


def _operation(value: Joined, indent: int, before: int, after: int) -> str:
    """One operand a line, and texts by their own lines: for a place that is within brackets already."""
    operands = value.operands
    if value.operator == "+":
        operands = [
            part for operand in operands for part in (_lines(operand) if isinstance(operand, str) else [operand])
        ]
    first, *others, last = operands
    between = len(value.operator) + 1
    lines = [render(first, indent, before), *(render(other, indent, between) for other in others)]
    lines.append(render(last, indent, between, after))
    return f"\n{INDENT * indent}{value.operator} ".join(lines)


def _items(value: Any, indent: int) -> tuple[str, list[str], str]:
    """The brackets of what can be spread over lines, and its lines. No lines: it cannot."""
    if isinstance(value, Call):
        items = [render(argument, indent, 0, 1) for argument in value.arguments]
        items += [f"{key}={render(part, indent, len(key) + 1, 1)}" for key, part in value.keywords.items()]
        return f"{value.name}(", [f"{item}," for item in items], ")"
    if isinstance(value, Mapping):
        keys = {key: f"{quoted(key)}: " for key in value}
        return "{", [f"{keys[key]}{render(part, indent, _columns(keys[key]), 1)}," for key, part in value.items()], "}"
    if isinstance(value, (list, tuple)):
        return "[", [f"{render(part, indent, 0, 1)}," for part in value], "]"
    if isinstance(value, str) and "\n" in value[:-1]:
        whole = quoted(value)
        return "(", [whole] if _fits(whole, indent, 0) else [quoted(line) for line in _lines(value)], ")"
    return "", [], ""


def _lines(text: str) -> list[str]:
    *lines, rest = text.split("\n")
    return [f"{line}\n" for line in lines] + ([rest] if rest else [])


def _on_one_line(value: Any) -> str:
    if isinstance(value, Code):
        return value.text
    if isinstance(value, Joined):
        return f" {value.operator} ".join(_on_one_line(operand) for operand in value.operands)
    if isinstance(value, Call):
        items = [_on_one_line(argument) for argument in value.arguments]
        items += [f"{key}={_on_one_line(part)}" for key, part in value.keywords.items()]
        return f"{value.name}({', '.join(items)})"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(key)}: {_on_one_line(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_on_one_line(part) for part in value) + "]"
    return repr(value)


def _quote(text: str) -> str:
    return "'" if text.count('"') > text.count("'") else '"'


def _fits(line: str, indent: int, others: int) -> bool:
    return len(INDENT) * indent + others + _columns(line) <= MAX_LINE_CHARS


def _columns(text: str) -> int:
    """How wide a terminal shows it."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
