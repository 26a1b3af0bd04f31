"""Keeps the values of secrets out of everything that is written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from urllib.parse import quote, quote_plus

MIN_SECRET_CHARS = 4  # characters: shorter values are no secrets, and would blot out innocent text
MIN_LINE_CHARS = 8  # of a value of several lines: shorter ones say nothing of it
MIN_CUT_CHARS = 16  # of the beginning of a value whose end was cut off: less of it says nothing, and may be innocent
_LINE_BREAK = re.compile(r"\r\n|\r|\n|\\r|\\n")  # also as they are written in JSON


@dataclass(frozen=True)
class Redactor:
    """Replaces the values of secrets in text by their names: also each line of a value of several lines, a value as it
    stands in URLs or in JSON, and one whose end was cut off."""

    values: Mapping[str, str] = field(default_factory=dict)  # name -> value
    _forms: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)  # what is replaced by what

    def __post_init__(self) -> None:
        forms = {form: f"[{name}]" for name, value in self.values.items() for form in _forms(value)}
        object.__setattr__(self, "_forms", tuple(sorted(forms.items(), key=lambda item: -len(item[0]))))

    def __call__(self, text: str) -> str:
        for form, name in self._forms:
            if form in text:
                text = text.replace(form, name)
        for form, name in self._forms:
            if len(form) > MIN_CUT_CHARS and form[:MIN_CUT_CHARS] in text:
                text = _without_beginnings(text, form, name)
        return text


def redactor(names: Collection[str], environ: Mapping[str, str]) -> Redactor:
    """A redactor for the values that these environment variables have now."""
    values = {name: environ.get(name, "") for name in names}
    return Redactor({name: value for name, value in values.items() if len(value.strip()) >= MIN_SECRET_CHARS})


def _forms(value: str) -> Iterator[str]:
    """The forms in which a value may be written."""
    whole = value.strip()  # secrets are pasted, with the end of the line
    parts = [part.strip() for part in _LINE_BREAK.split(whole)]
    for text in (whole, *(part for part in parts if len(part) >= MIN_LINE_CHARS)):
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        for encoded in (quote, quote_plus):
            yield encoded(text, safe="", errors="replace")
        yield quote(text, errors="replace")


def _without_beginnings(text: str, form: str, name: str) -> str:
    at = text.find(form[:MIN_CUT_CHARS])
    while at >= 0:
        end = at + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text[at:], form, strict=False)))
        text = f"{text[:at]}{name}{text[end:]}"
        at = text.find(form[:MIN_CUT_CHARS], at + len(name))
    return text
