"""Texts with holes: `{name}` is a value of this iteration, `${NAME}` or `${NAME:-default}` an environment variable.

`{{` and `}}` are literal braces. As in the shell, `:-` also replaces a variable that is set but empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


class TemplateError(ValueError):
    """A text is not a template, or a variable has no value. `offset` and `width` say where in the text."""

    def __init__(self, message: str, *, offset: int, width: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.width = width
        self.hint = hint


@dataclass(frozen=True)
class Literal:
    text: str


@dataclass(frozen=True)
class Value:
    """`{name}`. `offset` is where it begins in the text."""

    name: str
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Variable:
    """`${NAME}` (default None) or `${NAME:-default}`. `offset` is where it begins in the text."""

    name: str
    default: str | None = None
    offset: int = field(default=0, compare=False)


Part = Literal | Value | Variable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACES = re.compile(r"\$\{(?!\{)|\{\{|\}\}|\{|\}")
_VARIABLE_START = re.compile(r"\$\{(?!\{)")
_NAME_RULE = "a name has letters, digits and _, and does not begin with a digit"


def is_name(text: str) -> bool:
    """Whether `text` can stand between braces."""
    return _NAME.fullmatch(text) is not None


def parse(text: str) -> tuple[Part, ...]:
    """The parts of `text`, literals unescaped and never empty. Raises TemplateError."""
    parts: list[Part] = []
    literal = ""
    position = 0
    while match := _BRACES.search(text, position):
        literal += text[position : match.start()]
        position = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
            continue
        if match[0] == "}":
            raise TemplateError("`}` closes nothing", offset=match.start(), hint="write `}}` for a literal brace")
        hole, position = _hole(text, match.start(), match.end())
        parts += [*_literals(literal), hole]
        literal = ""
    return (*parts, *_literals(literal + text[position:]))


def parse_variables(text: str) -> tuple[Part, ...]:
    """Parses like `parse`, for texts in which only `${}` is special: all other braces are literal, doubled ones stay
    doubled."""
    parts: list[Part] = []
    position = 0
    while match := _VARIABLE_START.search(text, position):
        parts += _literals(text[position : match.start()])
        hole, position = _hole(text, match.start(), match.end())
        parts.append(hole)
    return (*parts, *_literals(text[position:]))


def names(parts: Iterable[Part]) -> frozenset[str]:
    """The names of values that the parts need."""
    return frozenset(part.name for part in parts if isinstance(part, Value))


def variables(parts: Iterable[Part]) -> tuple[Variable, ...]:
    """The environment variables, in order."""
    return tuple(part for part in parts if isinstance(part, Variable))


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`text` with its `${}` replaced; every other brace stays as it is.

    The result is not a template any more: a brace in a variable's value is that brace.
    Raises TemplateError naming the variable that is neither set nor has a default.
    """
    return "".join(expanded(part, environ) for part in parse_variables(text))


def expanded(part: Part, environ: Mapping[str, str]) -> str:
    """The text of a literal, or the value of a variable. Raises TemplateError as `expand` does."""
    if isinstance(part, Literal):
        return part.text
    default = part.default if isinstance(part, Variable) else None
    value = environ.get(part.name)
    if default is not None:
        return value or default
    if value is None:
        raise TemplateError(
            f"the environment variable {part.name} is not set",
            offset=part.offset,
            width=len(part.name) + 3,
            hint=f"set it, or give a default: `${{{part.name}:-...}}`",
        )
    return value


def _literals(text: str) -> list[Part]:
    return [Literal(text)] if text else []


def _hole(text: str, start: int, inside: int) -> tuple[Value | Variable, int]:
    """The hole that begins at `start`, its content at `inside`; and where the text goes on."""
    end = text.find("}", inside)
    if end < 0:
        raise TemplateError(
            f"`{text[start:inside]}` is never closed", offset=start, width=inside - start, hint=_escape(text, start)
        )
    content = text[inside:end]
    name, separator, default = content.partition(":-") if text[start] == "$" else (content, "", "")
    written = text[start : end + 1]
    if not name:
        raise TemplateError(f"`{written}` has no name", offset=start, width=len(written), hint=_escape(text, start))
    if not is_name(name):
        raise TemplateError(
            f"`{written}`: `{name}` is not a name",
            offset=start,
            width=len(written),
            hint=f"{_NAME_RULE}; {_escape(text, start)}",
        )
    if "{" in default:
        raise TemplateError(f"`{written}`: a default cannot hold braces", offset=start, width=len(written))
    if text[start] == "$":
        return Variable(name, default if separator else None, offset=start), end + 1
    return Value(name, offset=start), end + 1


def _escape(text: str, start: int) -> str:
    return "write `${{` for a literal `${`" if text[start] == "$" else "write `{{` for a literal brace"
