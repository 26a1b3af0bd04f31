"""Python source as values: literals that are safe for any text, and calls laid out as a person would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perfgate import template

WIDTH = 110
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


def quoted(text: str) -> str:
    """A string literal, with double quotes where they need no escape. Nothing in `text` can end it."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal and "\\'" not in literal else literal


def texts(text: str) -> Code:
    """A text with `{x}` holes as a literal, its `${X}` as reads of the environment."""
    return _joined(template.parse(text))


def _joined(parts: Sequence[template.Part]) -> Code:
    pieces: list[str] = []
    literal = ""
    for part in parts:
        if isinstance(part, template.Literal):
            literal += part.text.replace("{", "{{").replace("}", "}}")
        elif isinstance(part, template.Value):
            literal += f"{{{part.name}}}"
        else:
            pieces += [quoted(literal)] if literal else []
            literal = ""
            default = f", {quoted(part.default)}" if part.default is not None else ""
            pieces.append(f"env({quoted(part.name)}{default})")
    pieces += [quoted(literal)] if literal or not pieces else []
    return Code(" + ".join(pieces))


def template_tree(value: Any) -> Any:
    """JSON in which every string is a text with holes, as source values."""
    if isinstance(value, str):
        return texts(value)
    if isinstance(value, Mapping):
        return {key: template_tree(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [template_tree(inner) for inner in value]
    return value


def render(value: Any, indent: int = 0, prefix: int = 0) -> str:
    """`value` as source: on one line where it fits behind `prefix` characters, else one item a line."""
    line = _on_one_line(value)
    if prefix + indent * len(INDENT) + len(line) <= WIDTH:
        return line
    inner = INDENT * (indent + 1)
    if isinstance(value, Call):
        items = [render(argument, indent + 1) for argument in value.arguments]
        items += [f"{key}={render(part, indent + 1, len(key) + 1)}" for key, part in value.keywords.items()]
        opening, closing = f"{value.name}(", ")"
    elif isinstance(value, Mapping) and value:
        items = [f"{quoted(key)}: {render(part, indent + 1, len(quoted(key)) + 2)}" for key, part in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, (list, tuple)) and value:
        items = [render(part, indent + 1) for part in value]
        opening, closing = "[", "]"
    else:
        return line
    if not items:
        return line
    return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in items) + INDENT * indent + closing


def _on_one_line(value: Any) -> str:
    if isinstance(value, Code):
        return value.text
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
