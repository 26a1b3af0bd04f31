"""Texts and JSON with `{name}` holes, compiled once and filled for every request. `{{` and `}}` are plain braces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any
from urllib.parse import quote, urlsplit

Values = Mapping[str, Any]
Fill = Callable[[Values], str]
FillPath = Callable[[Values, str], str]

HALF_CHARACTERS = "backslashreplace"  # as JSON writes surrogates without their other half
SMALLEST, LARGEST = 1e-10, 1e21  # numbers between them are written without an exponent
LINE_BREAK = re.compile(r"[\r\n\x00]")  # in a header it would begin another
_SAFE = "%/?#[]@!$&'()*+,;=:~-._"
_HOLE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")


class Text:
    """A text with holes. `names` are its holes, in order; a text without any is `constant`."""

    def __init__(self, text: str) -> None:
        self.literals: list[str] = [""]
        self.names: list[str] = []
        position = 0
        for match in _HOLE.finditer(text):
            self.literals[-1] += text[position : match.start()]
            position = match.end()
            if match[1]:
                self.names.append(match[1])
                self.literals.append("")
            elif len(match[0]) == 2:
                self.literals[-1] += match[0][0]
            else:
                raise ValueError(f"a single {match[0]!r} in {text!r}; write {match[0] * 2!r} for a plain brace")
        self.literals[-1] += text[position:]

    @property
    def constant(self) -> bool:
        return not self.names

    def after_first(self) -> Text:
        """What follows the first hole."""
        rest = Text("")
        rest.names, rest.literals = self.names[1:], self.literals[1:]
        return rest

    def fill(self, values: Values, encode: Callable[[Any], str] | None = None) -> str:
        """Raises KeyError that names the value nobody has set."""
        encode = encode or plain
        filled = self.literals[0]
        for name, literal in zip(self.names, self.literals[1:], strict=True):
            filled += encode(values[name]) + literal
        return filled


def plain(value: Any) -> str:
    """A value as text: what is no text already, in JSON's words (`true`, `null`, `{"a":1}`). Numbers have no exponent
    as long as people would write none: 0.00001."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and "e" in (text := _dumps(value)) and SMALLEST <= abs(value) < LARGEST:
        return f"{Decimal(text):f}"
    return _dumps(value) if isinstance(value, (bool, float, Mapping, list, tuple, NoneType)) else str(value)


def percent_encoded(value: Any) -> str:
    if type(value) is int:  # nothing in it needs it, and it is common
        return str(value)
    return quote(plain(value), safe="")


def path_text(path: str) -> Text:
    """A path with holes, percent-encoded where it is not already."""
    template = Text(path)
    template.literals = [_ascii(literal) for literal in template.literals]
    return template


def path_filler(path: str) -> FillPath:
    """Fills a path and puts it behind the target's base path, percent-encoding the values. A path that begins with a
    hole takes that value as a URL reference, as a Location header has it: only its path and query count, and the
    base path comes before relative ones only."""
    template = path_text(path)
    if template.constant:
        constant = template.literals[0]
        return lambda _values, base: base + constant
    if template.literals[0]:
        return lambda values, base: base + template.fill(values, percent_encoded)
    first, others = template.names[0], template.after_first()

    def fill(values: Values, base: str) -> str:
        parts = urlsplit(plain(values[first]))
        path = parts.path if parts.path.startswith("/") else f"{base}/{parts.path}"
        reference = path + (f"?{parts.query}" if parts.query else "")
        return _ascii(reference) + others.fill(values, percent_encoded)

    return fill


def redirect_target(location: str) -> str:
    """Path and query as a redirect gives them, fit for a request line. Header bytes were read as Latin-1."""
    return quote(location.encode("latin-1", errors="replace"), safe=_SAFE)


def json_filler(content: Any) -> Fill:
    """JSON text. A string that is one hole and nothing else becomes the value with its type."""
    make = _compiled(content)
    if make is None:
        constant = _dumps(_plain(content))
        return lambda _values: constant
    return lambda values: _dumps(make(values))


def _compiled(content: Any) -> Callable[[Values], Any] | None:
    """Returns None when nothing in it varies."""
    if isinstance(content, str):
        return _compiled_text(Text(content))
    if isinstance(content, Mapping):
        parts = {key: _compiled(value) for key, value in content.items()}
        if not any(parts.values()):
            return None
        plain = {key: _plain(value) for key, value in content.items()}
        return lambda values: {key: make(values) if make else plain[key] for key, make in parts.items()}
    if isinstance(content, (list, tuple)):
        items = [(_compiled(value), _plain(value)) for value in content]
        if not any(make for make, _ in items):
            return None
        return lambda values: [make(values) if make else plain for make, plain in items]
    return None


def _compiled_text(text: Text) -> Callable[[Values], Any] | None:
    if text.constant:
        return None
    if text.literals == ["", ""]:
        name = text.names[0]
        return lambda values: values[name]
    return text.fill


def _plain(content: Any) -> Any:
    """The content with `{{` read as `{`, for those parts without holes."""
    if isinstance(content, str):
        text = Text(content)
        return text.literals[0] if text.constant else content
    if isinstance(content, Mapping):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    return content


def _dumps(value: Any) -> str:
    """Raises ValueError for a number that JSON does not have; an answer's 1e400 becomes one."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise ValueError("a value is infinite or not a number, which JSON cannot hold") from error


def _ascii(path: str) -> str:
    """Percent-encodes what may not stand in a request line; what is encoded already stays."""
    return quote(path, safe=_SAFE)
