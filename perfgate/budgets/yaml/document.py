"""Document: the data of a budget file with the place in the file of every key and value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from perfgate.model.budget_file import Json
from perfgate.model.errors import Mistake

KeyPath = tuple[str | int, ...]  # keys and indexes from the top, ("endpoints", "log in", "headers")

_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1's, as PyYAML counts them


@dataclass(frozen=True)
class SourcePosition:
    """Where something stands; line and column count from 1."""

    line: int
    column: int
    width: int = 1


WHOLE_FILE = SourcePosition(0, 0)


@dataclass(frozen=True)
class Spot:
    """Where a key and its value stand. Items of lists have no key."""

    key: SourcePosition | None
    value: SourcePosition


class BrokenValue:
    """Stands in the data for a value that was already reported as a mistake."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN = BrokenValue()


@dataclass(frozen=True, kw_only=True)
class Document:
    """`data` is what json.loads could give, with BROKEN where a value could not be read."""

    file: str
    lines: tuple[str, ...]
    data: Json
    spots: Mapping[KeyPath, Spot]

    def place(self, path: KeyPath, at: Literal["key", "value"] = "value") -> SourcePosition:
        """The position of the nearest thing on `path` that is in the file."""
        for length in range(len(path), 0, -1):
            if spot := self.spots.get(path[:length]):
                # something inside is missing: its key says best where to add it
                return spot.key or spot.value if at == "key" or length < len(path) else spot.value
        return WHOLE_FILE

    def line(self, path: KeyPath) -> int:
        return self.place(path, "key").line

    def mistake(
        self, path: KeyPath, message: str, *, code: str, hint: str = "", at: Literal["key", "value"] = "value"
    ) -> Mistake:
        return mistake(self.file, self.lines, self.place(path, at), message, hint=hint, code=code)

    def mistake_inside(
        self, path: KeyPath, offset: int, width: int, message: str, *, code: str, hint: str = ""
    ) -> Mistake:
        """A mistake `offset` characters into the text at `path`, as exact as its quoting and folding allow."""
        place = self.place(path)
        text = self._value(path)
        if isinstance(text, str) and place.line and text:
            start = place.column - 1
            source = self.lines[place.line - 1]
            quoted = source[start : start + 1] in ("'", '"')
            if source.startswith(text, start + quoted):
                place = SourcePosition(place.line, place.column + quoted + offset, width)
        return mistake(self.file, self.lines, place, message, hint=hint, code=code)

    def _value(self, path: KeyPath) -> Json:
        value = self.data
        for part in path:
            inside = isinstance(value, dict) if isinstance(part, str) else isinstance(value, list)
            value = value[part] if inside else None
        return value


def split_lines(text: str) -> tuple[str, ...]:
    return tuple(_LINE_BREAK.split(text))


def mistake(
    file: str, lines: tuple[str, ...], place: SourcePosition, message: str, *, code: str, hint: str = ""
) -> Mistake:
    source = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    return Mistake(
        file=file,
        line=place.line,
        column=place.column,
        message=message,
        source=source,
        width=max(1, min(place.width, len(source) - place.column + 1)),
        hint=hint,
        code=code,
    )
